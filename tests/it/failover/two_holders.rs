//! Two instances hold the purchase lock at once, each on a server of its own: one on a former primary that lives on, the other on the
//! one that took its place. The ledger makes it harmless, not the lock.
//!
//! How to get it wrong: letting the former primary's instance know the new one. It would go there, and nobody would hold two.

use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use nix::sys::signal::Signal;
use postgres_fixture::Cluster;
use serde_json::json;
use twilio_simulator::On;

use super::pair::Pair;
use crate::torture::is_long;
use crate::world::comparing::{assert_found, reconcile};
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ADMIN_KEY, eventually};

const HELD: &str =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = 12345 AND granted";

fn is_held(cluster: &Cluster) -> bool {
    cluster.psql("postgres", HELD).expect("it answers") == "1"
}

/// An instance that knows the primary of now and no other server.
fn instance(pair: &mut Pair) -> Daemon {
    let url = pair.url_of(pair.primary());
    pair.world.change("DATABASE_URL", url);
    pair.world.daemon()
}

/// The answer to an order of 4, if there is one. Nobody else asks for its area code: of two who pick the same number the second is
/// answered with what the first one bought.
fn ordered(daemon: &Daemon) -> Option<Reply> {
    let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/json")];
    daemon.try_send("POST", "/admin/phones/api/purchase", &headers, Some(br#"{"count":4,"area_code":"212"}"#)).ok()
}

/// `first` has the lock and is about to write its intents when its primary is left behind; an instance at the new one takes the lock
/// there and buys 3. Then `first` goes on, with these failpoints and as `then` says.
fn split(
    pair: &mut Pair,
    first: &Daemon,
    failpoints: &str,
    then: impl FnOnce(&Pair, ScopedJoinHandle<'_, Option<Reply>>),
) -> Daemon {
    first.failpoints("search_answered=pause");
    thread::scope(|scope| {
        let order = scope.spawn(|| ordered(first));
        eventually("it has the lock and its order runs", || {
            is_held(pair.primary()) && pair.world.count("SELECT count(*) FROM purchases WHERE state = 'running'") == 1
        });
        let running = "SET search_path = callbunker; SELECT count(*) FROM purchases WHERE state = 'running'";
        let name = pair.world.database.name().to_owned();
        eventually("the standby knows it", || pair.other().psql(&name, running).expect("it answers") == "1");
        pair.promote();
        let second = instance(pair);
        pair.world.twilio.set_latency_on(On::Create, Duration::from_millis(500));
        second.failpoints("search_answered=pause");
        thread::scope(|scope| {
            let order = json!({ "count": 3, "area_code": "415" });
            let second = &second;
            let bought = scope.spawn(move || second.post("/admin/phones/api/purchase", &order).ok());
            eventually("both have the lock", || is_held(pair.primary()) && is_held(pair.other()));
            second.failpoints("");
            assert_eq!(bought.join().unwrap()["purchased_count"], 3);
        });
        first.failpoints(failpoints);
        then(pair, order);
        second
    })
}

#[test]
fn two_holders_of_the_lock_on_two_servers_buy_nothing_twice_and_nothing_that_nobody_will_know_of() {
    // Without a synchronous standby, the former primary's instance buys what only its own server knows.
    let mut pair = Pair::new();
    pair.world.change("pool.threshold_low", 0);
    pair.world.change("pool.total_min", 0);
    let first = instance(&mut pair);
    let second = split(&mut pair, &first, "", |_, order| {
        let answer = order.join().unwrap().expect("an answer").ok();
        assert_eq!(answer["purchased_count"], 4, "on its own timeline");
    });
    assert_eq!(first.stop(), Some(0));
    pair.other().stop_fast().expect("it stops");
    assert_eq!(pair.world.bought(), 7);
    // What the new primary's ledger does not know is found by our tag, and held: somebody may have it.
    assert_found(&reconcile(&second), &[("adopted", 4)]);
    let held = "SELECT count(*) FROM numbers WHERE status = 'quarantined' AND quarantine_reason = 'unknown_item'";
    assert_eq!(pair.world.count(held), 4);
    assert_eq!(pair.world.sql("SELECT state FROM purchases ORDER BY created_at"), "interrupted\ndone");
    pair.world.assert_nothing_lost_or_doubled();
    for user in 0..3 {
        second.assign(&format!("u-{user}")).ok();
    }
    second.assign("u-3").ok();
    assert_eq!(pair.world.bought(), 8, "none of the four is given to anybody");

    // With one, it never hears that its next intents stand, and sends nothing.
    pair.rejoin();
    let creates = pair.world.twilio.truth().creates.len();
    // Nothing waits for the database for longer; a minute, if a test does not say otherwise.
    let patience = if is_long() { "" } else { "patient_within=return(4)" };
    let third = split(&mut pair, &second, patience, |pair, order| {
        let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        eventually("its intents wait for a standby that has left", || {
            pair.other().psql("postgres", waits).expect("it answers") == "t"
        });
        // What it cannot write is given up in the end, and not sent.
        let told = order.join().unwrap();
        assert!(told.is_none_or(|told| told.status != 200), "it bought");
        assert_eq!(pair.world.twilio.truth().creates.len(), creates + 3);
        second.signal(Signal::SIGKILL);
    });
    pair.other().stop_immediate().expect("it stops");
    assert_eq!(pair.world.twilio.truth().creates.len(), creates + 3, "not one call for what nobody acknowledged");
    assert_found(&reconcile(&third), &[]);
    pair.world.assert_nothing_lost_or_doubled();
}
