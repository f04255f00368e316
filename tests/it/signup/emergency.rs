//! Signups that meet an empty pool.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::On;

use crate::world::session::Session;
use crate::world::{World, eventually};

fn one_each(world: &World, users: usize) {
    let pairs = world.sql("SELECT count(*), count(DISTINCT user_id), count(DISTINCT number_id) FROM assignments_ever WHERE released_at IS NULL");
    assert_eq!(pairs, format!("{users}|{users}|{users}"));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_hundred_signups_on_an_empty_pool_get_one_number_each_and_exactly_a_hundred_are_bought() {
    let world =
        World::new().quiet().set("spend.purchases_per_hour_max", 1000).set("purchase.emergency_wait_ms", 30_000);
    let daemon = world.daemon();
    world.twilio.set_latency(Duration::from_millis(30));
    // Long enough to overlap, however slowly they are begun.
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    std::thread::scope(|scope| {
        for user in 0..100 {
            let daemon = &daemon;
            scope.spawn(move || assert_eq!(daemon.assign(&format!("u-{user}")).ok()["source"], "emergency"));
        }
    });
    one_each(&world, 100);
    assert_eq!(world.bought(), 100);
    let most = world.twilio.truth().max_concurrent_creates;
    assert!((5..=16).contains(&most), "{most} creates at once");
    assert_eq!(daemon.status()["available"], 0);
}

#[test]
fn those_who_wait_are_served_oldest_first_whichever_instance_they_ask() {
    let world = World::new().quiet().set("purchase.emergency_concurrency", 1).set("purchase.emergency_wait_ms", 30_000);
    let (first, second) = (world.daemon(), world.daemon());
    let session = Session::holding_the_purchase_lock(&world);
    std::thread::scope(|scope| {
        for user in 0..6 {
            let daemon = if user % 2 == 0 { &first } else { &second };
            scope.spawn(move || daemon.assign(&format!("u-{user}")).ok());
            eventually("they are on the waitlist", || world.count("SELECT count(*) FROM waiters") == user + 1);
        }
        world.twilio.set_latency_on(On::Create, Duration::from_millis(50));
        drop(session);
    });
    assert_eq!(
        world.sql("SELECT user_id FROM assignments_ever ORDER BY assigned_at, id"),
        "u-0\nu-1\nu-2\nu-3\nu-4\nu-5"
    );
    assert_eq!(world.bought(), 6, "a waiter on either instance costs one number");
    one_each(&world, 6);
}

#[test]
fn an_emergency_in_the_middle_of_a_large_order_is_served_from_it_and_buys_only_what_is_beyond() {
    let world =
        World::new().quiet().set("purchase.emergency_wait_ms", 30_000).set("spend.purchases_per_hour_max", 1000);
    let (first, second) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, Duration::from_millis(150));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| first.purchase(100).ok());
        eventually("it buys", || world.bought() >= 1);
        let signups: Vec<_> = (0..20)
            .map(|user| {
                let daemon = if user % 2 == 0 { &first } else { &second };
                scope.spawn(move || daemon.assign(&format!("u-{user}")).ok())
            })
            .collect();
        for signup in signups {
            signup.join().unwrap();
        }
        let done = world.count("SELECT count(*) FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE p.trigger = 'manual' AND i.state = 'bought'");
        assert!(done < 100, "the signups waited for the whole order");
        let order = order.join().unwrap();
        assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(100)), "{order}");
    });
    let emergency = world.count("SELECT coalesce(sum(requested_count), 0) FROM purchases WHERE trigger = 'emergency'");
    assert!(emergency <= 20, "{emergency} for 20 who waited");
    assert!(world.bought() <= 120);
    one_each(&world, 20);
}

#[test]
fn those_who_come_while_an_order_is_bought_wait_for_calls_in_flight_and_not_for_a_slice() {
    let world = World::new().quiet().set("purchase.concurrency", 1).set("purchase.emergency_wait_ms", 30_000);
    let daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(400));
    std::thread::scope(|scope| {
        // Fewer than a slice: by their count alone nobody would be looked for.
        let order = scope.spawn(|| daemon.purchase(9).ok());
        eventually("it buys", || world.bought() > 0);
        let signups: Vec<_> = (0..4)
            .map(|user| {
                let daemon = &daemon;
                scope.spawn(move || daemon.assign(&format!("u-{user}")).ok())
            })
            .collect();
        for signup in signups {
            signup.join().unwrap();
        }
        assert_eq!(order.join().unwrap()["purchased_count"], 9);
    });
    let late =
        "SELECT count(*) FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE p.trigger = 'manual'
                   AND i.intended_at > (SELECT min(created_at) FROM purchases WHERE trigger = 'emergency')";
    assert!(world.count(late) > 0, "nothing was bought for those who wait before the order had ended");
    one_each(&world, 4);
}

#[test]
fn stock_that_another_transaction_holds_for_a_moment_is_not_empty_and_costs_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let session = Session::open(&world, "SELECT number_id FROM leases WHERE user_id IS NULL AND ready FOR UPDATE");
    std::thread::scope(|scope| {
        let wishes = [json!({"user_id": "u-1"}), json!({"user_id": "u-2", "country": "US"})];
        let signups = wishes.map(|wish| {
            scope.spawn({
                let daemon = &daemon;
                move || daemon.signup("/signup/api/assign", &wish).ok()
            })
        });
        eventually("they wait", || world.count("SELECT count(*) FROM waiters") == 2);
        drop(session);
        for signup in signups {
            signup.join().unwrap();
        }
    });
    one_each(&world, 2);
    assert_eq!(world.bought(), 2, "nothing was bought for a pool that was not empty");
}

#[test]
fn a_waiter_whose_time_runs_out_is_told_when_to_come_back_and_the_number_goes_to_the_pool() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 2000);
    let daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(5000));
    let refused = daemon.assign("u-1");
    assert!(refused.headers["retry-after"].parse::<u32>().unwrap() > 0);
    refused.problem(503, "pool_empty");
    eventually("the number is in the pool", || daemon.status()["available"] == 1);
    assert_eq!(world.count("SELECT count(*) FROM waiters WHERE expires_at > now()"), 0);
    world.twilio.set_latency_on(On::Create, Duration::ZERO);
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool");
    assert_eq!(world.bought(), 1);
    one_each(&world, 1);
}

#[test]
fn the_same_user_asking_many_times_at_once_on_two_instances_costs_one_number() {
    let world = World::new().quiet();
    let (first, second) = (world.daemon(), world.daemon());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..20)
            .map(|n| {
                let daemon = if n % 2 == 0 { &first } else { &second };
                scope.spawn(|| daemon.assign("u-1").ok()["phone_number"].clone())
            })
            .collect();
        asked.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|number| *number == answers[0]), "{answers:?}");
    assert_eq!(world.bought(), 1);
    one_each(&world, 1);
}
