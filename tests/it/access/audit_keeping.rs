//! The audit trail keeps what it has: against statements, outages, deaths and hang-ups; and lets go of what is old.

use std::io::Write as _;

use serde_json::json;
use twilio_simulator::On;

use crate::world::raw::connect;
use crate::world::session::Session;
use crate::world::{ADMIN_KEY, World, eventually};

const PAUSE: &str = "/admin/phones/api/pause";
const RESUME: &str = "/admin/phones/api/resume";

/// The name of the rule that refuses a statement.
fn refused_by(world: &World, statement: &str) -> String {
    let attempt = format!(
        "CREATE FUNCTION pg_temp.refused_by() RETURNS text LANGUAGE plpgsql AS $f$
         DECLARE name text; BEGIN {statement}; RETURN 'nothing';
         EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME; RETURN name; END $f$;
         SELECT pg_temp.refused_by()"
    );
    world.sql(&attempt).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn rows_are_never_changed_and_removed_only_when_they_are_old() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.post_empty(PAUSE).ok();
    eventually("the retention is set", || world.count("SELECT count(*) FROM audit_retention") == 1);
    for statement in [
        "UPDATE audit SET who = 'nobody'",
        "UPDATE audit SET who = who WHERE false",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE audit_retention SET days = 1",
        "DELETE FROM audit_retention",
        "TRUNCATE audit_retention",
        // A shorter time does not count at once, whatever it claims.
        "INSERT INTO audit_retention (days, set_at) VALUES (1, now() - interval '1 year'); \
         INSERT INTO audit (call_id, at, who, action) VALUES (gen_random_uuid(), now() - interval '2 days', 'x', 'x'); \
         DELETE FROM audit WHERE who = 'x'",
    ] {
        assert_eq!(refused_by(&world, statement), "audit_is_append_only", "{statement}");
    }
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE action = 'pause'"), 1);
}

const AGED: &str = "INSERT INTO audit (call_id, at, who, action)
    SELECT gen_random_uuid(), now() - make_interval(days => days), days::text, 'old' FROM unnest(ARRAY[1, 3, 9]) AS days";
const LEFT: &str = "SELECT string_agg(who, ' ' ORDER BY who) FROM audit WHERE action = 'old'";

#[test]
fn old_rows_are_deleted_after_the_retention_and_a_shorter_one_counts_after_a_week() {
    let mut world = World::new().quiet().set("audit.retention_days", 5);
    let daemon = world.daemon();
    eventually("the retention is set", || world.count("SELECT count(*) FROM audit_retention") == 1);
    daemon.stop();
    world.sql(AGED);
    let daemon = world.daemon();
    eventually("what is older than five days is gone", || world.sql(LEFT) == "1 3");
    daemon.stop();
    world.change("audit.retention_days", 2);
    let daemon = world.daemon();
    eventually("the shorter retention is set", || world.count("SELECT count(*) FROM audit_retention") == 2);
    assert_eq!(refused_by(&world, "DELETE FROM audit WHERE who = '3'"), "audit_is_append_only");
    daemon.stop();
    world.sql(
        "ALTER TABLE audit_retention DISABLE TRIGGER USER;
         UPDATE audit_retention SET set_at = set_at - interval '8 days';
         ALTER TABLE audit_retention ENABLE TRIGGER USER",
    );
    let daemon = world.daemon();
    eventually("a week later it counts", || world.sql(LEFT) == "1");
    daemon.stop();
}

#[test]
fn a_call_whose_row_cannot_be_written_is_answered_in_time_and_written_once_later() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.post(RESUME, &json!({"reason": "before"})).ok();
    let frozen = Session::open(&world, "LOCK TABLE audit IN ACCESS EXCLUSIVE MODE");
    daemon.post(RESUME, &json!({"reason": "meanwhile"})).ok();
    daemon.assign("u-1").ok();
    drop(frozen);
    let rows = || world.sql("SELECT detail->>'reason' FROM audit WHERE action = 'resume' ORDER BY id");
    eventually("the row is written", || rows() == "before\nmeanwhile");
    // At an orderly stop nothing is left behind.
    daemon.post(RESUME, &json!({"reason": "after"})).ok();
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(rows(), "before\nmeanwhile\nafter");
}

#[test]
fn rows_wait_for_a_server_that_nobody_understands_and_only_the_one_that_is_to_blame_is_given_up() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let refuse = |which: &str| {
        world.sql(&format!(
            "CREATE OR REPLACE FUNCTION public.fail_audit() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF {which} THEN RAISE EXCEPTION 'Ein-/Ausgabefehler' USING ERRCODE = '58030'; END IF; RETURN NEW; END $$;
             CREATE OR REPLACE TRIGGER fails BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION public.fail_audit()"
        ))
    };
    let rows = || world.sql("SELECT detail->>'reason' FROM audit WHERE action = 'resume' ORDER BY at, id");
    refuse("true");
    for n in 0..7 {
        daemon.post(RESUME, &json!({"reason": format!("r-{n}")})).ok();
    }
    eventually("it is said", || daemon.has_logged("audit rows wait for the database"));
    refuse("NEW.detail->>'reason' = 'r-3'");
    let others = "r-0\nr-1\nr-2\nr-4\nr-5\nr-6";
    eventually("the others are written", || rows() == others);
    eventually("the one is told", || daemon.has_logged("an audit row could not be written"));
    let told = daemon.log_lines().iter().filter(|line| line["msg"] == "an audit row could not be written").count();
    assert_eq!((rows().as_str(), told), (others, 1));
    daemon.post(RESUME, &json!({"reason": "after"})).ok();
    eventually("the trail goes on", || rows() == format!("{others}\nafter"));
}

#[test]
fn a_caller_who_hangs_up_stands_in_the_trail_all_the_same() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_secs(4));
    let mut caller = connect(&daemon);
    let body = r#"{"count":1}"#;
    let head = format!(
        "Host: t\r\nX-Admin-API-Key: {ADMIN_KEY}\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    write!(caller, "POST /admin/phones/api/purchase HTTP/1.1\r\n{head}\r\n\r\n{body}").expect("the daemon listens");
    eventually("the create is on the wire", || world.twilio.truth().creates_in_flight == 1);
    drop(caller);
    let row = "SELECT result IS NULL, code, detail FROM audit WHERE action = 'purchase'";
    let id = world.sql("SELECT id FROM purchases");
    let noted = format!(r#"t|client_gone|{{"count": 1, "purchase_id": "{id}"}}"#);
    eventually("its row is there, with the order's id", || world.sql(row) == noted);
    eventually("it was bought all the same", || daemon.status()["available"] == 1);
}

#[cfg(feature = "failpoints")]
#[test]
fn a_panic_stands_in_the_trail_and_the_writers_death_loses_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.failpoints("handler=1*panic(on purpose)");
    daemon.post(RESUME, &json!({})).problem(500, "internal");
    let rows = || world.sql("SELECT result, code FROM audit WHERE action = 'resume' ORDER BY id");
    eventually("the panic's row", || rows() == "500|internal");
    daemon.failpoints("audit=1*panic(on purpose)");
    daemon.post(RESUME, &json!({})).ok();
    eventually("the next writer writes what the dead one left", || rows() == "500|internal\n200|");
    eventually("the death is told", || daemon.has_logged("a part died and is replaced"));
}
