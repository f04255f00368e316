//! Comparisons with Twilio under faults: at the walk over the list, at a fetch, at a repair.
//!
//! How to get it wrong: a fault that care meets first. What is repaired here is somebody's, and care leaves that alone.

use serde_json::Value;
use twilio_simulator::{On, Webhooks};

use super::{Answer, Halt, Kind, Shop, answer, fault, kinds, never, tally};
use crate::world::World;
use crate::world::comparing::{RECONCILE, is_ours, lines, reconcile, row};
use crate::world::daemon::Reply;

/// What becomes of a comparison that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// It does all that was to be done.
    Done,
    /// It comes to its end, and leaves this number to the next one.
    NotThisOne,
    /// The same, and tells that Twilio does not let us look at it.
    Unread,
    /// It leaves this number to the next one, and tells that the repair failed.
    RepairFailed,
    /// It breaks off; the next one goes on.
    BrokeOff,
    /// It breaks off, and buying is halted.
    Halted(Halt),
}

fn walk_meets(kind: Kind) -> Comparison {
    match answer(kind) {
        // A page is read again.
        Answer::Lost | Answer::Later | Answer::Late => Comparison::Done,
        // What differs is asked for by its SID, so a list that lies changes nothing.
        Answer::Unfit | Answer::Loop | Answer::AnotherTag => Comparison::Done,
        Answer::AnotherHost | Answer::Refused(_) | Answer::NotFound => Comparison::BrokeOff,
        Answer::Account(halt) => Comparison::Halted(halt),
        never_so @ (Answer::NoMoney | Answer::Sale) => never(On::List, never_so),
    }
}

/// A number that was missing is in the list, and is asked for by its SID.
fn fetch_meets(kind: Kind) -> Comparison {
    match answer(kind) {
        Answer::Lost | Answer::Later | Answer::Late | Answer::Unfit => Comparison::Done,
        // Not there after all, or another's by now.
        Answer::NotFound | Answer::AnotherTag => Comparison::NotThisOne,
        Answer::Refused(_) => Comparison::Unread,
        Answer::Account(halt) => Comparison::Halted(halt),
        never_so @ (Answer::AnotherHost | Answer::Loop | Answer::NoMoney | Answer::Sale) => never(On::Fetch, never_so),
    }
}

fn repair_meets(kind: Kind) -> Comparison {
    match answer(kind) {
        // Only the webhooks of the answer count.
        Answer::Late | Answer::AnotherTag | Answer::Unfit => Comparison::Done,
        Answer::Lost | Answer::Later | Answer::Refused(_) => Comparison::RepairFailed,
        // The list shows it, so it is not missing.
        Answer::NotFound => Comparison::NotThisOne,
        Answer::Account(halt) => Comparison::Halted(halt),
        never_so @ (Answer::AnotherHost | Answer::Loop | Answer::NoMoney | Answer::Sale) => never(On::Update, never_so),
    }
}

impl Shop {
    /// Checks how a comparison ended; its report.
    fn compared(&self, kind: Kind, expected: Comparison, reply: Reply) -> Value {
        let report = match expected {
            Comparison::BrokeOff => reply.problem(503, "unavailable")["report"].clone(),
            Comparison::Halted(_) => reply.problem(503, "halted")["report"].clone(),
            _ => reply.ok(),
        };
        let ends = !matches!(expected, Comparison::BrokeOff | Comparison::Halted(_) | Comparison::Unread);
        assert_eq!(report["complete"], ends, "{kind:?}: {report}");
        self.judge_halt(kind, if let Comparison::Halted(halt) = expected { Some(halt) } else { None });
        report
    }
}

/// How many lines each list has: adopted, missing, drift, repaired, conflicts.
fn found(report: &Value) -> [usize; 5] {
    ["adopted", "missing", "webhook_drift", "repaired", "conflicts"].map(|list| lines(report, list).len())
}

#[test]
fn every_fault_at_the_walk_of_a_comparison_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for kind in kinds(On::List) {
        shop.world.twilio.fault(fault(On::List, kind));
        let expected = walk_meets(kind);
        let report = shop.compared(kind, expected, shop.daemon.post_empty(RECONCILE));
        if expected == Comparison::Done {
            assert_eq!(found(&report), [0; 5], "{kind:?}: {report}");
        }
        assert_eq!(found(&reconcile(&shop.daemon)), [0; 5], "{kind:?}");
        shop.signup(kind);
        shop.settle(kind);
    }
    assert_eq!(shop.world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    shop.close();
    tally::faults(kinds(On::List).count());
}

#[test]
fn every_fault_at_a_fetch_of_a_comparison_ends_as_its_class_says() {
    let mut shop = Shop::open();
    let number = shop.world.sql("SELECT phone_number FROM numbers ORDER BY id DESC LIMIT 1");
    for kind in kinds(On::Fetch) {
        shop.world.sql(&format!("UPDATE numbers SET missing_since = now() WHERE phone_number = '{number}'"));
        shop.world.twilio.fault(fault(On::Fetch, kind).phone_number(&number));
        let expected = fetch_meets(kind);
        let report = shop.compared(kind, expected, shop.daemon.post_empty(RECONCILE));
        let turned_up = usize::from(expected == Comparison::Done);
        let told = usize::from(expected == Comparison::Unread);
        assert_eq!(found(&report), [turned_up, 0, 0, 0, told], "{kind:?}: {report}");
        // A number that Twilio shows as one without text messages serves nobody until it shows it otherwise.
        let is_ready = turned_up == 1 && answer(kind) != Answer::Unfit;
        assert_eq!(row(&shop.world, &number, "ready"), if is_ready { "t" } else { "f" }, "{kind:?}");
        assert_eq!(found(&reconcile(&shop.daemon)), [1 - turned_up, 0, 0, 0, 0], "{kind:?}");
        assert_eq!(row(&shop.world, &number, "ready"), "t", "{kind:?}");
        shop.signup(kind);
        shop.settle(kind);
    }
    shop.close();
    tally::faults(kinds(On::Fetch).count());
}

#[test]
fn every_fault_at_a_repair_of_a_comparison_ends_as_its_class_says() {
    let mut shop = Shop::open_in(World::new().set("reconcile.repair_assigned", true));
    for kind in kinds(On::Update) {
        shop.signup(kind);
        let number = shop.told.last().expect("somebody signed up").1.clone();
        let theirs = Webhooks { voice_url: Some("https://stranger.example/v".to_owned()), ..Webhooks::default() };
        assert!(shop.world.twilio.set_webhooks(&number, theirs));
        shop.world.twilio.fault(fault(On::Update, kind).phone_number(&number));
        let expected = repair_meets(kind);
        let report = shop.compared(kind, expected, shop.daemon.post_empty(RECONCILE));
        match expected {
            Comparison::Done => assert_eq!(found(&report), [0, 0, 1, 1, 0], "{kind:?}: {report}"),
            Comparison::RepairFailed => {
                assert_eq!(found(&report), [0, 0, 1, 0, 0], "{kind:?}: {report}");
                let reason = report["webhook_drift"][0]["reason"].as_str().unwrap();
                assert!(reason.contains("the repair failed"), "{kind:?}: {reason}");
            }
            _ => assert_eq!(found(&report), [0; 5], "{kind:?}: {report}"),
        }
        if expected != Comparison::Done {
            assert_eq!(row(&shop.world, &number, "webhook_status = 'configured'"), "f", "{kind:?}");
        }
        reconcile(&shop.daemon);
        assert_eq!(row(&shop.world, &number, "webhook_status"), "configured", "{kind:?}");
        assert!(is_ours(&shop.world, &number), "{kind:?}");
        shop.settle(kind);
    }
    shop.close();
    tally::faults(kinds(On::Update).count());
}
