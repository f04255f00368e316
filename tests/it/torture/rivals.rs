//! Three instances on one database that all want to buy at once, while the lock is taken from whoever holds it.
//!
//! What one instance does that lost its lock, and what a foreign session on the lock means, is in `lock.rs`.
//! How to get it wrong: a rival that buys in turn. Creates are slow here, so that the lock dies in the middle of batches.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

#[cfg(feature = "failpoints")]
use serde_json::Value;
use serde_json::json;
use twilio_simulator::On;
#[cfg(feature = "failpoints")]
use twilio_simulator::{Fault, FaultKind};

use super::{is_long, tally};
use crate::world::daemon::{Daemon, Reply};
use crate::world::truth::Acknowledged;
use crate::world::{HAS_THE_PURCHASE_LOCK, World, eventually};

/// Ends the session that holds the purchase lock, if there is one; how many there were.
pub fn cut_the_lock(world: &World) -> i64 {
    world.count(&format!(
        "SELECT count(pg_terminate_backend(pid)) {HAS_THE_PURCHASE_LOCK} AND application_name = 'callbunker purchase lock'"
    ))
}

fn rivals(world: &World) -> [Daemon; 3] {
    let daemons = [world.daemon(), world.daemon(), world.daemon()];
    tally::instances(daemons.len());
    daemons
}

/// Assigns on any of them, as a client that tries again; `None` when a cap leaves no number for this user.
fn assign(daemons: &[Daemon; 3], n: usize) -> Option<(String, String)> {
    let user = format!("u-{n}");
    for turn in 0..10 {
        let answer = daemons[(n + turn) % 3].assign(&user);
        if answer.status == 200 {
            return Some((user, answer.body["phone_number"].as_str().unwrap().to_owned()));
        }
        answer.problem(503, "pool_empty");
        thread::sleep(Duration::from_millis(200));
    }
    None
}

/// Cuts the lock of whoever has it, again and again, until this is dropped.
struct Cutter<'a>(&'a AtomicBool);

impl Drop for Cutter<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
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
        let (done, cuts) = (AtomicBool::new(false), AtomicI64::new(0));
        let (told, orders): (Acknowledged, Vec<Reply>) = thread::scope(|scope| {
            let cutter = Cutter(&done);
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    cuts.fetch_add(cut_the_lock(&world), Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(150));
                }
            });
            let daemons = &daemons;
            let signups: Vec<_> = (0..24).map(|n| scope.spawn(move || assign(daemons, n))).collect();
            let by_hand: Vec<_> = (0..6).map(|n| scope.spawn(move || daemons[n % 3].purchase(4))).collect();
            for turn in 0..9 {
                let path =
                    if turn % 2 == 0 { "/admin/phones/cron/auto-replenish" } else { "/admin/phones/api/replenish" };
                daemons[turn % 3].post_empty(path).ok();
            }
            let told = signups.into_iter().filter_map(|signup| signup.join().unwrap()).collect();
            let orders = by_hand.into_iter().map(|order| order.join().unwrap()).collect();
            drop(cutter);
            (told, orders)
        });
        assert!(cuts.into_inner() > 0, "nobody lost the lock");
        quiesce(&world, &daemons[0]);
        for order in orders {
            match order.status {
                200 => assert!(order.body["purchased_count"].as_u64() <= Some(4), "{order:?}"),
                _ => drop(order.problem(409, "spend_cap")),
            }
        }
        assert!(!told.is_empty());
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
    // The last six take long enough for somebody to cut the lock once more.
    world.twilio.set_latency_on(On::Create, Duration::from_millis(500));
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
    // What was on the wire when a lock went is in doubt, and serves nobody until it is clear; it becomes stock.
    let doubted = world.count("SELECT count(*) FROM purchase_items WHERE state = 'bought' AND doubted");
    let sure = world.count("SELECT count(*) FROM purchase_items WHERE state = 'bought' AND NOT doubted");
    assert!(sure <= 20 && doubted <= 12, "{}", world.ledger());
    assert_eq!(i64::try_from(world.bought()).unwrap(), sure + doubted, "{}", world.ledger());
    assert_eq!(
        world.count("SELECT count(*) FROM assignments_ever WHERE released_at IS NULL"),
        20,
        "everybody is served"
    );
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

#[test]
fn a_large_order_and_the_signups_that_cut_in_share_one_cap() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 30).set("purchase.emergency_wait_ms", 20_000);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(150));
    let daemons = rivals(&world);
    let order = thread::scope(|scope| {
        let order = scope.spawn(|| daemons[0].purchase(30).ok());
        eventually("it buys", || world.bought() > 0);
        let daemons = &daemons;
        let signups: Vec<_> = (0..20).map(|n| scope.spawn(move || assign(daemons, n))).collect();
        assert!(signups.into_iter().all(|signup| signup.join().unwrap().is_some()), "thirty are enough for twenty");
        order.join().unwrap()
    });
    world.settle();
    let for_line = world.count("SELECT count(*) FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE p.trigger = 'emergency' AND i.state = 'bought'");
    assert!(for_line > 0, "nobody cut in:\n{}", world.ledger());
    assert_eq!(world.bought(), 30, "{}", world.ledger());
    assert_eq!(
        (&order["errors"][0]["code"], &order["errors"][0]["count"]),
        (&json!("spend_cap"), &json!(for_line)),
        "{order}"
    );
    world.assert_truth();
}

/// `first` has taken the lock and loses it before its order runs; an order of `second` runs instead.
#[cfg(feature = "failpoints")]
fn overtaken(world: &World, first: &Daemon, second: &Daemon, ask: impl Fn(&Daemon) -> Reply + Sync) -> Value {
    world.twilio.set_latency_on(On::Create, Duration::from_millis(700));
    first.failpoints("run_begun=pause");
    let answer = thread::scope(|scope| {
        let overtaken = scope.spawn(|| ask(first));
        // Whoever loses the lock before that gives way, and would come to the pause with another one, for good.
        let begun =
            format!("SELECT count(*) {HAS_THE_PURCHASE_LOCK} AND pid = (SELECT backend_pid FROM purchase_holder)");
        eventually("its run has begun", || world.count(&begun) > 0);
        assert!(cut_the_lock(world) > 0, "it has the lock");
        let overtakes = scope.spawn(|| second.purchase(4).ok());
        eventually("the other one buys", || world.bought() > 0);
        first.failpoint_off("run_begun");
        let order = overtakes.join().unwrap();
        assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(4)), "{order}");
        overtaken.join().unwrap().ok()
    });
    quiesce(world, first);
    world.assert_truth();
    answer
}

#[cfg(feature = "failpoints")]
#[test]
fn an_order_by_hand_whose_run_is_overtaken_before_it_began_waits_for_its_turn() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let (first, second) = (world.daemon(), world.daemon());
    thread::sleep(Duration::from_millis(100));
    let order = overtaken(&world, &first, &second, |daemon| daemon.purchase(2));
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(2)), "{order}");
    assert_eq!(world.bought(), 6);
}

#[cfg(feature = "failpoints")]
#[test]
fn a_pass_whose_run_is_overtaken_says_that_somebody_else_buys() {
    let mut world = World::new().quiet().set("purchase.concurrency", 1);
    let second = world.daemon();
    world.change("pool.threshold_low", 9);
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let first = world.daemon();
    // After that its own passes wait a while, and only cron's comes.
    eventually("it found nothing to buy", || first.status()["last_replenishment"]["reason"] == "no_stock");
    world.twilio.clear_faults();
    let pass = overtaken(&world, &first, &second, |daemon| daemon.post_empty("/admin/phones/cron/auto-replenish"));
    assert_eq!((&pass["replenished"], &pass["reason"]), (&json!(false), &json!("locked")), "{pass}");
}
