//! Webhooks that an operator sets under faults.

use serde_json::json;
use twilio_simulator::{On, Webhooks};

use super::{Answer, Halt, Kind, Shop, answer, fault, kinds, never, tally};
use crate::world::comparing::forget_set_backs;
use crate::world::eventually;

/// What becomes of a number whose webhooks are to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// They are set.
    Done,
    /// The report says so, and the next time they are set.
    Failed(&'static str),
    /// The number counts as gone.
    Missing,
}

fn setting_meets(on: On, kind: Kind) -> Setting {
    match answer(kind) {
        Answer::Late | Answer::AnotherTag | Answer::Unfit => Setting::Done,
        Answer::NotFound => Setting::Missing,
        Answer::Later => Setting::Failed("twilio_20429"),
        Answer::Account(Halt::UntilProbe(20003)) => Setting::Failed("twilio_20003"),
        Answer::Account(Halt::UntilProbe(20005)) => Setting::Failed("twilio_20005"),
        Answer::Account(Halt::UntilProbe(_)) => Setting::Failed("twilio_10001"),
        Answer::Account(Halt::UntilResume(_)) => Setting::Failed("twilio_20008"),
        Answer::Refused(_) => Setting::Failed("twilio_20001"),
        Answer::Lost => Setting::Failed("outcome_unknown"),
        never_so @ (Answer::AnotherHost | Answer::Loop | Answer::NoMoney | Answer::Sale) => never(on, never_so),
    }
}

#[test]
fn every_fault_while_webhooks_are_set_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for on in [On::Fetch, On::Update] {
        for kind in kinds(on) {
            configures(&shop, on, kind);
            shop.signup(kind);
            shop.settle(kind);
        }
        // Forty-five are enough for both.
        shop.daemon.purchase(40).ok();
        tally::faults(kinds(on).count());
    }
    shop.close();
}

fn configures(shop: &Shop, on: On, kind: Kind) {
    let (world, daemon) = (&shop.world, &shop.daemon);
    let number =
        world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL AND ready ORDER BY number_id DESC LIMIT 1");
    let webhooks = || world.twilio.truth().owned_number(&number).unwrap().voice_url.clone().unwrap_or_default();
    let others = Webhooks { voice_url: Some("https://stranger.example/v".to_owned()), ..Webhooks::default() };
    forget_set_backs(world);
    assert!(world.twilio.set_webhooks(&number, others));
    world.twilio.fault(fault(on, kind).phone_number(&number));
    let ask = || daemon.post("/admin/phones/api/configure-webhooks", &json!({ "phone_numbers": [number] }));
    let configure = || ask().ok();
    let report = if matches!(answer(kind), Answer::Account(_)) {
        let report = ask().problem(503, "halted")["report"].clone();
        daemon.post_empty("/admin/phones/api/resume").ok();
        report
    } else {
        configure()
    };
    let ready = || world.count(&format!("SELECT count(*) FROM numbers WHERE phone_number = '{number}' AND ready")) == 1;
    match setting_meets(on, kind) {
        Setting::Done if (on, kind) == (On::Fetch, Kind::ForeignTag) => {
            assert_eq!(report["failed"][0]["code"], "tag_conflict", "{report}");
            assert!(!ready(), "it is held for an operator");
            daemon.post(&format!("/admin/phones/api/numbers/{number}/adopt"), &json!({})).ok();
        }
        Setting::Done => {
            assert_eq!(
                (&report["configured"], &report["failed"]),
                (&json!(1), &json!([])),
                "{on:?} {kind:?}: {report}"
            );
        }
        Setting::Failed(code) => {
            assert_eq!(report["failed"][0]["code"], code, "{on:?} {kind:?}: {report}");
            configure();
        }
        Setting::Missing => {
            assert_eq!(report["failed"][0]["code"], "missing", "{on:?} {kind:?}: {report}");
            configure();
        }
    }
    eventually("the number is ready", ready);
    assert!(webhooks().ends_with("/twilio/voice"), "{on:?} {kind:?}: {}", webhooks());
}
