//! Three instances on one database that all want to buy at once, while the lock is taken from whoever holds it.
//!
//! What one instance does that lost its lock, and what a foreign session on the lock means, is in `lock.rs`.
//! How to get it wrong: a rival that buys in turn. Creates are slow here, so that the lock dies in the middle of batches.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::On;

use super::{is_long, tally};
use crate::daemon::Daemon;
use crate::truth::Acknowledged;
use crate::world::{World, eventually};

/// Ends the session that holds the purchase lock, if there is one; how many there were.
pub fn cut_the_lock(world: &World) -> i64 {
    world.count(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE locktype = 'advisory' AND classid = 0 AND objid = 12345 AND granted AND application_name LIKE 'callbunker%'
            AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
}

fn rivals(world: &World) -> [Daemon; 3] {
    let daemons = [world.daemon(), world.daemon(), world.daemon()];
    tally::instances(daemons.len());
    daemons
}

/// Assigns on any of them, as a client that tries again.
fn assign(daemons: &[Daemon; 3], n: usize) -> (String, String) {
    let user = format!("u-{n}");
    for turn in 0.. {
        let answer = daemons[(n + turn) % 3].assign(&user);
        match answer.status {
            200 => return (user, answer.body["phone_number"].as_str().unwrap().to_owned()),
            _ => assert!(answer.status == 503 && turn < 50, "{answer:?}"),
        }
        thread::sleep(Duration::from_millis(200));
    }
    unreachable!("the loop returns")
}

#[test]
fn three_instances_that_lose_their_lock_again_and_again_buy_no_more_than_was_asked_and_allowed() {
    let rounds = if is_long() { 10 } else { 1 };
    for _round in 0..rounds {
        let world = World::new()
            .set("pool.threshold_low", 6)
            .set("pool.total_min", 12)
            .set("pool.replenishment_batch_size", 5)
            .set("pool.available_max", 14)
            .set("pool.owned_max", 70)
            .set("spend.purchases_per_hour_max", 60)
            .set("purchase.lock_wait_ms", 60_000)
            .set("purchase.emergency_wait_ms", 20_000);
        world.twilio.set_latency_on(On::Create, Duration::from_millis(60));
        let daemons = rivals(&world);
        let done = AtomicBool::new(false);
        let (told, orders): (Acknowledged, Vec<Value>) = thread::scope(|scope| {
            let cuts = scope.spawn(|| {
                let mut cuts = 0;
                while !done.load(Ordering::Relaxed) {
                    cuts += cut_the_lock(&world);
                    thread::sleep(Duration::from_millis(120));
                }
                cuts
            });
            let signups: Vec<_> = (0..24)
                .map(|n| {
                    scope.spawn({
                        let daemons = &daemons;
                        move || assign(daemons, n)
                    })
                })
                .collect();
            let by_hand: Vec<_> = (0..6)
                .map(|n| {
                    scope.spawn({
                        let daemon = &daemons[n % 3];
                        move || daemon.purchase(4).ok()
                    })
                })
                .collect();
            for turn in 0..9 {
                let path =
                    if turn % 2 == 0 { "/admin/phones/cron/auto-replenish" } else { "/admin/phones/api/replenish" };
                daemons[turn % 3].post_empty(path).ok();
            }
            let told = signups.into_iter().map(|signup| signup.join().unwrap()).collect();
            let orders = by_hand.into_iter().map(|order| order.join().unwrap()).collect();
            done.store(true, Ordering::Relaxed);
            assert!(cuts.join().unwrap() > 0, "nobody lost the lock");
            (told, orders)
        });
        quiesce(&world, &daemons[0]);
        for order in orders {
            assert!(order["purchased_count"].as_u64() <= Some(4), "{order}");
        }
        assert!(world.bought() <= 60);
        world.assert_truth();
        world.assert_remembered(&told);
        tally::round();
    }
}

/// Nothing is bought any more, and nothing is on its way.
fn quiesce(world: &World, daemon: &Daemon) {
    daemon.post_empty("/admin/phones/api/pause").ok();
    world.settle();
}

#[test]
fn an_emergency_that_loses_its_lock_costs_each_who_waits_one_number() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 30_000).set("purchase.emergency_concurrency", 4);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(150));
    let daemons = rivals(&world);
    thread::scope(|scope| {
        for n in 0..20 {
            let daemons = &daemons;
            scope.spawn(move || assign(daemons, n));
        }
        for bought in [2, 8, 14] {
            eventually("it buys", || world.bought() >= bought);
            eventually("somebody holds the lock", || cut_the_lock(&world) > 0);
        }
    });
    world.settle();
    assert_eq!(world.bought(), 20, "{}", world.ledger());
    world.assert_truth();
}

#[test]
fn a_replenishment_that_loses_its_lock_is_finished_by_others_and_not_beyond() {
    let world = World::new()
        .set("pool.threshold_low", 12)
        .set("pool.total_min", 12)
        .set("pool.replenishment_batch_size", 12)
        .set("pool.available_max", 12);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(150));
    let daemons = rivals(&world);
    for bought in [2, 6] {
        eventually("it buys", || world.bought() >= bought);
        cut_the_lock(&world);
        let answers = thread::scope(|scope| {
            let asked = daemons
                .each_ref()
                .map(|daemon| scope.spawn(|| daemon.post_empty("/admin/phones/cron/auto-replenish").ok()));
            asked.map(|answer| answer.join().unwrap())
        });
        for answer in answers {
            assert!(answer["replenished"] == true || answer["reason"].is_string(), "{answer}");
        }
    }
    eventually("the pool is full", || daemons[0].status()["available"] == 12);
    world.settle();
    assert_eq!(world.bought(), 12, "{}", world.ledger());
    world.assert_truth();
    let answer = daemons[1].post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!(answer["reason"], json!("above_threshold"));
}
