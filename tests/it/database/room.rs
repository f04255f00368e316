//! A database without room to write, or in another state that is no statement's fault.

use std::thread;
use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::session::Session;
use crate::world::{World, eventually};

/// Makes every write into `table` fail as PostgreSQL does in such a state.
fn fails_with(world: &World, table: &str, sqlstate: &str, message: &str) {
    world.sql(&format!(
        "CREATE OR REPLACE FUNCTION public.fail_{table}() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{sqlstate}'; END $$;
         CREATE TRIGGER fails BEFORE INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION public.fail_{table}()"
    ));
}

const FULL: (&str, &str) = ("53100", "could not extend file \"base/5/16402\": No space left on device");

#[test]
fn a_state_of_the_server_is_503_and_no_bug() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    for (sqlstate, message) in [
        FULL,
        ("53200", "out of shared memory"),
        ("55000", "cannot access temporary or unlogged relations during recovery"),
        ("57P03", "the database system is shutting down"),
    ] {
        fails_with(&world, "leases", sqlstate, message);
        let refused = daemon.assign("u-1");
        assert!(refused.headers.contains_key("retry-after"), "{message}");
        refused.problem(503, "database_unavailable");
        world.sql("DROP TRIGGER fails ON leases");
    }
    daemon.assign("u-1").ok();
}

#[test]
fn want_of_room_is_503_in_whatever_language_the_database_speaks() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    for message in [
        "konnte Datei »base/5/16402« nicht erweitern: Auf dem Gerät ist kein Speicherplatz mehr verfügbar",
        "n''a pas pu étendre le fichier « base/5/16402 » : Aucun espace disponible sur le périphérique",
    ] {
        fails_with(&world, "leases", FULL.0, message);
        let mistake = daemon.assign("u-1");
        assert_eq!(mistake.status, 500, "another table grows: {mistake:?}");
        fails_with(&world, "waiters", FULL.0, message);
        daemon.assign("u-1").problem(503, "database_unavailable");
        let readyz = daemon.send("GET", "/readyz", &[], None);
        assert_eq!((readyz.status, &readyz.body["failing"]), (503, &json!(["database"])), "{readyz:?}");
        world.sql("DROP TRIGGER fails ON leases; DROP TRIGGER fails ON waiters");
        eventually("it is ready again", || daemon.send("GET", "/readyz", &[], None).status == 200);
    }
    daemon.assign("u-1").ok();
}

#[test]
fn want_of_room_in_any_language_is_503_for_everybody_who_gathered() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let message = "konnte Datei »base/5/16402« nicht erweitern: Auf dem Gerät ist kein Speicherplatz mehr verfügbar";
    fails_with(&world, "leases", FULL.0, message);
    fails_with(&world, "waiters", FULL.0, message);
    // Whoever asks while the first one's statement waits is served together with the others.
    let others = Session::open(&world, "LOCK TABLE numbers");
    thread::scope(|scope| {
        let ask = |n: usize| {
            let daemon = &daemon;
            scope.spawn(move || daemon.assign(&format!("u-{n}")))
        };
        let first = ask(0);
        eventually("the first one waits", || {
            world.count(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            ) > 0
        });
        let crowd: Vec<_> = (1..6).map(ask).collect();
        thread::sleep(Duration::from_millis(300));
        drop(others);
        for asked in std::iter::once(first).chain(crowd) {
            asked.join().unwrap().problem(503, "database_unavailable");
        }
    });
    assert!(!daemon.has_logged("a signup fails whatever stock there is"), "it is nobody's fault");
    let readyz = daemon.send("GET", "/readyz", &[], None);
    assert_eq!((readyz.status, &readyz.body["failing"]), (503, &json!(["database"])), "{readyz:?}");
    world.sql("DROP TRIGGER fails ON leases; DROP TRIGGER fails ON waiters");
    daemon.assign("u-1").ok();
}

#[test]
fn whoever_would_wait_in_line_while_there_is_no_room_is_told_so() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    fails_with(&world, "waiters", FULL.0, FULL.1);
    daemon.assign("u-1").problem(503, "database_unavailable");
    assert_eq!(world.bought(), 0, "nothing is bought for somebody who is not on the waitlist");
    world.sql("DROP TRIGGER fails ON waiters");
    eventually("there is room again", || daemon.assign("u-1").status == 200);
}

#[test]
fn readiness_says_that_there_is_no_room_until_there_is() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    fails_with(&world, "leases", FULL.0, FULL.1);
    fails_with(&world, "waiters", FULL.0, FULL.1);
    daemon.assign("u-1").problem(503, "database_unavailable");
    eventually("readiness names the database", || {
        let readyz = daemon.send("GET", "/readyz", &[], None);
        readyz.status == 503 && readyz.body["failing"] == json!(["database"])
    });
    world.sql("DROP TRIGGER fails ON leases; DROP TRIGGER fails ON waiters");
    eventually("it is ready again", || daemon.send("GET", "/readyz", &[], None).status == 200);
    daemon.assign("u-1").ok();
}

#[test]
fn nothing_more_is_bought_when_what_was_bought_cannot_be_written_down() {
    let world = World::new().quiet().set("purchase.concurrency", 2);
    let daemon = world.daemon();
    // The first one goes alone.
    daemon.purchase(1).ok();
    // Whichever create comes second is answered late that its number is taken: it has a slot for another then.
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).after(1));
    world.twilio.fault(Fault::new(On::Create, FaultKind::Delay).ms(5000).after(1));
    fails_with(&world, "numbers", FULL.0, FULL.1);
    fails_with(&world, "waiters", FULL.0, FULL.1);
    thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(10));
        eventually("the want shows", || daemon.has_logged("a paid number waits to be written down"));
        eventually("the other number turns out to be taken", || {
            world.count("SELECT count(*) FROM purchase_items WHERE state = 'taken'") == 1
        });
        world.sql("DROP TRIGGER fails ON numbers");
        let order = order.join().unwrap();
        let shown = (&order.body["state"], &order.body["purchased_count"], &order.body["errors"][0]["code"]);
        assert_eq!(shown, (&json!("interrupted"), &json!(1), &json!("database_unavailable")), "{order:?}");
    });
    // There is still no room: what is tried with the waiters' table fails.
    let next = daemon.purchase(10);
    assert_ne!(next.body["purchased_count"], 10, "{next:?}");
    assert_eq!(
        (world.twilio.truth().creates.len(), world.bought()),
        (3, 2),
        "what was on its way before the want showed"
    );
    world.sql("DROP TRIGGER fails ON waiters");
    eventually("buying goes on", || daemon.purchase(1).status == 200 && world.bought() >= 3);
    eventually("nothing is open", || {
        world.count("SELECT count(*) FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')") == 0
    });
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn readiness_looks_at_the_tables_that_a_signup_needs() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.sql("ALTER TABLE waiters RENAME TO waiters_away");
    eventually("it is not ready", || daemon.send("GET", "/readyz", &[], None).status == 503);
    world.sql("ALTER TABLE waiters_away RENAME TO waiters");
    eventually("it is ready again", || daemon.send("GET", "/readyz", &[], None).status == 200);
}
