//! Buying and giving numbers out, step by step.
//!
//! How to get it wrong: a fault of `before` that the restarted daemon meets too. `kills.rs` clears what is left of them.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, MarketOrder, On, ReownMode, Webhooks};

use super::{Operation, PLAIN, assign, hasty, left_unknown, post, purchase, quiet, stocked};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World, eventually};

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
        ask: Some(|_, daemon, _| purchase(daemon, 3)),
        reaches: order_steps!["http", "handler", "audit", "order_enqueued", "order_started", "patient_within"],
        ..PLAIN
    },
    Operation {
        name: "two large purchases by hand that take turns",
        ask: Some(|_, daemon, _| {
            std::thread::scope(|scope| {
                scope.spawn(|| purchase(daemon, 12));
                scope.spawn(|| purchase(daemon, 12));
            });
        }),
        reaches: &["order_yielded"],
        ..PLAIN
    },
    Operation {
        name: "a purchase whose candidates are taken",
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).times(2)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        reaches: &["create_failed", "item_ended", "item_settled"],
        ..PLAIN
    },
    Operation {
        name: "a purchase whose answer is lost",
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        reaches: &["create_failed", "doubt_written", "look_answered", "item_settling", "item_committed"],
        ..PLAIN
    },
    Operation {
        name: "a purchase that hangs after Twilio sold",
        world: || quiet().set("twilio.request_timeout_ms", 400),
        before: |world, _| {
            world.twilio.set_reown_mode(ReownMode::B);
            world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenHang));
        },
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        reaches: &["create_failed", "doubt_written", "look_answered"],
        ..PLAIN
    },
    Operation {
        name: "a purchase that is posted again",
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::Reset)),
        ask: Some(|_, daemon, _| purchase(daemon, 1)),
        reaches: &["doubt_written", "look_answered", "attempt_repeated"],
        ..PLAIN
    },
    Operation {
        name: "a purchase that is halted before it is sent",
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
        ..PLAIN
    },
    Operation {
        name: "a purchase that halts all buying",
        before: |world, _| world.twilio.fault(Fault::new(On::Create, FaultKind::Barred)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        reaches: &["halt_decided", "halt_written", "item_ended"],
        // While Twilio refuses the account nobody looks what became of the other item.
        after: |_, daemon, _| drop(daemon.post_empty("/admin/phones/api/resume").ok()),
        ..PLAIN
    },
    Operation {
        name: "a purchase that halts its pool",
        before: |world, _| world.twilio.set_market(MarketOrder::new("US").bundle(true)),
        ask: Some(|_, daemon, _| purchase(daemon, 2)),
        reaches: &["pool_halt_decided", "pool_halt_written", "item_ended"],
        meanwhile: |world| assert_eq!(world.bought(), 0, "what was refused cost nothing"),
        // Whoever asks next hears what it needs, whether that was written down or not; then somebody mends it at Twilio.
        after: |world, daemon, _| {
            purchase(daemon, 1);
            assert_eq!(world.sql("SELECT needs FROM pool_halts"), "pool.bundle_sid");
            world.twilio.set_market(MarketOrder::new("US").bundle(false));
            drop(daemon.post("/admin/phones/api/resume", &json!({"pool": "default"})).ok());
        },
        ..PLAIN
    },
    Operation {
        name: "a warm start",
        world: || {
            hasty(World::new())
                .set("pool.threshold_low", 0)
                .set("pool.total_min", 3)
                .set("pool.replenishment_batch_size", 3)
        },
        reaches: order_steps!["pool_monitor", "order_opened", "pass_decided"],
        ..PLAIN
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
        reaches: &["schedule", "order_opened", "item_committed", "pass_decided"],
        ..PLAIN
    },
    Operation {
        name: "an emergency for three who wait",
        ask: Some(|_, daemon, told| assign(daemon, &["u-1", "u-2", "u-3"], told)),
        reaches: order_steps!["desk", "waitlist_joined", "order_opened", "waitlist_bought", "waitlist_served"],
        ..PLAIN
    },
    Operation {
        name: "an emergency beside a purchase that hangs",
        world: || quiet().set("twilio.request_timeout_ms", 2500),
        ask: Some(|world, daemon, told| {
            world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).times(1));
            world.twilio.fault(Fault::new(On::List, FaultKind::Hang).times(2));
            std::thread::scope(|scope| {
                scope.spawn(|| purchase(daemon, 1));
                eventually("its create hangs", || world.twilio.truth().creates.len() == 1);
                assign(daemon, &["u-1"], told);
            });
        }),
        reaches: &["waitlist_beside", "order_opened", "waitlist_bought"],
        ..PLAIN
    },
    Operation {
        name: "an emergency while the holder of the lock is frozen",
        ask: Some(|world, daemon, told| {
            let lock = "SET application_name = 'callbunker purchase lock'; SELECT pg_advisory_lock(12345)";
            let _frozen = crate::world::session::Session::open(world, lock);
            world.sql(
                "UPDATE purchase_holder SET beat_at = clock_timestamp(), (backend_pid, backend_start) =
                    (SELECT pid, backend_start FROM pg_stat_activity
                      WHERE application_name = 'callbunker purchase lock' AND datname = current_database())",
            );
            assign(daemon, &["u-1"], told);
        }),
        // Its minute is short.
        also: "holder_looked=return(1500)",
        reaches: &["holder_looked", "holder_ended", "lock_taken"],
        ..PLAIN
    },
    Operation {
        name: "assignments from stock",
        before: stocked,
        ask: Some(|_, daemon, told| assign(daemon, &["u-1", "u-2", "u-3"], told)),
        reaches: &["http", "desk", "assign_claimed"],
        ..PLAIN
    },
    Operation {
        name: "a release",
        before: |world, told| {
            stocked(world, told);
            let daemon = world.daemon();
            assign(&daemon, &["keeps"], told);
            daemon.assign("leaves").ok();
        },
        ask: Some(|_, daemon, _| drop(post(daemon, "/signup/api/release", SIGNUP_KEY, &json!({"user_id": "leaves"})))),
        reaches: &["http", "release_done"],
        ..PLAIN
    },
    Operation {
        name: "a restart after a purchase that nobody heard of",
        before: |world, _| left_unknown(world, FaultKind::CommitThenReset),
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
        ..PLAIN
    },
    Operation {
        name: "a restart after a create that never arrived",
        before: |world, _| left_unknown(world, FaultKind::Reset),
        reaches: &["unsettled_looked", "unsettled_ended"],
        ..PLAIN
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
        reaches: &["care_marked", "webhooks_set", "number_returned"],
        ..PLAIN
    },
    Operation {
        name: "other webhooks for everything that is owned",
        before: |world, told| {
            stocked(world, told);
            let daemon = world.daemon();
            assign(&daemon, &["stays"], told);
            daemon.kill9();
            let former = Webhooks { voice_url: Some("https://former.example/v".to_owned()), ..Webhooks::default() };
            for number in world.sql("SELECT phone_number FROM numbers").lines().filter(|line| line.starts_with('+')) {
                assert!(world.twilio.set_webhooks(number, former.clone()));
            }
            world.sql("UPDATE pools SET voice_url = 'https://former.example/v'");
        },
        ask: Some(|_, daemon, _| configure(daemon)),
        reaches: &["some_unconfirmed", "care_marked", "webhooks_set"],
        after: |world, daemon, _| {
            configure(daemon);
            assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status <> 'configured'"), 0);
            assert_eq!(world.count("SELECT count(*) FROM pools WHERE unconfirming"), 0);
        },
        ..PLAIN
    },
];

fn configure(daemon: &Daemon) {
    drop(post(daemon, "/admin/phones/api/configure-webhooks", ADMIN_KEY, &json!({})));
}
