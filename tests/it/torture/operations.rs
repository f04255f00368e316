//! What the daemon is killed in the middle of: a row per operation, with the failpoints that it comes by.
//!
//! A new operation is a new row in [`OPERATIONS`]. Invariants: every failpoint is in some row, every row's points are
//! reached (`kills.rs` checks both).
//! How to get it wrong: an operation that panics when its request breaks off. The daemon dies in the middle of it.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On, ReownMode, Webhooks};

use crate::daemon::Daemon;
use crate::truth::Acknowledged;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

/// Something that a daemon does and may die of.
pub struct Operation {
    pub name: &'static str,
    /// What the daemons of its world are configured with.
    pub world: fn() -> World,
    /// What happened before; other daemons may live and die here.
    pub before: fn(&World, &mut Acknowledged),
    /// What is asked of the daemon that will die; `None` = it does it by itself, from its start on.
    pub ask: Option<fn(&World, &Daemon, &mut Acknowledged)>,
    /// Failpoints besides the deadly one.
    pub also: &'static str,
    /// The failpoints that it comes by.
    pub reaches: &'static [&'static str],
}

/// What an order under the lock comes by, whoever asked for it.
macro_rules! order_steps {
    ($($more:literal),* $(,)?) => {
        &["purchaser", "lock_taken", "run_begun", "search_answered", "intent_written", "attempt_written", "create_posting",
          "create_answered", "item_settling", "item_committed", "item_settled", "order_ending", "order_ended", "lock_released",
          $($more),*]
    };
}

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "a purchase by hand",
        world: quiet,
        before: nothing,
        ask: Some(|_, daemon, _| purchase(daemon, 3)),
        also: "",
        reaches: order_steps!["http", "order_enqueued", "order_started"],
    },
    Operation {
        name: "two large purchases by hand that take turns",
        world: quiet,
        before: nothing,
        ask: Some(|_, daemon, _| {
            std::thread::scope(|scope| {
                scope.spawn(|| purchase(daemon, 12));
                scope.spawn(|| purchase(daemon, 12));
            });
        }),
        also: "",
        reaches: &["order_yielded"],
    },
    Operation {
        name: "a purchase whose candidates are taken",
        world: quiet,
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).times(2)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        also: "",
        reaches: &["create_failed", "item_ended", "item_settled"],
    },
    Operation {
        name: "a purchase whose answer is lost",
        world: quiet,
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        also: "",
        reaches: &["create_failed", "doubt_written", "look_answered", "item_settling", "item_committed"],
    },
    Operation {
        name: "a purchase that hangs after Twilio sold",
        world: || quiet().set("twilio.request_timeout_ms", 400),
        before: |world, _| {
            world.twilio.set_reown_mode(ReownMode::B);
            world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenHang));
        },
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        also: "",
        reaches: &["create_failed", "doubt_written", "look_answered"],
    },
    Operation {
        name: "a purchase that is posted again",
        world: quiet,
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::Reset)),
        ask: Some(|_, daemon, _| purchase(daemon, 1)),
        also: "",
        reaches: &["doubt_written", "look_answered", "attempt_repeated"],
    },
    Operation {
        name: "a purchase that is halted before it is sent",
        world: quiet,
        before: nothing,
        ask: Some(|world, daemon, _| {
            std::thread::scope(|scope| {
                scope.spawn(|| purchase(daemon, 2));
                eventually("there are intents", || world.count("SELECT count(*) FROM purchase_items") > 0);
                world.sql("UPDATE buying_gate SET halted_since = now(), halt_message = 'test'");
                daemon.failpoint_off("intent_written");
            });
        }),
        also: "intent_written=pause",
        reaches: &["items_withdrawn"],
    },
    Operation {
        name: "a purchase that halts all buying",
        world: quiet,
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::Barred)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        also: "",
        reaches: &["halt_decided", "halt_written", "item_ended"],
    },
    Operation {
        name: "a warm start",
        world: || {
            hasty(World::new())
                .set("pool.threshold_low", 0)
                .set("pool.total_min", 3)
                .set("pool.replenishment_batch_size", 3)
        },
        before: nothing,
        ask: None,
        also: "",
        reaches: order_steps!["pool_monitor", "order_opened", "pass_decided"],
    },
    Operation {
        name: "a replenishment by cron",
        world: || {
            hasty(World::new())
                .set("pool.threshold_low", 2)
                .set("pool.total_min", 0)
                .set("pool.replenishment_batch_size", 2)
                .set("schedule.replenish_cron", "* * * * * *")
        },
        before: nothing,
        ask: None,
        also: "",
        reaches: &["schedule", "order_opened", "item_committed", "pass_decided"],
    },
    Operation {
        name: "an emergency for three who wait",
        world: quiet,
        before: nothing,
        ask: Some(|_, daemon, told| assign(daemon, &["u-1", "u-2", "u-3"], told)),
        also: "",
        reaches: order_steps!["desk", "line_joined", "order_opened", "line_bought", "line_served"],
    },
    Operation {
        name: "assignments from stock",
        world: quiet,
        before: stocked,
        ask: Some(|_, daemon, told| assign(daemon, &["u-1", "u-2", "u-3"], told)),
        also: "",
        reaches: &["http", "desk", "assign_claimed"],
    },
    Operation {
        name: "a release",
        world: quiet,
        before: |world, told| {
            stocked(world, told);
            let daemon = world.daemon();
            assign(&daemon, &["keeps"], told);
            daemon.assign("leaves").ok();
        },
        ask: Some(|_, daemon, _| drop(post(daemon, "/signup/api/release", SIGNUP_KEY, &json!({"user_id": "leaves"})))),
        also: "",
        reaches: &["http", "release_done"],
    },
    Operation {
        name: "a restart after a purchase that nobody heard of",
        world: quiet,
        before: |world, _| left_unknown(world, FaultKind::CommitThenReset),
        ask: None,
        also: "",
        reaches: &[
            "lock_taken",
            "run_begun",
            "unsettled_read",
            "unsettled_looked",
            "item_settling",
            "item_committed",
            "unsettled_settled",
            "lock_released",
        ],
    },
    Operation {
        name: "a restart after a create that never arrived",
        world: quiet,
        before: |world, _| left_unknown(world, FaultKind::Reset),
        ask: None,
        also: "",
        reaches: &["unsettled_looked", "unsettled_ended"],
    },
    Operation {
        name: "the return of a rested number",
        world: || quiet().set("pool.quarantine_hours", 0),
        before: |world, told| {
            stocked(world, told);
            let daemon = world.daemon();
            let number = daemon.assign("leaves").ok()["phone_number"].as_str().unwrap().to_owned();
            let others = Webhooks { voice_url: Some("https://stranger.example/v".to_owned()), ..Webhooks::default() };
            assert!(world.twilio.set_webhooks(&number, others));
            daemon.release("leaves").ok();
            daemon.kill9();
        },
        ask: None,
        also: "",
        reaches: &["webhooks_set", "number_returned"],
    },
];

/// Buys only what is asked for, and is quick to call an unknown purchase not bought.
pub fn quiet() -> World {
    hasty(World::new().quiet())
}

/// Waits for nothing longer than it must.
pub fn hasty(world: World) -> World {
    world
        .set("purchase.unknown_settle_secs", 1)
        .set("purchase.lock_wait_ms", 2000)
        .set("purchase.emergency_wait_ms", 6000)
}

fn nothing(_: &World, _: &mut Acknowledged) {}

fn stocked(world: &World, _: &mut Acknowledged) {
    let daemon = world.daemon();
    daemon.purchase(5).ok();
    assert_eq!(daemon.stop(), Some(0));
}

/// An order of one whose item is unknown, and nobody alive who could look it up.
fn left_unknown(world: &World, kind: FaultKind) {
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, kind));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    let order = daemon.purchase(1).ok();
    assert_eq!(order["errors"][0]["code"], "outcome_unknown", "{order}");
    daemon.signal(Signal::SIGKILL);
    drop(daemon);
    world.twilio.clear_faults();
}

/// The answer, if the daemon lived to give one.
fn post(daemon: &Daemon, path: &str, key: &str, body: &Value) -> Option<Value> {
    let headers = [("X-Admin-API-Key", key), ("Content-Type", "application/json")];
    let answer = daemon.try_send("POST", path, &headers, Some(body.to_string().as_bytes())).ok()?;
    (answer.status == 200).then_some(answer.body)
}

/// Buys by hand, whatever comes of it.
pub fn purchase(daemon: &Daemon, count: u32) {
    drop(post(daemon, "/admin/phones/api/purchase", ADMIN_KEY, &json!({ "count": count })));
}

/// Assigns to all of them at once; remembers who was told what.
pub fn assign(daemon: &Daemon, users: &[&str], told: &mut Acknowledged) {
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = users
            .iter()
            .map(|user| {
                scope.spawn(move || post(daemon, "/signup/api/assign", SIGNUP_KEY, &json!({ "user_id": user })))
            })
            .collect();
        asked.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    for (user, answer) in users.iter().zip(answers) {
        if let Some(answer) = answer {
            told.push(((*user).to_owned(), answer["phone_number"].as_str().unwrap().to_owned()));
        }
    }
}

/// A moment in which the start of a daemon is over, and its recovery.
pub const STARTED: Duration = Duration::from_millis(100);
