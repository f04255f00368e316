//! Checks over several pools: which is filled first, what is told of each, and that none silences the others.

use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

const REPLENISH: &str = "/admin/phones/api/replenish";
const RESUME: &str = "/admin/phones/api/resume";
const PAUSE: &str = "/admin/phones/api/pause";
const ATTENTION: &str = "/admin/phones/api/attention";

/// The keys of a pool in the US that buys one at a time.
fn wants(threshold: &str) -> [(&str, &str); 3] {
    [("country", "US"), ("threshold_low", threshold), ("replenishment_batch_size", "1")]
}

fn of_pool<'a>(document: &'a Value, name: &str) -> &'a Value {
    let pools = document["pools"].as_array().expect("a list");
    pools.iter().find(|pool| pool["pool"] == name).unwrap_or_else(|| panic!("{name}: {document}"))
}

fn available(daemon: &Daemon, pool: &str) -> u64 {
    of_pool(&daemon.status(), pool)["available"].as_u64().expect("a count")
}

/// The pools of what Twilio sold, in the order in which it did.
fn bought_for(world: &World) -> Vec<String> {
    let pool = |number: &String| world.sql(&format!("SELECT pool FROM numbers WHERE phone_number = '{number}'"));
    world.twilio.truth().purchases.iter().map(|purchase| pool(&purchase.phone_number)).collect()
}

#[test]
fn the_emptiest_pool_is_filled_first() {
    let mut world = World::new()
        .quiet()
        .set("pool.replenishment_batch_size", 1)
        .pool("few", &wants("0"))
        .pool("none", &wants("0"))
        .pool("off", &wants("0"));
    let daemon = world.daemon();
    for (pool, count) in [("default", 2), ("few", 1)] {
        daemon.post("/admin/phones/api/purchase", &json!({"count": count, "pool": pool})).ok();
    }
    assert_eq!(daemon.stop(), Some(0));
    for (key, threshold) in [("pool", 4), ("pools.few", 2), ("pools.none", 2)] {
        world.change(&format!("{key}.threshold_low"), threshold);
    }
    let daemon = world.daemon();
    eventually("all are filled", || {
        let status = daemon.status();
        status["needs_replenishment"] == false && of_pool(&status, "none")["last_replenishment"].is_object()
    });
    // Of equals default comes first, then the first by name.
    assert_eq!(bought_for(&world)[3..], ["none", "default", "few", "none", "default"]);
    assert_eq!(available(&daemon, "off"), 0);
    // Each of them that decided something has its own line, and no other has.
    assert_eq!(
        world.sql("SELECT pool, trigger, purchased_count FROM passes ORDER BY pool"),
        "default|warm_start|2\nfew|warm_start|1\nnone|warm_start|2"
    );
}

#[test]
fn one_look_at_all_pools_tells_each() {
    let world = World::new().quiet().pool("gb", &wants("2")).pool("off", &wants("0"));
    let daemon = world.daemon();
    eventually("gb is filled", || available(&daemon, "gb") == 2);
    let idle = daemon.post_empty(REPLENISH).ok();
    assert_eq!((&idle["reason"], &idle["replenished"]), (&json!("above_threshold"), &json!(false)));
    let names: Vec<&Value> = idle["pools"].as_array().expect("a list").iter().map(|pool| &pool["pool"]).collect();
    assert_eq!(names, [&json!("default"), &json!("gb"), &json!("off")]);
    daemon.post(PAUSE, &json!({})).ok();
    daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "pool": "gb"})).ok();
    // The first that lacks something says why nothing was bought.
    let paused = daemon.post_empty(REPLENISH).ok();
    assert_eq!((&paused["reason"], &of_pool(&paused, "gb")["reason"]), (&json!("paused"), &json!("paused")));
    assert_eq!(of_pool(&paused, "default")["reason"], "above_threshold");
    assert_eq!((&paused["new_status"]["available"], &paused["new_status"]["assigned"]), (&json!(1), &json!(1)));
    let only = daemon.post_empty(&format!("{REPLENISH}?pool=default")).ok();
    assert_eq!((&only["reason"], only["pools"].as_array().map(Vec::len)), (&json!("above_threshold"), Some(1)));
    assert_eq!(only["new_status"], json!({"available": 0, "assigned": 0, "total": 0}));
    daemon.post_empty(&format!("{REPLENISH}?pool=fr")).problem(422, "invalid_field");
    assert_eq!(
        world.sql("SELECT pool || ' ' || reason FROM passes WHERE trigger = 'replenish' ORDER BY id DESC LIMIT 4"),
        "default above_threshold\noff above_threshold\ngb paused\ndefault above_threshold"
    );
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_look_buys_for_whoever_lacks_and_sums_what_it_did() {
    let world = World::new().quiet().pool("a", &wants("2")).pool("b", &wants("1"));
    let daemon = world.daemon();
    eventually("the first fill", || available(&daemon, "a") >= 2 && available(&daemon, "b") >= 1);
    daemon.post(PAUSE, &json!({})).ok();
    for (user, pool) in [("u-1", "a"), ("u-2", "b")] {
        daemon.signup("/signup/api/assign", &json!({"user_id": user, "pool": pool})).ok();
    }
    // What is asked for by hand minds no pause, and belongs to the pool that it names.
    let order = json!({"count": 1, "pool": "b"});
    assert_eq!(daemon.post("/admin/phones/api/purchase", &order).ok()["pool"], "b");
    assert_eq!((available(&daemon, "a"), available(&daemon, "b")), (1, 1));
    daemon.post_empty(RESUME).ok();
    eventually("a is filled again", || available(&daemon, "a") >= 2);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE pool = 'b'"), 2, "b lacked nothing");
    let status = daemon.status();
    assert_eq!(status["spend"]["day"]["bought"], 5);
    let days = |pool: &str| of_pool(&status, pool)["spend"]["day"]["bought"].clone();
    assert_eq!((days("a"), days("b"), days("default")), (json!(3), json!(2), json!(0)));
}

/// A check by hand that buys for two pools, and finds a third one full.
#[test]
fn a_replenishment_buys_for_each_that_lacks_and_says_so_pool_by_pool() {
    let world = World::new()
        .set("pool.threshold_low", 2)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 2)
        .pool("a", &wants("3"))
        .pool("full", &wants("0"));
    // What the daemon tries by itself comes to nothing, and it leaves the pools alone for some seconds then.
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let daemon = world.daemon();
    eventually("both were tried", || {
        let status = daemon.status();
        ["default", "a"].iter().all(|pool| of_pool(&status, pool)["last_replenishment"]["reason"] == "no_stock")
    });
    world.twilio.clear_faults();
    let pass = daemon.post_empty(REPLENISH).ok();
    assert_eq!(
        (&pass["replenished"], &pass["purchased_count"], &pass["reason"]),
        (&json!(true), &json!(5), &Value::Null)
    );
    let each = |name: &str| [&of_pool(&pass, name)["purchased_count"], &of_pool(&pass, name)["reason"]];
    assert_eq!(each("default"), [&json!(2), &Value::Null], "{pass}");
    assert_eq!(each("a"), [&json!(3), &Value::Null], "{pass}");
    assert_eq!(each("full"), [&json!(0), &json!("above_threshold")], "{pass}");
    let none = json!({"available": 0, "assigned": 0, "total": 0});
    assert_eq!((&pass["previous_status"], &pass["new_status"]["available"]), (&none, &json!(5)), "{pass}");
    let explained = daemon.get("/admin/phones/api/passes?pool=a&limit=1").ok();
    let said = explained["items"][0]["explanation"].as_str().expect("a sentence");
    assert!(said.contains("pools.a.threshold_low"), "{explained}");
}

#[test]
fn a_pool_without_stock_does_not_silence_others() {
    // Twilio has nothing there: no town has this name.
    let nowhere = [("country", "US"), ("threshold_low", "2"), ("locality", "Nowhere At All")];
    let world = World::new()
        .set("pool.threshold_low", 1)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 1)
        .pool("void", &nowhere);
    let daemon = world.daemon();
    eventually("it is told", || of_pool(&daemon.status(), "void")["last_replenishment"]["reason"] == "no_stock");
    for user in 0..12 {
        eventually("there is one", || available(&daemon, "default") > 0);
        daemon.assign(&format!("u-{user}")).ok();
    }
    eventually("and another one", || available(&daemon, "default") > 0);
    // What default bought ended no pause of the other one, which grows with each failure in a row.
    let tried = world.count("SELECT count(*) FROM passes WHERE pool = 'void'");
    assert!(tried < 12, "{tried} tries\n{}", world.sql("SELECT pool, trigger, reason, at FROM passes ORDER BY id"));
    let items = daemon.get(ATTENTION).ok();
    let void = items["items"].as_array().expect("a list").iter().find(|item| item["pool"] == "void").expect("an item");
    assert_eq!((&void["kind"], &void["next"]), (&json!("pool_empty"), &json!("next try")), "{items}");
}

#[test]
fn a_pool_that_lacks_something_halts_alone_and_everybody_is_told() {
    let world = World::new().quiet().pool("gb", &wants("0")).pool("ca", &wants("0"));
    let daemon = world.daemon();
    world.stock("default", 1, 2);
    world.stock("ca", 11, 1);
    for pool in ["gb", "ca"] {
        world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_649));
        let order = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "pool": pool})).ok();
        assert_eq!(order["state"], "halted", "{order}");
    }
    let status = daemon.status();
    let needs = |status: &Value, pool: &str| of_pool(status, pool)["halted"]["needs"].clone();
    assert_eq!((&status["halted"], needs(&status, "default")), (&Value::Null, Value::Null));
    assert_eq!(
        (needs(&status, "gb"), needs(&status, "ca")),
        (json!("pools.gb.bundle_sid"), json!("pools.ca.bundle_sid"))
    );
    let alone = daemon.get("/admin/phones/api/status?pool=gb").ok();
    assert_eq!((&alone["halted"]["needs"], &alone["pools"][0]["halted"]), (&needs(&status, "gb"), &alone["halted"]));
    let ready = daemon.send("GET", "/readyz", &[], None).ok();
    let warnings: Vec<&str> = ready["warnings"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(warnings, ["pool_halted: ca needs pools.ca.bundle_sid", "pool_halted: gb needs pools.gb.bundle_sid"]);
    let items = daemon.get(ATTENTION).ok();
    let told: Vec<[&Value; 3]> = items["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|item| item["kind"] == "pool_halted")
        .map(|item| [&item["pool"], &item["severity"], &item["link_text"]])
        .collect();
    assert_eq!(
        told,
        [
            [&json!("gb"), &json!("critical"), &json!("Resume gb…")],
            [&json!("ca"), &json!("warning"), &json!("Resume ca…")]
        ]
    );
    let plan = daemon.get("/admin/phones/api/plan").ok();
    assert!(plan["warnings"].to_string().contains("pools.gb.bundle_sid"), "{plan}");
    // A plain resume ends neither, and a pool's its own alone.
    let answer = daemon.post_empty(RESUME).ok();
    assert!(of_pool(&answer, "gb")["halted"].is_object() && of_pool(&answer, "ca")["halted"].is_object());
    let answer = daemon.post(RESUME, &json!({"pool": "gb"})).ok();
    assert!(of_pool(&answer, "gb")["halted"].is_null() && of_pool(&answer, "ca")["halted"].is_object(), "{answer}");
    daemon.post(RESUME, &json!({"pool": "fr"})).problem(422, "invalid_field");
    let status = daemon.status();
    assert_eq!((needs(&status, "gb"), needs(&status, "ca")), (Value::Null, json!("pools.ca.bundle_sid")));
    assert_eq!(
        daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "pool": "gb"})).ok()["purchased_count"],
        1
    );
}

#[test]
fn a_pool_that_is_emptied_while_a_pass_goes_on_has_its_turn_in_it() {
    let mut world = World::new().quiet().pool("a", &wants("0")).pool("b", &wants("0"));
    let daemon = world.daemon();
    world.stock("b", 1, 2);
    assert_eq!(daemon.stop(), Some(0));
    world.change("pools.a.threshold_low", 8);
    world.change("pools.b.threshold_low", 2);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(700));
    let daemon = world.daemon();
    eventually("a is being filled", || world.bought() >= 1);
    for user in ["u-1", "u-2"] {
        let given = daemon.signup("/signup/api/assign", &json!({"user_id": user, "pool": "b"})).ok();
        assert_eq!(given["source"], "pool");
    }
    eventually("both are filled", || available(&daemon, "a") == 8 && available(&daemon, "b") == 2);
    let bought = bought_for(&world);
    assert_eq!((bought.len(), bought.last().map(String::as_str)), (10, Some("a")), "{bought:?}");
    // It joined the pass of the other one.
    eventually("they are told", || world.count("SELECT count(*) FROM passes WHERE purchased_count > 0") == 2);
    assert_eq!(
        world.sql("SELECT pool, trigger, purchased_count FROM passes WHERE purchased_count > 0 ORDER BY pool"),
        "a|warm_start|8\nb|threshold|2"
    );
}

#[test]
fn a_pass_that_bought_and_then_cannot_look_is_told_all_the_same() {
    let world = World::new()
        .set("pool.threshold_low", 2)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 2)
        .set("pool.available_max", 10);
    let mut daemon = world.daemon_with_failpoints("order_ended=1*pause");
    daemon.wait_until_it_serves();
    eventually("the order has ended", || world.sql("SELECT state FROM purchases") == "done");
    // What a look counts by, and nothing else.
    world.sql("ALTER TABLE owned_changes RENAME TO owned_changes_out_of_sight");
    daemon.failpoint_off("order_ended");
    let pass =
        || world.sql("SELECT trigger, reason, purchased_count, error IS NOT NULL FROM passes ORDER BY at LIMIT 1");
    eventually("the pass is written down", || !pass().is_empty());
    world.sql("ALTER TABLE owned_changes_out_of_sight RENAME TO owned_changes");
    assert_eq!(pass(), "warm_start|below_threshold|2|t");
    assert_eq!((world.bought(), available(&daemon, "default")), (2, 2));
    // It is not left alone for having failed.
    daemon.assign("u-1").ok();
    eventually("the next pass comes", || world.bought() == 4);
}
