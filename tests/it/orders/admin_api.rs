//! Status, replenishment and the cron jobs of today's users.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::raw::raw;
use crate::world::shape::shape;
use crate::world::{ADMIN_KEY, World, eventually};

const CRON: &str = "/admin/phones/cron/auto-replenish";

#[test]
fn the_status_has_the_earlier_services_fields_and_ours() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 40).set("spend.purchases_per_day_max", 50);
    let daemon = world.daemon();
    let empty = daemon.status();
    let pool = "{apart:integer, assigned:integer, available:integer, available_room:integer, country:text, halted:null, held:integer, \
                last_replenishment:null, missing:integer, missing_of_users:integer, needs_replenishment:bool, \
                number_type:text, owned:integer, owned_max:integer, pool:text, purchasing:integer, quarantined:integer, \
                registering:integer, registration_failed:integer, resting:integer, spend:{day:{bought:integer, max:null}, hour:{bought:integer, max:null}}, \
                threshold:integer, threshold_configured:integer, total:integer, unfit:integer, unready:integer, unsettled:integer, waiting:integer}";
    assert_eq!(
        shape(&empty),
        format!(
            "{{apart:integer, assigned:integer, available:integer, available_room:integer, halted:null, held:integer, last_replenishment:null, \
             missing:integer, missing_of_users:integer, needs_replenishment:bool, owned:integer, owned_max:integer, paused:null, \
             pools:[{pool}], purchasing:integer, quarantined:integer, registering:integer, registration_failed:integer, resting:integer, \
             spend:{{day:{{bought:integer, max:integer}}, hour:{{bought:integer, max:integer}}, override:integer}}, \
             threshold:integer, threshold_configured:integer, total:integer, unconfigured:[], unfit:integer, unready:integer, unsettled:integer, \
             waiting:integer}}"
        )
    );
    daemon.purchase(3).ok();
    daemon.assign("u-1").ok();
    daemon.assign("u-2").ok();
    daemon.release("u-2").ok();
    let status = daemon.status();
    for (field, value) in [
        ("available", json!(1)),
        ("assigned", json!(1)),
        ("total", json!(2)),
        ("quarantined", json!(1)),
        ("threshold", json!(0)),
        ("needs_replenishment", json!(false)),
        ("unready", json!(0)),
        ("purchasing", json!(0)),
        ("unsettled", json!(0)),
        ("spend", json!({"hour": {"bought": 3, "max": 40}, "day": {"bought": 3, "max": 50}, "override": 0})),
    ] {
        assert_eq!(status[field], value, "{field}");
    }
}

#[test]
fn the_status_tells_pause_halt_and_the_latest_pass() {
    let world =
        World::new().set("pool.total_min", 0).set("pool.threshold_low", 5).set("pool.replenishment_batch_size", 4);
    let daemon = world.daemon();
    eventually("the pool refilled", || daemon.status()["last_replenishment"]["purchased_count"] == 8);
    let pass = daemon.status()["last_replenishment"].clone();
    assert_eq!(shape(&pass), "{at:instant, error:null, pool:text, purchased_count:integer, reason:text, trigger:text}");
    assert_eq!(pass["reason"], "below_threshold");
    world.sql(
        "UPDATE buying_gate SET paused_since = now(), paused_by = 'operator', paused_reason = 'audit',
                halted_since = now(), halt_code = 20003, halt_message = 'suspended', next_probe_at = now()",
    );
    let status = daemon.status();
    assert_eq!(shape(&status["paused"]), "{by:text, reason:text, since:instant}");
    assert_eq!(
        shape(&status["halted"]),
        "{message:text, needs:null, next_probe_at:instant, reads_work:bool, since:instant, twilio_code:integer}"
    );
}

#[test]
fn replenishing_tells_before_after_and_why_not() {
    let world = World::new().set("pool.total_min", 0).set("pool.threshold_low", 0);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let idle = daemon.post_empty("/admin/phones/api/replenish").ok();
    let counts = "{assigned:integer, available:integer, total:integer}";
    assert_eq!(
        shape(&idle),
        format!(
            "{{new_status:{counts}, pools:[{{error:null, pool:text, purchased_count:integer, reason:text}}], \
             previous_status:{counts}, purchased_count:integer, reason:text, replenished:bool}}"
        )
    );
    assert_eq!(idle["pools"][0]["pool"], "default");
    let only = daemon.post_empty("/admin/phones/api/replenish?pool=default").ok();
    assert_eq!((&only["reason"], &only["pools"][0]["reason"]), (&json!("above_threshold"), &json!("above_threshold")));
    for path in ["/admin/phones/api/replenish", "/admin/phones/cron/auto-replenish"] {
        let nowhere = daemon.post_empty(&format!("{path}?pool=gb")).problem(422, "invalid_field");
        assert_eq!(nowhere["field"], "pool");
    }
    assert_eq!((&idle["replenished"], &idle["reason"]), (&json!(false), &json!("above_threshold")));
    assert_eq!(idle["previous_status"], json!({"available": 1, "assigned": 0, "total": 1}));
    assert_eq!(world.bought(), 1);
    world.sql("UPDATE buying_gate SET paused_since = now(), paused_by = 'operator'");
    drop(daemon);
    let world = world.set("pool.threshold_low", 5);
    let daemon = world.daemon();
    let paused = daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!((&paused["replenished"], &paused["reason"]), (&json!(false), &json!("paused")));
    assert_eq!(world.bought(), 1);
}

/// The lines that today's users have in their crontabs, byte for byte.
#[test]
fn the_cron_route_takes_a_bare_post_with_the_key_in_the_url() {
    let world = World::new().set("pool.total_min", 0).set("pool.threshold_low", 2);
    // The monitor's own pass finds nothing, and waits a while before its next.
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let daemon = world.daemon();
    eventually("a first pass", || world.sql("SELECT DISTINCT reason FROM passes") == "no_stock");
    world.twilio.clear_faults();
    let bare = raw(&daemon, &format!("POST {CRON}?api_key={ADMIN_KEY} HTTP/1.1\nHost: t\nConnection: close\n\n")).ok();
    check_replenished(&bare, 10);
    assert_eq!(world.bought(), 10);
    for (what, request) in [
        (
            "a form's type without a body",
            format!(
                "POST {CRON} HTTP/1.1\nHost: t\nConnection: close\nX-Admin-API-Key: {ADMIN_KEY}\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 0\n\n"
            ),
        ),
        (
            "a body of any type",
            format!(
                "POST {CRON} HTTP/1.1\nHost: t\nConnection: close\nAuthorization: Bearer {ADMIN_KEY}\nContent-Type: text/plain\nContent-Length: 2\n\nhi"
            ),
        ),
        ("HTTP/1.0", format!("POST {CRON}?x=1&api_key={ADMIN_KEY} HTTP/1.0\n\n")),
    ] {
        let again = raw(&daemon, &request).ok();
        assert_eq!((&again["replenished"], &again["reason"]), (&json!(false), &json!("above_threshold")), "{what}");
    }
    assert_eq!(world.bought(), 10);
    assert!(!daemon.log_text().contains(ADMIN_KEY), "a key in the log");
    assert_eq!(world.count("SELECT count(*) FROM passes WHERE trigger = 'cron'"), 4);
}

fn check_replenished(report: &Value, count: u32) {
    assert_eq!((&report["replenished"], &report["purchased_count"]), (&json!(true), &json!(count)));
    assert_eq!(report["previous_status"], json!({"available": 0, "assigned": 0, "total": 0}));
    assert_eq!(report["new_status"], json!({"available": count, "assigned": 0, "total": count}));
    assert!(report.get("reason").is_none(), "{report}");
}

#[test]
fn health_and_readiness_need_no_key() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    assert_eq!(daemon.send("GET", "/healthz", &[], None).ok(), json!({"status": "ok"}));
    eventually("it is ready", || daemon.send("GET", "/readyz", &[], None).status == 200);
    assert_eq!(daemon.send("GET", "/readyz", &[], None).ok(), json!({"ready": true, "failing": [], "warnings": []}));
    let answer = daemon.send("GET", "/healthz", &[("X-Request-Id", "trace-1")], None);
    assert_eq!(answer.headers["x-request-id"], "trace-1");
}
