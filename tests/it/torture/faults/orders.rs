//! Orders under faults: at the search, at the create, and at the look after a doubt.
//!
//! How to get it wrong: believing the order's document. What was bought is counted at Twilio.

use serde_json::{Value, json};
use twilio_simulator::{Fault, On};

use super::{Answer, Halt, Kind, Shop, answer, fault, kinds, lost, manner, never, tally};
use crate::world::{World, eventually};

/// What becomes of an order that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// It gets all that it asked for: the call was repeated, looked up, or another number was taken.
    Complete,
    /// The same, and the log tells of another environment on the account.
    CompleteWithAlarm,
    /// It falls short and says why; nothing is halted.
    Short(&'static str),
    /// The pool is halted, and this key is what it needs.
    PoolHalted(&'static str),
    /// Buying is halted.
    Halted(Halt),
    /// Its place stays taken until Twilio's list tells; then it is complete.
    Unknown,
    /// The same, and buying is halted.
    UnknownAndHalted(Halt),
}

pub(super) fn create_meets(kind: Kind) -> Order {
    match kind {
        // The outcome is unknown: looked up, and posted again if it was not there.
        lost!() => Order::Complete,
        // Never processed: posted again.
        Kind::TooManyRequests => Order::Complete,
        // Another candidate.
        Kind::InvalidNumber | Kind::Stolen | Kind::NoStock => Order::Complete,
        Kind::OldDateCreated | Kind::ForeignTag => Order::CompleteWithAlarm,
        // Nothing is wrong with the answer, or only that it comes late.
        Kind::Lag | Kind::Delay | Kind::SlowBody | Kind::NoCapability => Order::Complete,
        Kind::Suspended | Kind::Unauthorized => Order::Halted(Halt::UntilProbe(20003)),
        Kind::Inactive20005 | Kind::BalanceZero => Order::Halted(Halt::UntilProbe(20005)),
        Kind::Inactive10001 => Order::Halted(Halt::UntilProbe(10001)),
        Kind::TestCredentials => Order::Halted(Halt::UntilResume(20008)),
        Kind::Trial => Order::Halted(Halt::UntilResume(21404)),
        Kind::Barred => Order::Halted(Halt::UntilResume(22300)),
        Kind::NotFound => Order::Short("twilio_20404"),
        Kind::Refuse => Order::Short("twilio_20001"),
        // Waits for a second POST of a number that is ours.
        Kind::AlreadyOwned21422 => Order::Unknown,
        Kind::BadPageToken | Kind::ForeignNextPage | Kind::LoopingNextPage => unreachable!("{kind:?} is for lists"),
        manner!() => unreachable!("{kind:?} is in no table"),
    }
}

pub(super) fn search_meets(kind: Kind) -> Order {
    match kind {
        // It shows no number that would do.
        Kind::NoStock | Kind::NoCapability => Order::Short("no_stock"),
        // Twilio sells no such numbers.
        Kind::NotFound => Order::PoolHalted("pool.number_type"),
        kind => match create_meets(kind) {
            // A search changes nothing and is repeated.
            Order::Complete => Order::Complete,
            other => other,
        },
    }
}

/// The list is read after a doubtful create.
fn look_meets(kind: Kind) -> Order {
    match answer(kind) {
        Answer::Late | Answer::Unfit | Answer::AnotherHost | Answer::Loop => Order::Complete,
        // A look that failed is no look, and one that shows another tag may be of an old row: nobody posts again.
        Answer::AnotherTag | Answer::Lost | Answer::Later | Answer::Refused(_) | Answer::NotFound => Order::Unknown,
        Answer::Account(halt) => Order::UnknownAndHalted(halt),
        never_so @ (Answer::NoMoney | Answer::Sale) => never(On::List, never_so),
    }
}

impl Shop {
    /// An order of `count` that met `kind`, judged.
    pub(super) fn judge(&self, kind: Kind, expected: Order, order: &Value, count: u64, bought: usize) {
        let purchased = order["purchased_count"].as_u64().unwrap();
        let all = usize::try_from(count).unwrap();
        match expected {
            Order::Complete | Order::CompleteWithAlarm => {
                assert_eq!((&order["state"], purchased, bought), (&json!("done"), count, all), "{kind:?}: {order}");
                assert_eq!(order["errors"], json!([]), "{kind:?}");
                if expected != Order::Complete {
                    eventually("the alarm", || self.daemon.has_logged("belongs to another environment"));
                }
            }
            Order::Short(code) => {
                assert_eq!(
                    (&order["state"], &order["errors"][0]["code"]),
                    (&json!("done"), &json!(code)),
                    "{kind:?}: {order}"
                );
                assert_eq!(order["errors"][0]["count"], count - purchased, "{kind:?}: {order}");
                assert!(purchased < count && bought == usize::try_from(purchased).unwrap(), "{kind:?}: {order}");
            }
            Order::PoolHalted(needs) => {
                assert_eq!(
                    (&order["state"], &order["errors"][0]["code"]),
                    (&json!("halted"), &json!("halted")),
                    "{kind:?}: {order}"
                );
                assert!(purchased < count, "{kind:?}: {order}");
                assert_eq!(self.world.sql("SELECT needs FROM pool_halts"), needs, "{kind:?}");
                let calls = self.world.twilio.truth().creates.len();
                self.daemon.purchase(1).problem(503, "halted");
                assert_eq!(self.world.twilio.truth().creates.len(), calls, "{kind:?}: nobody tries meanwhile");
                self.daemon.post("/admin/phones/api/resume", &json!({"pool": "default"})).ok();
            }
            Order::Halted(_) => {
                assert_eq!(order["state"], "halted", "{kind:?}: {order}");
                assert!(purchased < count, "{kind:?}: {order}");
            }
            Order::Unknown | Order::UnknownAndHalted(_) => {
                assert_eq!((purchased, bought), (count - 1, all), "{kind:?}: {order}");
                assert_eq!(order["errors"][0]["code"], "outcome_unknown", "{kind:?}: {order}");
                assert_eq!(order["errors"][0]["count"], 1, "{kind:?}: {order}");
            }
        }
        let halt = match expected {
            Order::Halted(halt) | Order::UnknownAndHalted(halt) => Some(halt),
            _ => None,
        };
        self.judge_halt(kind, halt);
    }
}

#[test]
fn every_fault_at_a_create_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for kind in kinds(On::Create) {
        let before = shop.world.bought();
        if kind == Kind::AlreadyOwned21422 {
            // The answer is lost and the list lags, so the number is posted again.
            shop.world.twilio.fault(Fault::new(On::Create, Kind::CommitThenReset));
            shop.world.twilio.fault(Fault::new(On::Create, Kind::Lag).requests(2));
            shop.world.twilio.fault(fault(On::Create, kind));
        } else {
            shop.world.twilio.fault(fault(On::Create, kind).after(1));
        }
        let order = shop.daemon.purchase(3).ok();
        shop.judge(kind, create_meets(kind), &order, 3, shop.world.bought() - before);
        shop.signup(kind);
        shop.settle(kind);
    }
    shop.close();
    tally::faults(kinds(On::Create).count());
}

#[test]
fn every_fault_at_a_search_ends_as_its_class_says() {
    let mut shop = Shop::open();
    for kind in kinds(On::Search) {
        let before = shop.world.bought();
        shop.world.twilio.fault(fault(On::Search, kind));
        let answer = shop.daemon.purchase(2);
        let order = if let Order::PoolHalted(_) = search_meets(kind) {
            // Nothing was tried, so the order could not start.
            answer.problem(503, "halted");
            let id = shop.world.sql("SELECT id FROM purchases ORDER BY created_at DESC LIMIT 1");
            shop.daemon.get(&format!("/admin/phones/api/purchases/{id}")).ok()
        } else {
            answer.ok()
        };
        shop.judge(kind, search_meets(kind), &order, 2, shop.world.bought() - before);
        shop.signup(kind);
        shop.settle(kind);
    }
    shop.close();
    tally::faults(kinds(On::Search).count());
}

#[test]
fn every_fault_at_the_look_after_a_doubt_ends_as_its_class_says() {
    let mut shop = Shop::open();
    shop.world.twilio.set_stock("US", "907", 0);
    let mut orders = Vec::new();
    for (n, kind) in kinds(On::List).enumerate() {
        // One number for sale there, so that the fault can be told which number's look it is for.
        let number = format!("+19075550{n:03}");
        let before = shop.world.bought();
        shop.world.twilio.offer(&number);
        shop.world.twilio.fault(Fault::new(On::Create, Kind::CommitThenReset).phone_number(&number));
        shop.world.twilio.fault(fault(On::List, kind).phone_number(&number));
        let order = shop.daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": "907"})).ok();
        shop.judge(kind, look_meets(kind), &order, 1, shop.world.bought() - before);
        orders.push((kind, order["purchase_id"].as_str().unwrap().to_owned()));
        shop.signup(kind);
    }
    assert_eq!(shop.world.twilio.truth().faults_waiting, [], "some never happened");
    // A look that succeeds settles what the failed ones left.
    shop.world.settle();
    for (kind, id) in orders {
        let order = shop.daemon.get(&format!("/admin/phones/api/purchases/{id}")).ok();
        assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(1)), "{kind:?}: {order}");
        assert_eq!(order["errors"], json!([]), "{kind:?}");
    }
    shop.close();
    tally::faults(kinds(On::List).count());
}

#[test]
fn a_look_that_is_refused_halts_buying_in_the_middle_of_the_order() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, Kind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, Kind::Unauthorized));
    let order = daemon.purchase(3).ok();
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("halted"), &json!(0)), "{order}");
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003);
    let truth = world.twilio.truth();
    assert_eq!((truth.creates.len(), truth.requests_of(On::List)), (1, 2), "one look at start, one after the doubt");
    daemon.post_empty("/admin/phones/api/resume").ok();
    world.settle();
    let path = format!("/admin/phones/api/purchases/{}", order["purchase_id"].as_str().unwrap());
    assert_eq!(daemon.get(&path).ok()["purchased_count"], 1);
    assert_eq!(world.bought(), 1);
    world.assert_truth();
}
