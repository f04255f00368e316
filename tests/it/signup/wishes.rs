//! Many signups at once that wish for as many different area codes, at a database that is far away: they cost a few statements, not a
//! few for each.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};
use crate::world::slow_wire::far_away;

const USERS: usize = 200;

/// Distinct area codes, of places and of none.
fn wish(user: usize) -> String {
    (201 + user * 3).to_string()
}

/// Numbers for everybody, every fourth of which is of an area code that somebody wishes for.
fn stocked() -> World {
    let world = World::new().quiet().set("http.connections_max", 400);
    assert_eq!(world.daemon().stop(), Some(0));
    world.stock("default", 1, u32::try_from(USERS).expect("few"));
    world.sql(
        "SET session_replication_role = replica;
         UPDATE numbers SET area_code = (201 + 12 * (id % 50))::text WHERE id % 4 = 0;
         UPDATE leases l SET area_code = n.area_code FROM numbers n WHERE n.id = l.number_id",
    );
    world
}

fn all_at_once(daemon: &Daemon, body: impl Fn(usize) -> Value + Sync) -> Vec<Reply> {
    let body = &body;
    thread::scope(|scope| {
        let asking: Vec<_> =
            (0..USERS).map(|user| scope.spawn(move || daemon.signup("/signup/api/assign", &body(user)))).collect();
        asking.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

#[test]
fn two_hundred_different_wishes_at_once_are_served_although_the_database_is_far_away() {
    let world = stocked();
    let url = far_away(&world, Duration::from_millis(8));
    let world = world.set("DATABASE_URL", url);
    let daemon = world.daemon();
    let answers = all_at_once(&daemon, |user| json!({"user_id": format!("u-{user}"), "area_code": wish(user)}));
    let given: Vec<Value> = answers.into_iter().map(Reply::ok).collect();
    let numbers: BTreeSet<&str> = given.iter().map(|given| given["phone_number"].as_str().expect("a number")).collect();
    assert_eq!(numbers.len(), USERS);
    assert!(given.iter().all(|given| given["source"] == "pool"), "stock was enough");
    for (user, given) in given.iter().enumerate() {
        // What lies there is given to whoever wishes for it, or for a code near it, and nobody else.
        let is_theirs = given["area_code"] == json!(wish(user));
        assert_eq!(given["match"] == "exact", is_theirs, "{given}");
    }
    assert!(given.iter().any(|given| given["match"] == "exact"), "some lie there");
    assert_eq!(world.bought(), 0);
    // Who has one gets it again, whatever they wish for by now.
    let again = all_at_once(&daemon, |user| json!({"user_id": format!("u-{user}"), "area_code": wish(USERS - user)}));
    for (first, again) in given.iter().zip(again) {
        assert_eq!(again.ok()["phone_number"], first["phone_number"]);
    }
}

#[test]
fn two_hundred_who_wait_are_told_that_nothing_comes_and_not_that_the_database_is_away() {
    let world = World::new().quiet().set("http.connections_max", 400).set("purchase.emergency_wait_ms", 5000);
    assert_eq!(world.daemon().stop(), Some(0));
    // One lies there that nobody who waits is given: it is apart, and everybody looks past it.
    world.sql(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, number_type, apart)
         VALUES ('PN' || repeat('8', 32), '+18885550100', 'US', '888', 'active', 'configured', true, '2020-01-01', 'toll_free', true)",
    );
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE apart AND ready AND user_id IS NULL"), 1);
    let url = far_away(&world, Duration::from_millis(8));
    world.twilio.fault(Fault::new(On::Search, FaultKind::Hang).forever());
    let world = world.set("DATABASE_URL", url);
    let daemon = world.daemon();
    let answers = all_at_once(&daemon, |user| json!({"user_id": format!("u-{user}"), "area_code": wish(user)}));
    for answer in answers {
        answer.problem(503, "pool_empty");
    }
}
