//! Prices and the balance under faults: told or not, and nothing else depends on them.
//!
//! How to get it wrong: one daemon for all kinds. It remembers what it was told, failures too.

use serde_json::Value;
use twilio_simulator::On;

use super::{Answer, Kind, answer, fault, kinds, never, tally};
use crate::world::World;

/// What the plan tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// What Twilio says.
    Known,
    /// That the account has nothing left; buying is not halted before Twilio refuses.
    Nothing,
    /// Nothing, and why.
    Unknown,
}

fn told(on: On, kind: Kind) -> Told {
    match answer(kind) {
        Answer::Late => Told::Known,
        Answer::NoMoney => Told::Nothing,
        // Not even a refusal of the account halts buying: a key may buy and yet not read prices.
        Answer::Lost | Answer::Later | Answer::Refused(_) | Answer::NotFound | Answer::Account(_) => Told::Unknown,
        never_so @ (Answer::AnotherTag | Answer::Unfit | Answer::AnotherHost | Answer::Loop | Answer::Sale) => {
            never(on, never_so)
        }
    }
}

#[test]
fn every_fault_at_prices_and_balance_ends_as_its_class_says() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 500);
    let first = world.daemon();
    first.purchase(40).ok();
    drop(first);
    for kind in kinds(On::Balance) {
        let asked: Vec<On> = [On::Balance, On::Pricing].into_iter().filter(|on| kind.works_on(*on)).collect();
        for on in &asked {
            world.twilio.fault(fault(*on, kind));
        }
        let daemon = world.daemon_at_once();
        let plan = daemon.get("/admin/phones/api/plan").ok();
        assert_eq!(world.twilio.truth().faults_waiting, [], "{kind:?} never happened");
        match told(On::Balance, kind) {
            Told::Known => assert_ne!(plan["balance"]["amount"], "0.00", "{kind:?}: {plan}"),
            Told::Nothing => assert_eq!(plan["balance"]["amount"], "0.00", "{kind:?}: {plan}"),
            Told::Unknown => assert_eq!(plan["balance"], Value::Null, "{kind:?}: {plan}"),
        }
        let price_is_known = !asked.contains(&On::Pricing) || told(On::Pricing, kind) == Told::Known;
        assert_eq!(plan["unit_price"].is_string(), price_is_known, "{kind:?}: {plan}");
        assert_eq!(plan["price_error"].is_string(), !price_is_known, "{kind:?}: {plan}");
        let status = daemon.status();
        assert_eq!((&status["halted"], &status["paused"]), (&Value::Null, &Value::Null), "{kind:?}");
        assert_eq!(daemon.assign(&format!("{kind:?}")).ok()["source"], "pool", "{kind:?}");
        tally::faults(asked.len());
    }
    world.settle();
    world.assert_truth();
}
