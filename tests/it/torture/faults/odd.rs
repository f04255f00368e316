//! Twilio on an odd day: rows that cannot be read, parameters that get lost, lists that lie, ghosts, clocks that are off,
//! one number that is refused. None of it is an error of the account, so nothing halts; nothing is bought twice for it.
//!
//! Invariants: every manner is met by an order, by a comparison and by somebody who waits; each ends of itself, and when
//! Twilio is plain again, all that was paid for is known without a comparison.
//! How to get it wrong: a manner that never fired. Each row says at which kind of call it must have.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind as Kind, On, ReownMode};

use super::tally;
use crate::world::comparing::{RECONCILE, age, is_ours, reconcile};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// One manner of being odd.
struct Manner {
    name: &'static str,
    faults: fn() -> Vec<Fault>,
}

fn odd(on: On, field: &str) -> Fault {
    Fault::new(on, Kind::OddRow).field(field).forever()
}

/// What a search and a create may be like. An order gets all that it asked for all the same.
const AT_A_PURCHASE: &[Manner] = &[
    Manner { name: "a search's row without a number", faults: || vec![odd(On::Search, "phone_number")] },
    Manner {
        name: "a search's row with a number that is a number",
        faults: || vec![odd(On::Search, "phone_number").value(7)],
    },
    Manner { name: "a search's row of null", faults: || vec![Fault::new(On::Search, Kind::OddRow).forever()] },
    Manner { name: "a search's row without capabilities", faults: || vec![odd(On::Search, "capabilities").absent()] },
    Manner {
        name: "a search's row with a list of capabilities",
        faults: || vec![odd(On::Search, "capabilities").value(json!(["SMS"]))],
    },
    Manner { name: "a search's row with a capability of null", faults: || vec![odd(On::Search, "capabilities.mms")] },
    Manner {
        name: "a search's row that says nothing of addresses",
        faults: || vec![odd(On::Search, "address_requirements")],
    },
    Manner { name: "a 201 without a date", faults: || vec![odd(On::Create, "date_created").absent()] },
    Manner {
        name: "a 201 with another date format",
        faults: || {
            vec![odd(On::Create, "date_created").value(chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string())]
        },
    },
    Manner { name: "a 201 without a name", faults: || vec![odd(On::Create, "friendly_name")] },
    Manner { name: "a 201 with a capability of null", faults: || vec![odd(On::Create, "capabilities.mms")] },
    Manner { name: "a 201 without a SID", faults: || vec![odd(On::Create, "sid")] },
    Manner { name: "a 201 without a number", faults: || vec![odd(On::Create, "phone_number")] },
    Manner { name: "a 201 of null", faults: || vec![Fault::new(On::Create, Kind::OddRow).forever()] },
    Manner { name: "a create that loses the name", faults: || vec![lossy(On::Create, &["FriendlyName"])] },
    Manner { name: "a create that loses a webhook", faults: || vec![lossy(On::Create, &["SmsUrl"])] },
    Manner {
        name: "a create that loses all but the number",
        faults: || vec![Fault::new(On::Create, Kind::DropParameters).forever()],
    },
    Manner { name: "ghosts", faults: || vec![Fault::new(On::Search, Kind::Ghost)] },
    Manner {
        name: "a clock that is ahead",
        faults: || vec![Fault::new(On::Any, Kind::DateSkew).skew_ms(900_000).forever()],
    },
    Manner {
        name: "a clock that is behind",
        faults: || vec![Fault::new(On::Any, Kind::DateSkew).skew_ms(-900_000).forever()],
    },
    Manner { name: "no clock", faults: || vec![Fault::new(On::Any, Kind::NoDate).forever()] },
];

/// What a list may be like. A comparison takes nothing away for it.
const AT_A_LIST: &[Manner] = &[
    Manner { name: "a row without a SID", faults: || vec![odd(On::List, "sid")] },
    Manner { name: "a row without a number", faults: || vec![odd(On::List, "phone_number")] },
    Manner { name: "a row without a date", faults: || vec![odd(On::List, "date_created").absent()] },
    Manner { name: "a row with a capability of null", faults: || vec![odd(On::List, "capabilities.mms")] },
    Manner { name: "a row without a name", faults: || vec![odd(On::List, "friendly_name")] },
    Manner { name: "a row of null", faults: || vec![Fault::new(On::List, Kind::OddRow).forever()] },
    Manner { name: "a list that leaves out all", faults: || vec![Fault::new(On::List, Kind::Omit).forever()] },
    Manner { name: "a list without end", faults: || vec![Fault::new(On::List, Kind::EndlessList).forever()] },
    Manner { name: "an empty page", faults: || vec![Fault::new(On::List, Kind::EmptyPage).forever()] },
    Manner {
        name: "rows of which none can text",
        faults: || vec![Fault::new(On::List, Kind::LoseCapability).forever()],
    },
    Manner {
        name: "a list under a clock that is off",
        faults: || vec![Fault::new(On::Any, Kind::DateSkew).skew_ms(900_000).forever()],
    },
];

fn lossy(on: On, lost: &[&str]) -> Fault {
    Fault::new(on, Kind::DropParameters).parameters(lost.iter().copied()).forever()
}

fn fired(world: &World, manner: &Manner) {
    let truth = world.twilio.truth();
    for fault in (manner.faults)() {
        assert!(truth.faults_fired.contains_key(fault.kind.name()), "{}: {:?} never happened", manner.name, fault.kind);
    }
}

fn order(world: &World, manner: &Manner) {
    for fault in (manner.faults)() {
        world.twilio.fault(fault);
    }
}

fn not_halted(daemon: &Daemon, manner: &Manner) {
    assert_eq!(daemon.status()["halted"], Value::Null, "{}", manner.name);
}

#[test]
fn an_order_on_an_odd_day_gets_what_it_asked_for_and_no_more() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 1000);
    let daemon = world.daemon();
    for manner in AT_A_PURCHASE {
        let before = world.bought();
        order(&world, manner);
        let answer = daemon.purchase(2).ok();
        fired(&world, manner);
        not_halted(&daemon, manner);
        world.twilio.clear_faults();
        world.settle();
        let path = format!("/admin/phones/api/purchases/{}", answer["purchase_id"].as_str().unwrap());
        let settled = daemon.get(&path).ok();
        let outcome = (&settled["state"], &settled["purchased_count"], &settled["errors"]);
        assert_eq!(outcome, (&json!("done"), &json!(2), &json!([])), "{}: {settled}", manner.name);
        assert_eq!(world.bought() - before, 2, "{}", manner.name);
        world.assert_everything_paid_for_is_known();
        let unready = || world.count("SELECT count(*) FROM numbers WHERE NOT ready");
        eventually(manner.name, || unready() == 0);
    }
    for number in world.sql("SELECT phone_number FROM numbers").lines() {
        assert!(is_ours(&world, number), "{number} has our webhooks");
    }
    world.assert_truth();
    tally::faults(AT_A_PURCHASE.len());
}

/// What was bought and never in doubt.
const SURE: &str = "SELECT count(*) FROM purchase_items WHERE state = 'bought' AND NOT doubted";

#[test]
fn whoever_signs_up_on_an_odd_day_costs_one_number_and_is_served_when_it_is_over() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 1000).set("purchase.emergency_wait_ms", 3000);
    let daemon = world.daemon();
    let mut told = crate::world::truth::Acknowledged::new();
    for manner in AT_A_PURCHASE {
        let user = format!("u-{}", told.len());
        let (before, sure) = (world.bought(), world.count(SURE));
        order(&world, manner);
        let answer = daemon.assign(&user);
        world.twilio.clear_faults();
        not_halted(&daemon, manner);
        world.settle();
        let answer = if answer.status == 200 { answer } else { daemon.assign(&user) }.ok();
        told.push((user, answer["phone_number"].as_str().unwrap().to_owned()));
        let (bought, sure) = (world.bought() - before, world.count(SURE) - sure);
        assert!(bought <= 2 && sure <= 1, "{}: {bought} bought, {sure} of them without a doubt", manner.name);
        // Whoever comes next must be bought for again.
        while daemon.status()["available"] != 0 {
            daemon.assign(&format!("next-{}", world.count("SELECT count(*) FROM assignments_ever"))).ok();
        }
    }
    world.assert_truth();
    world.assert_remembered(&told);
    tally::faults(AT_A_PURCHASE.len());
}

#[test]
fn a_comparison_on_an_odd_day_takes_nothing_away() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(6).ok();
    age(&world);
    let stock = "SELECT count(*) FROM leases WHERE user_id IS NULL AND ready";
    for manner in AT_A_LIST {
        order(&world, manner);
        let reply = daemon.post_empty(RECONCILE);
        fired(&world, manner);
        world.twilio.clear_faults();
        let report = if reply.status == 200 { reply.body } else { reply.body["report"].clone() };
        assert_eq!(report["missing"], json!([]), "{}: {report}", manner.name);
        assert_eq!(world.count(stock), 6, "{}: {report}", manner.name);
        daemon.post_empty("/admin/phones/api/resume").ok();
        let plain = reconcile(&daemon);
        for list in ["adopted", "missing", "conflicts"] {
            assert_eq!(plain[list], json!([]), "{}: {plain}", manner.name);
        }
        assert_eq!((world.count(stock), world.bought()), (6, 6), "{}: {plain}", manner.name);
    }
    world.assert_truth();
    tally::faults(AT_A_LIST.len());
}

#[test]
fn an_item_in_doubt_waits_for_a_list_that_can_be_read() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 1000);
    let daemon = world.daemon();
    // A repeated POST tells nothing.
    world.twilio.set_reown_mode(ReownMode::B);
    // A number that cannot text is found, and is good for nothing.
    let lists = AT_A_LIST.iter().filter(|manner| (manner.faults)()[0].kind != Kind::LoseCapability);
    for manner in lists {
        let before = world.bought();
        world.twilio.fault(Fault::new(On::Create, Kind::CommitThenReset));
        order(&world, manner);
        let answer = daemon.purchase(1).ok();
        fired(&world, manner);
        not_halted(&daemon, manner);
        world.twilio.clear_faults();
        world.settle();
        let path = format!("/admin/phones/api/purchases/{}", answer["purchase_id"].as_str().unwrap());
        let settled = daemon.get(&path).ok();
        assert_eq!(settled["purchased_count"], 1, "{}: {settled}", manner.name);
        assert_eq!(world.bought() - before, 1, "{}", manner.name);
        world.assert_everything_paid_for_is_known();
    }
    world.assert_truth();
    tally::faults(AT_A_LIST.len());
}

#[test]
fn an_operator_who_renames_what_is_in_doubt_does_not_make_it_somebody_elses() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, Kind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, Kind::Error503).forever());
    let answer = daemon.purchase(1).ok();
    assert_eq!(answer["errors"][0]["code"], "outcome_unknown", "{answer}");
    let number = world.twilio.truth().purchases[0].phone_number.clone();
    assert!(world.twilio.rename(&number, "front desk"));
    world.twilio.clear_faults();
    world.settle();
    world.assert_everything_paid_for_is_known();
    let path = format!("/admin/phones/api/purchases/{}", answer["purchase_id"].as_str().unwrap());
    assert_eq!(daemon.get(&path).ok()["purchased_count"], 1);
    tally::faults(1);
}
