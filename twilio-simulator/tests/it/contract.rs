//! Every answer beside Twilio's own description of its API, where a program that compares them is at hand.
//!
//! `CONTRACT_CHECK=PROGRAM cargo test -p twilio-simulator contract`: PROGRAM is called with `--upstream URL`, prints the
//! address of a proxy on its stderr, passes everything on, and at SIGTERM ends with 0 if nothing broke the description.
//! Without it this test has nothing to say, and passes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::Value;
use twilio_simulator::{
    AddressOrder, ApplicationOrder, BundleOrder, CampaignOrder, CampaignStatus, ForeignNumber, IdentityOrder, LinkHost,
    MarketOrder, NumberKind, ServiceOrder, Simulator, TollfreeOrder, TollfreeStatus, Traffic, TrafficOrder, TrustKind,
    TrustOrder,
};

use crate::client::{Client, start};

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
    let (application, trunk) = (format!("AP{}", "1".repeat(32)), format!("TK{}", "2".repeat(32)));
    for sid in [&application, &trunk] {
        simulator.application(ApplicationOrder { sid: Some(sid.clone()), ..ApplicationOrder::default() });
    }
    for form in [
        vec![
            ("VoiceFallbackUrl", "https://example.com/f"),
            ("VoiceFallbackMethod", "POST"),
            ("VoiceReceiveMode", "voice"),
        ],
        vec![("VoiceApplicationSid", application.as_str()), ("SmsApplicationSid", &application)],
        vec![("TrunkSid", trunk.as_str())],
        vec![("VoiceFallbackUrl", ""), ("VoiceApplicationSid", ""), ("SmsApplicationSid", ""), ("TrunkSid", "")],
    ] {
        let changed = client.post(&path, &form);
        assert_eq!(changed.status, 200, "{form:?}: {}", changed.text);
    }
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
    for (to, status) in [("+14155550123", 201), ("nobody", 400)] {
        let form = [("To", to), ("From", numbers[0].as_str()), ("Body", "Pool gb is empty")];
        assert_eq!(client.post("/Messages.json", &form).status, status, "{to}");
    }
    services(&simulator, &client, &owned);
    streams(&client);
    trust_and_journal(&simulator, &client, &owned);
    assert_eq!(client.delete(&owned).status, 204);
    assert_eq!(client.delete(&owned).status, 404);

    let (is_clean, report) = judge.verdict();
    assert!(is_clean, "{report}");
}

/// Every call of messaging, and every refusal of an attach.
fn services(simulator: &Simulator, client: &Client, number: &str) {
    let get = |path: &str| {
        let answer = client.v1("GET", path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer
    };
    let service = simulator.service(ServiceOrder::new().campaign(CampaignStatus::Verified));
    let full = simulator.service(ServiceOrder::new().capacity(0));
    let attach = |service: &str, number: &str| {
        client.v1("POST", &format!("/Services/{service}/PhoneNumbers"), &[("PhoneNumberSid", number)])
    };
    assert_eq!(attach(&full, number).refusal(), (412, 21714));
    assert_eq!(attach(&service, number).status, 201);
    for (at, code) in [(&service, 21710), (&full, 21712)] {
        assert_eq!(attach(at, number).refusal(), (409, code));
    }
    let foreign = simulator.own(ForeignNumber::new("+14155550101"));
    assert_eq!(attach(&service, &foreign).status, 201);
    let members = format!("/Services/{service}/PhoneNumbers");
    for path in ["/Services", "/Services?PageSize=1", &format!("/Services/{service}"), &members] {
        get(path);
    }
    get(&format!("{members}?PageSize=1"));
    get(&format!("{members}/{number}"));
    for (status, errors) in [(CampaignStatus::Pending, vec![30897]), (CampaignStatus::Verified, vec![])] {
        simulator.campaign(CampaignOrder { errors: Some(errors), ..CampaignOrder::new(&service).status(status) });
        get(&format!("/Services/{service}/Compliance/Usa2p"));
    }
    get(&format!("/Services/{full}/Compliance/Usa2p"));
    let path = format!("{members}/{number}");
    assert_eq!(client.v1("DELETE", &path, &[]).status, 204);
    assert_eq!(client.v1("DELETE", &path, &[]).refusal(), (404, 21711));
    simulator.own(ForeignNumber::new("+18005550100"));
    for status in [TollfreeStatus::PendingReview, TollfreeStatus::TwilioRejected] {
        simulator.tollfree(&TollfreeOrder { phone_number: "+18005550100".into(), status });
        get("/Tollfree/Verifications");
    }
}

/// Every call of events.
fn streams(client: &Client) {
    let configuration = r#"{"destination":"https://example.com/events","method":"POST","batch_events":false}"#;
    let form = [("Description", "ours"), ("SinkType", "webhook"), ("SinkConfiguration", configuration)];
    let sid = |answer: &crate::client::Answer| answer.json()["sid"].as_str().unwrap().to_owned();
    let sink = client.v1("POST", "/Sinks", &form);
    assert_eq!(sink.status, 201, "{}", sink.text);
    let sink = sid(&sink);
    let name = "com.twilio.messaging.compliance.number-registration.successful";
    let types = format!(r#"{{"type":"{name}","schema_version":1}}"#);
    let other = types.replace("successful", "failed");
    let form = [("Description", "ours"), ("SinkSid", &sink), ("Types", &types), ("Types", &other)];
    let subscription = client.v1("POST", "/Subscriptions", &form);
    assert_eq!(subscription.status, 201, "{}", subscription.text);
    let subscription = format!("/Subscriptions/{}", sid(&subscription));
    let events = format!("{subscription}/SubscribedEvents");
    let (pending, one) = (name.replace("successful", "pending"), format!("{events}/{name}"));
    for (method, path, form, status) in [
        ("GET", "/Sinks?InUse=true&PageSize=1", &[][..], 200),
        ("GET", &format!("/Sinks/{sink}"), &[], 200),
        ("POST", &format!("/Sinks/{sink}/Test"), &[], 201),
        ("POST", &format!("/Sinks/{sink}/Validate"), &[("TestId", "1")], 201),
        ("DELETE", &format!("/Sinks/{sink}"), &[], 400),
        ("GET", &format!("/Subscriptions?SinkSid={sink}"), &[], 200),
        ("GET", &subscription, &[], 200),
        ("GET", &events, &[], 200),
        ("POST", &events, &[("Type", pending.as_str()), ("SchemaVersion", "1")], 201),
        ("POST", &events, &[("Type", &pending)], 200),
        ("GET", &one, &[], 200),
        ("POST", &one, &[("SchemaVersion", "2")], 200),
        ("DELETE", &one, &[], 204),
        ("GET", &one, &[], 404),
        ("DELETE", &subscription, &[], 204),
        ("DELETE", &format!("/Sinks/{sink}"), &[], 204),
        ("GET", &format!("/Sinks/{sink}"), &[], 404),
    ] {
        let answer = client.v1(method, path, form);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
    }
}

/// Every call of trusthub and monitor, and what is left of the 2010 API.
fn trust_and_journal(simulator: &Simulator, client: &Client, number: &str) {
    for kind in [TrustKind::CustomerProfile, TrustKind::TrustProduct] {
        let sid = simulator.trust(TrustOrder { errors: Some(vec![18601]), ..TrustOrder::new(kind) });
        let path = match kind {
            TrustKind::CustomerProfile => format!("/CustomerProfiles/{sid}"),
            TrustKind::TrustProduct => format!("/TrustProducts/{sid}"),
        };
        assert_eq!(client.v1("GET", &path, &[]).status, 200);
        let path = format!("{path}/ChannelEndpointAssignments");
        let form = [("ChannelEndpointType", "phone-number"), ("ChannelEndpointSid", number)];
        let assigned = client.v1("POST", &path, &form);
        assert_eq!(assigned.status, 201, "{}", assigned.text);
        assert_eq!(client.v1("POST", &path, &form).status, 400);
        assert_eq!(client.v1("GET", &format!("{path}?ChannelEndpointSid={number}"), &[]).status, 200);
        let one = format!("{path}/{}", assigned.json()["sid"].as_str().unwrap());
        assert_eq!(client.v1("GET", &one, &[]).status, 200);
        if kind == TrustKind::TrustProduct {
            assert_eq!(client.v1("DELETE", &one, &[]).status, 204);
        }
    }
    let journal = client.v1("GET", &format!("/Events?ResourceSid={number}&StartDate=2026-01-01&PageSize=1"), &[]);
    let entry = journal.json()["events"][0]["sid"].as_str().unwrap().to_owned();
    assert_eq!(client.v1("GET", &format!("/Events/{entry}"), &[]).status, 200);
    simulator.disown("+14155550101");
    assert_eq!(client.v1("GET", "/Events?EventType=phone-number.deleted", &[]).status, 200);

    let application = simulator.application(ApplicationOrder::default());
    let trunk = format!("TK{}", "b".repeat(32));
    simulator.application(ApplicationOrder { sid: Some(trunk.clone()), ..ApplicationOrder::default() });
    let path = format!("/Applications/{application}.json");
    assert_eq!(client.get("/Applications.json?PageSize=1").status, 200);
    assert_eq!(client.get(&path).status, 200);
    assert_eq!(client.post(&path, &[("SmsUrl", "https://example.com/sms")]).status, 200);
    let owned = format!("/IncomingPhoneNumbers/{number}.json");
    for form in [
        [("SmsApplicationSid", application.as_str()), ("VoiceReceiveMode", "voice")],
        [("TrunkSid", &trunk), ("VoiceFallbackUrl", "https://example.com/fallback")],
        [("TrunkSid", ""), ("SmsApplicationSid", "")],
    ] {
        assert_eq!(client.post(&owned, &form).status, 200);
    }
    for what in [Traffic::Call, Traffic::Message] {
        let phone_number = "+14155550100".to_owned();
        simulator.traffic(TrafficOrder { phone_number, what, outbound: false, at: None, other: None });
    }
    assert_eq!(client.get("/Calls.json?StartTime%3E=2026-01-01&PageSize=1").status, 200);
    assert_eq!(client.get("/Messages.json?DateSent%3E=2026-01-01&To=%2B14155550100").status, 200);
    for list in ["Records", "Records/Daily", "Records/Monthly", "Records/AllTime"] {
        let query = "Category=phonenumbers-local&StartDate=2026-01-01&EndDate=2026-02-28&IncludeSubaccounts=false";
        assert_eq!(client.get(&format!("/Usage/{list}.json?{query}")).status, 200, "{list}");
    }
    for list in ["Records", "Records/ThisMonth", "Records/Today", "Records/LastMonth"] {
        assert_eq!(client.get(&format!("/Usage/{list}.json?PageSize=100")).status, 200, "{list}");
    }
}
