//! Every answer beside Twilio's own description of its API, where a program that compares them is at hand.
//!
//! `CONTRACT_CHECK=PROGRAM cargo test -p twilio-simulator contract`: PROGRAM is called with `--upstream URL`, prints the
//! address of a proxy on its stderr, passes everything on, and at SIGTERM ends with 0 if nothing broke the description.
//! Without it this test has nothing to say, and passes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::Value;
use twilio_simulator::{AddressOrder, BundleOrder, ForeignNumber, IdentityOrder, LinkHost, MarketOrder, NumberKind};

use crate::client::start;

/// A proxy between client and simulator that judges both.
struct Judge {
    child: std::process::Child,
    url: String,
    rest: BufReader<std::process::ChildStderr>,
}

impl Judge {
    fn start(program: &str, upstream: &str) -> Self {
        let mut child = Command::new(program)
            .args(["--upstream", upstream, "--port", "0", "--rejected-ok", "--ignore", "/__sim/"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut rest = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("http://") {
            assert!(rest.read_line(&mut said).unwrap() > 0, "no proxy: {said}");
        }
        let url = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { child, url, rest }
    }

    /// What it has to say; whether nothing broke the description.
    fn verdict(mut self) -> (bool, String) {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        let mut report = String::new();
        self.rest.read_to_string(&mut report).unwrap();
        (self.child.wait().unwrap().success(), report)
    }
}

#[test]
fn every_answer_is_as_twilio_describes_it() {
    let Ok(program) = std::env::var("CONTRACT_CHECK") else { return };
    let (simulator, direct) = start();
    let judge = Judge::start(&program, simulator.url());
    let client = direct.through(&judge.url);
    let get = |path: &str| client.send("GET", path, None).unwrap();

    for path in [".json", "/Balance.json", "/AvailablePhoneNumbers.json", "/AvailablePhoneNumbers/US.json"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    for path in ["/v1/PhoneNumbers/Countries", "/v1/PhoneNumbers/Countries/DE"] {
        assert_eq!(get(path).status, 200, "{path}");
    }
    let first = |path: &str| {
        let json = client.get(&format!("/AvailablePhoneNumbers/{path}.json")).json();
        json["available_phone_numbers"][0]["phone_number"].as_str().unwrap().to_owned()
    };
    let numbers =
        ["US/Local", "US/TollFree", "CA/TollFree", "GB/Mobile", "AU/Mobile", "DE/Local", "DE/National", "PR/Local"]
            .map(first);
    for kind in ["Voip", "SharedCost", "MachineToMachine"] {
        assert_eq!(client.get(&format!("/AvailablePhoneNumbers/US/{kind}.json")).status, 404);
    }

    let address = [
        ("CustomerName", "Ada"),
        ("Street", "Hauptstr. 1"),
        ("City", "Berlin"),
        ("Region", "BE"),
        ("PostalCode", "10115"),
        ("IsoCountry", "DE"),
    ];
    let added = client.post("/Addresses.json", &address).json();
    let added = added["sid"].as_str().unwrap();
    simulator.set_market(MarketOrder::new("DE").number_type(NumberKind::National).identity(true));
    let british = simulator.bundle(BundleOrder::new("GB", NumberKind::Mobile).valid_until("2099-12-31"));
    let national = simulator.bundle(BundleOrder::new("DE", NumberKind::National).address(added));
    let identity = simulator.identity(IdentityOrder::default());
    let other = simulator.address(AddressOrder::new("GB"));

    for (number, papers) in [
        (&numbers[0], vec![]),
        (&numbers[1], vec![]),
        (&numbers[3], vec![("BundleSid", british.as_str())]),
        (&numbers[6], vec![("AddressSid", added), ("BundleSid", &national), ("IdentitySid", &identity)]),
        (&numbers[7], vec![("AddressSid", &other)]),
    ] {
        let form = [vec![("PhoneNumber", number.as_str()), ("VoiceUrl", "https://example.com/voice")], papers].concat();
        let bought = client.post("/IncomingPhoneNumbers.json", &form);
        assert_eq!(bought.status, 201, "{number}: {}", bought.text);
    }
    for (number, papers, code) in [
        (&numbers[4], vec![], 21649),
        (&numbers[5], vec![], 21631),
        (&numbers[5], vec![("AddressSid", other.as_str())], 21615),
        (&numbers[3], vec![("BundleSid", &national)], 21649),
    ] {
        let form = [vec![("PhoneNumber", number.as_str())], papers].concat();
        assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).refusal(), (400, code));
    }

    simulator.own(ForeignNumber::new("+14155550100"));
    let owned = client.owned_sid(&numbers[0]).unwrap();
    let path = format!("/IncomingPhoneNumbers/{owned}.json");
    assert_eq!(client.post(&path, &[("FriendlyName", "front desk"), ("AddressSid", &other)]).status, 200);
    assert_eq!(client.get(&path).status, 200);
    for path in ["", "/Local", "/TollFree", "/Mobile"] {
        assert_eq!(client.get(&format!("/IncomingPhoneNumbers{path}.json?PageSize=1")).status, 200);
    }
    for path in ["?PageSize=1".to_owned(), "?IsoCountry=GB".to_owned()] {
        assert_eq!(client.get(&format!("/Addresses.json{path}")).status, 200);
    }
    assert_eq!(client.get(&format!("/Addresses/{added}.json")).status, 200);
    assert_eq!(client.get(&format!("/Addresses/{other}/DependentPhoneNumbers.json")).status, 200);

    for host in [LinkHost::Twilio, LinkHost::Simulator] {
        simulator.set_links(host);
        for query in [
            "Bundles?PageSize=1",
            "Bundles?Status=twilio-approved&IsoCountry=GB&NumberType=mobile&HasValidUntilDate=true&ValidUntilDate%3C=2100-01-01",
            "Bundles?SortBy=valid-until&SortDirection=DESC",
            "Regulations?IsoCountry=DE&NumberType=national&EndUserType=business&IncludeConstraints=true",
        ] {
            let list = get(&format!("/v2/RegulatoryCompliance/{query}"));
            assert_eq!(list.status, 200, "{query}: {}", list.text);
            let list: Value = list.json();
            let (kind, sid) = (query.split('?').next().unwrap(), list["results"][0]["sid"].as_str().unwrap());
            assert_eq!(get(&format!("/v2/RegulatoryCompliance/{kind}/{sid}")).status, 200);
        }
    }
    assert_eq!(client.delete(&owned).status, 204);
    assert_eq!(client.delete(&owned).status, 404);

    let (is_clean, report) = judge.verdict();
    assert!(is_clean, "{report}");
}
