//! What the daemon asks of Twilio, and what it is answered, beside Twilio's own description of its API, where a program that
//! compares them is at hand.
//!
//! `CONTRACT_CHECK=PROGRAM cargo test --features failpoints --test it -- contract`: PROGRAM is called with `--upstream URL`,
//! prints the address of a proxy on its stderr, passes everything on, and at SIGTERM ends with 0 if nothing broke the
//! description. Without it this test has nothing to say, and passes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::json;
use twilio_simulator::{ApplicationOrder, CampaignStatus, ForeignNumber, ServiceOrder, TrustKind, TrustOrder};

use crate::world::command::run;
use crate::world::comparing::reconcile;
use crate::world::{World, eventually};

/// A proxy between daemon and simulator that judges both.
struct Judge {
    child: Child,
    url: String,
    rest: BufReader<ChildStderr>,
}

impl Judge {
    fn start(program: &str, upstream: &str) -> Self {
        let mut child = Command::new(program)
            .args(["--upstream", upstream, "--port", "0"])
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
fn neither_side_breaks_twilios_description() {
    let Ok(program) = std::env::var("CONTRACT_CHECK") else { return };
    let world = World::new().set("pool.threshold_low", 2).set("pool.total_min", 2).set("pool.area_codes", "415");
    let judge = Judge::start(&program, world.twilio.url());
    let world = world.set("twilio.api_base_url", judge.url.as_str()).set("twilio.pricing_base_url", judge.url.as_str());
    // Whatever may be set beside the URLs.
    let trunk = format!("TK{}", "2".repeat(32));
    let application = format!("AP{}", "1".repeat(32));
    for sid in [&trunk, &application] {
        world.twilio.application(ApplicationOrder { sid: Some(sid.clone()), ..ApplicationOrder::default() });
    }
    let world = world
        .set("webhooks.voice_fallback_path", "/twilio/voice-fallback")
        .set("webhooks.sms_fallback_path", "/twilio/sms-fallback")
        .pools(&[
            ("trunk", &[("country", "US"), ("webhooks.trunk_sid", trunk.as_str())]),
            (
                "application",
                &[
                    ("country", "US"),
                    ("webhooks.voice_application_sid", application.as_str()),
                    ("webhooks.sms_application_sid", application.as_str()),
                ],
            ),
        ]);
    // What numbers join, and where events go.
    let service = world.twilio.service(ServiceOrder::new().campaign(CampaignStatus::Verified));
    let profile = world.twilio.trust(TrustOrder::new(TrustKind::CustomerProfile));
    let product = world.twilio.trust(TrustOrder::new(TrustKind::TrustProduct));
    let world = world.set("events.public_url", "https://numbers.example.com/twilio/events").pool(
        "text",
        &[
            ("country", "US"),
            ("messaging_services", service.as_str()),
            ("customer_profile", profile.as_str()),
            ("trust_products", product.as_str()),
        ],
    );
    let settings: Vec<(&str, &str)> =
        world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for _time in 0..2 {
        run(&settings, &["twilio", "setup-events"]).table();
    }
    let foreign = "+14155550100";
    world.twilio.own(ForeignNumber::new(foreign).friendly_name("desk"));
    let daemon = world.daemon();
    eventually("the pool is warm", || daemon.status()["available"].as_u64() >= Some(2));
    let number = daemon.assign("somebody").ok()["phone_number"].as_str().unwrap().to_owned();
    daemon.purchase(1).ok();
    for pool in ["trunk", "application"] {
        let bought = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "pool": pool})).ok();
        assert_eq!(bought["numbers"][0]["webhook_status"], "configured", "{bought}");
    }
    daemon.get("/admin/phones/api/plan").ok();
    let bought = daemon.post("/admin/phones/api/purchase", &json!({"count": 2, "pool": "text"})).ok();
    let texting = bought["numbers"][0]["phone_number"].as_str().unwrap().to_owned();
    eventually("both have joined", || world.count("SELECT count(*) FROM attachments WHERE state = 'attached'") == 6);
    run(&settings, &["twilio", "check"]);
    daemon.post(&format!("/admin/phones/api/numbers/{foreign}/adopt"), &json!({})).ok();
    // What drifted is set again, and a number goes back for ever.
    world.twilio.rename(&number, "drifted");
    reconcile(&daemon);
    daemon.release("somebody").ok();
    let given_back = format!("/admin/phones/api/numbers/{foreign}/release-to-twilio");
    daemon.post_empty(&given_back).ok();
    // What it was in ends with it.
    daemon.post_empty(&format!("/admin/phones/api/numbers/{texting}/release-to-twilio")).ok();
    eventually("it is ended", || world.count("SELECT count(*) FROM attachments WHERE state = 'left'") == 3);
    drop(daemon);
    let (is_clean, report) = judge.verdict();
    assert!(is_clean, "{report}");
}
