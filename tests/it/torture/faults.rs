//! Each fault of the simulator at each kind of call, once in the middle of something: what comes of it, by its class.
//!
//! Invariants: the tables below name an outcome for every kind (a new one in the simulator does not compile without);
//! every fault really fired; signups are served from stock all the while.
//! How to get it wrong: an outcome that any answer would meet. Orders are counted at Twilio.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On, Webhooks};

use super::tally;
use crate::daemon::Daemon;
use crate::truth::Acknowledged;
use crate::world::{World, eventually};

/// What becomes of an order that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// It gets all that it asked for: the call was repeated, looked up, or another number was taken.
    Complete,
    /// The same, and the log tells of another environment on the account.
    CompleteWithAlarm,
    /// It falls short and says why; nothing is halted.
    Short(&'static str),
    /// Buying is halted with this code of Twilio's; a probe may end that.
    HaltedUntilProbe(i64),
    /// The same, and only an operator ends it.
    HaltedUntilResume(i64),
    /// Its place stays taken until Twilio's list tells; then it is complete.
    Unknown,
    /// Twilio's list shows another tag: the number counts as another environment's.
    TakenByAnother,
}

use FaultKind as Kind;

fn create_meets(kind: Kind) -> Order {
    match kind {
        // The outcome is unknown: looked up, and posted again if it was not there.
        Kind::CommitThenHang
        | Kind::CommitThenReset
        | Kind::CommitThenClose
        | Kind::CommitThen500
        | Kind::CommitThen503
        | Kind::CommitThenHtml502
        | Kind::Reset
        | Kind::Close
        | Kind::Hang
        | Kind::Error500
        | Kind::Error503
        | Kind::Html502
        | Kind::Html504
        | Kind::MalformedJson
        | Kind::TruncatedBody => Order::Complete,
        // Never processed: posted again.
        Kind::TooManyRequests => Order::Complete,
        // Another candidate.
        Kind::InvalidNumber | Kind::Stolen | Kind::NoStock => Order::Complete,
        Kind::OldDateCreated | Kind::ForeignTag => Order::CompleteWithAlarm,
        // Nothing is wrong with the answer, or only that it comes late.
        Kind::Lag | Kind::Delay | Kind::SlowBody | Kind::NoCapability => Order::Complete,
        Kind::Suspended | Kind::Unauthorized => Order::HaltedUntilProbe(20003),
        Kind::Inactive20005 | Kind::BalanceZero => Order::HaltedUntilProbe(20005),
        Kind::Inactive10001 => Order::HaltedUntilProbe(10001),
        Kind::TestCredentials => Order::HaltedUntilResume(20008),
        Kind::Trial => Order::HaltedUntilResume(21404),
        Kind::Barred => Order::HaltedUntilResume(22300),
        Kind::NotFound => Order::Short("twilio_20404"),
        Kind::Refuse => Order::Short("twilio_20001"),
        // Waits for a second POST of a number that is ours.
        Kind::AlreadyOwned21422 => Order::Unknown,
        Kind::BadPageToken | Kind::ForeignNextPage | Kind::LoopingNextPage => unreachable!("{kind:?} is for lists"),
    }
}

fn search_meets(kind: Kind) -> Order {
    match kind {
        // It shows no number that would do.
        Kind::NoStock | Kind::NoCapability => Order::Short("no_stock"),
        kind => match create_meets(kind) {
            // A search changes nothing and is repeated.
            Order::Complete => Order::Complete,
            other => other,
        },
    }
}

/// The list is read after a doubtful create.
fn look_meets(kind: Kind) -> Order {
    match kind {
        Kind::Delay | Kind::SlowBody | Kind::NoCapability | Kind::ForeignNextPage | Kind::LoopingNextPage => {
            Order::Complete
        }
        Kind::ForeignTag => Order::TakenByAnother,
        // A look that failed is no look: nobody posts again.
        _ => Order::Unknown,
    }
}

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

fn setting_meets(kind: Kind) -> Setting {
    match kind {
        Kind::Delay | Kind::SlowBody | Kind::ForeignTag | Kind::NoCapability => Setting::Done,
        Kind::NotFound => Setting::Missing,
        Kind::TooManyRequests => Setting::Failed("twilio_20429"),
        Kind::Suspended | Kind::Unauthorized => Setting::Failed("twilio_20003"),
        Kind::TestCredentials => Setting::Failed("twilio_20008"),
        Kind::Inactive20005 => Setting::Failed("twilio_20005"),
        Kind::Inactive10001 => Setting::Failed("twilio_10001"),
        Kind::Refuse => Setting::Failed("twilio_20001"),
        _ => Setting::Failed("outcome_unknown"),
    }
}

fn kinds(on: On) -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(move |kind| kind.works_on(on))
}

fn fault(on: On, kind: Kind) -> Fault {
    match kind {
        Kind::Delay | Kind::SlowBody => Fault::new(on, kind).ms(100),
        Kind::Lag => Fault::new(on, kind).requests(1),
        kind => Fault::new(on, kind),
    }
}

/// A daemon with stock, and who was told of which number of it.
struct Shop {
    world: World,
    daemon: Daemon,
    told: Acknowledged,
}

impl Shop {
    fn open() -> Self {
        let world =
            World::new().quiet().set("twilio.request_timeout_ms", 500).set("spend.purchases_per_hour_max", 1000);
        let daemon = world.daemon();
        daemon.purchase(45).ok();
        Self { world, daemon, told: Acknowledged::new() }
    }

    /// Somebody signs up and is served from stock.
    fn signup(&mut self, kind: Kind) {
        let user = format!("u-{}", self.told.len());
        let answer = self.daemon.assign(&user).ok();
        assert_eq!(answer["source"], "pool", "{kind:?}");
        self.told.push((user, answer["phone_number"].as_str().unwrap().to_owned()));
    }

    /// The fault happened, and what it left is settled.
    fn settle(&self, kind: Kind) {
        assert_eq!(self.world.twilio.truth().faults_waiting, [], "{kind:?} never happened");
        self.world.settle();
    }

    /// The truth remembers every order and every fault.
    fn close(self) {
        self.world.settle();
        self.world.assert_truth();
        self.world.assert_remembered(&self.told);
    }

    /// An order of `count` that met `kind`, judged.
    fn judge(&self, kind: Kind, expected: Order, order: &Value, count: u64, bought: usize) {
        let purchased = order["purchased_count"].as_u64().unwrap();
        let status = self.daemon.status();
        let all = usize::try_from(count).unwrap();
        match expected {
            Order::Complete | Order::CompleteWithAlarm => {
                assert_eq!((&order["state"], purchased, bought), (&json!("done"), count, all), "{kind:?}: {order}");
                assert_eq!(order["errors"], json!([]), "{kind:?}");
                let alarm = self.daemon.has_logged("belongs to another environment");
                assert!(alarm || expected == Order::Complete, "{kind:?}");
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
            Order::HaltedUntilProbe(code) | Order::HaltedUntilResume(code) => {
                assert_eq!(order["state"], "halted", "{kind:?}: {order}");
                assert!(purchased < count, "{kind:?}: {order}");
                assert_eq!(status["halted"]["twilio_code"], code, "{kind:?}: {status}");
                let probes = status["halted"]["next_probe_at"].is_string();
                assert_eq!(probes, matches!(expected, Order::HaltedUntilProbe(_)), "{kind:?}: {status}");
                let calls = self.world.twilio.truth().creates.len();
                self.daemon.purchase(1).problem(503, "halted");
                assert_eq!(self.world.twilio.truth().creates.len(), calls, "{kind:?}: nobody asks Twilio meanwhile");
                self.daemon.post_empty("/admin/phones/api/resume").ok();
            }
            Order::Unknown => {
                assert_eq!((purchased, bought), (count - 1, all), "{kind:?}: {order}");
                assert_eq!(order["errors"][0]["code"], "outcome_unknown", "{kind:?}: {order}");
                assert_eq!(order["errors"][0]["count"], 1, "{kind:?}: {order}");
            }
            Order::TakenByAnother => {
                assert_eq!((purchased, bought), (count - 1, all), "{kind:?}: {order}");
                assert!(self.daemon.has_logged("belongs to another environment"), "{kind:?}");
            }
        }
        let halts = matches!(expected, Order::HaltedUntilProbe(_) | Order::HaltedUntilResume(_));
        assert_eq!(status["halted"].is_null(), !halts, "{kind:?}: {status}");
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
        let order = shop.daemon.purchase(2).ok();
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
        let expected = look_meets(kind);
        shop.judge(kind, expected, &order, 1, shop.world.bought() - before);
        if expected == Order::TakenByAnother {
            // The list lied, and what it says is believed: only a reconciliation would find the number again.
            assert!(shop.world.twilio.disown(&number));
            // Two odd answers in a row would halt all buying.
            shop.daemon.purchase(1).ok();
        } else {
            orders.push((kind, order["purchase_id"].as_str().unwrap().to_owned()));
        }
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
    let number = world.sql("SELECT phone_number FROM numbers WHERE ready ORDER BY id DESC LIMIT 1");
    let webhooks = || world.twilio.truth().owned_number(&number).unwrap().voice_url.clone().unwrap_or_default();
    let others = Webhooks { voice_url: Some("https://stranger.example/v".to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(&number, others));
    world.twilio.fault(fault(on, kind).phone_number(&number));
    let ask = || daemon.post("/admin/phones/api/configure-webhooks", &json!({ "phone_numbers": [number] }));
    let configure = || ask().ok();
    let refuses_the_account = matches!(
        kind,
        Kind::Suspended | Kind::Unauthorized | Kind::TestCredentials | Kind::Inactive20005 | Kind::Inactive10001
    );
    let report = if refuses_the_account {
        let report = ask().problem(503, "halted")["report"].clone();
        daemon.post_empty("/admin/phones/api/resume").ok();
        report
    } else {
        configure()
    };
    let ready = || world.count(&format!("SELECT count(*) FROM numbers WHERE phone_number = '{number}' AND ready")) == 1;
    match setting_meets(kind) {
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
