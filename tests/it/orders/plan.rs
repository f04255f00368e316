//! What would be bought now, why, and what it would cost: told, and then done just so.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::daemon::Daemon;
use crate::world::shape::shape;
use crate::world::{World, eventually};

const PLAN: &str = "/admin/phones/api/plan";
const PASSES: &str = "/admin/phones/api/passes";

fn plan(daemon: &Daemon) -> Value {
    daemon.get(PLAN).ok()
}

/// A world whose monitor does nothing by itself while the test arranges the stock: the policy comes with `daemon_with`.
fn arranged(statements: &[&str], bought: u32, assigned: u32) -> World {
    let world = World::new().quiet();
    let daemon = world.daemon();
    if bought > 0 {
        daemon.purchase(bought).ok();
    }
    for user in 0..assigned {
        daemon.assign(&format!("u-{user}")).ok();
    }
    daemon.stop();
    for statement in statements {
        world.sql(statement);
    }
    world
}

#[test]
fn a_replenishment_buys_exactly_what_the_plan_said() {
    // Bought, assigned, statements, settings, planned, why, cap.
    type Situation<'a> = (u32, u32, &'a [&'a str], &'a [(&'a str, u32)], u32, &'a str, Option<&'a str>);
    let situations: &[Situation<'_>] = &[
        (0, 0, &[], &[], 20, "below_threshold", None),
        (
            0,
            0,
            &[],
            &[("pool.available_max", 13), ("pool.total_min", 13)],
            13,
            "below_threshold",
            Some("available_max"),
        ),
        (9, 0, &[], &[("pool.total_min", 0)], 10, "below_threshold", None),
        (11, 5, &[], &[("pool.total_min", 0), ("pool.threshold_low", 7)], 10, "below_threshold", None),
        (12, 2, &[], &[("pool.replenishment_batch_size", 3)], 9, "below_total_min", None),
        (12, 1, &[], &[("pool.total_min", 12)], 0, "above_threshold", None),
        (6, 0, &[], &[("spend.purchases_per_hour_max", 11)], 5, "below_threshold", Some("purchases_per_hour")),
        (6, 0, &[], &[("spend.purchases_per_day_max", 6)], 0, "spend_cap", Some("purchases_per_day")),
        (8, 3, &[], &[("pool.owned_max", 10)], 2, "below_threshold", Some("owned_max")),
        (8, 3, &[], &[("pool.owned_max", 8)], 0, "owned_max", Some("owned_max")),
        // What Twilio refuses to set serves nobody; it only uses up room.
        (
            10,
            0,
            &["UPDATE numbers SET webhook_status = 'failed'"],
            &[("pool.total_min", 0)],
            10,
            "below_threshold",
            None,
        ),
        (
            10,
            0,
            &["UPDATE numbers SET webhook_status = 'failed'"],
            &[("pool.total_min", 0), ("pool.available_max", 13)],
            3,
            "below_threshold",
            Some("available_max"),
        ),
        (10, 0, &["UPDATE numbers SET capable = false"], &[("pool.total_min", 0)], 10, "below_threshold", None),
        (10, 0, &["UPDATE numbers SET missing_since = now()"], &[("pool.total_min", 0)], 10, "below_threshold", None),
        (0, 0, &["UPDATE buying_gate SET paused_since = now(), paused_by = 'test'"], &[], 0, "paused", None),
    ];
    std::thread::scope(|scope| {
        // Two at a time: each has a world of its own.
        for half in situations.chunks(situations.len().div_ceil(2)) {
            scope.spawn(move || {
                for (bought, assigned, statements, settings, planned, why, cap) in half {
                    let mut world = arranged(statements, *bought, *assigned);
                    for (key, value) in [("pool.threshold_low", 10), ("pool.total_min", 20)].iter().chain(*settings) {
                        world.change(key, value);
                    }
                    // The monitor looks at once; its searches find nothing until the plan was told.
                    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
                    let daemon = world.daemon();
                    let told = plan(&daemon);
                    world.twilio.clear_faults();
                    assert_eq!(
                        (&told["would_purchase"], &told["why"], &told["binding_cap"]),
                        (&json!(planned), &json!(why), &json!(cap)),
                        "{told}"
                    );
                    eventually("the replenishment is over", || {
                        daemon.post_empty("/admin/phones/api/replenish").ok();
                        plan(&daemon)["would_purchase"] == 0
                    });
                    let all = u32::try_from(world.bought()).unwrap();
                    assert_eq!(all - bought, *planned, "{told}");
                    assert_eq!(world.count("SELECT count(*) FROM purchase_items WHERE state <> 'bought'"), 0);
                }
            });
        }
    });
}

#[test]
fn a_plan_tells_why_what_is_left_and_what_it_costs() {
    let world = arranged(&[], 6, 2).set("pool.threshold_low", 5).set("pool.total_min", 0).set("pool.available_max", 12);
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let daemon = world.daemon();
    let told = plan(&daemon);
    assert_eq!(
        (&told["would_purchase"], &told["binding_cap"]),
        (&json!(8), &json!("available_max")),
        "four idle, a batch of ten, room for eight: {told}"
    );
    assert_eq!(told["caps"], json!({"hour_left": 94, "day_left": 294, "available_room": 8, "owned_room": 994}));
    assert_eq!(
        told["explanation"],
        "would buy 8 in one batch: 4 available or on their way, threshold 5; pool.available_max has room for 8"
    );
    assert_eq!(
        (&told["unit_price"], &told["price_unit"], &told["monthly_cost"], told.get("price_error")),
        (&json!("1.15"), &json!("USD"), &json!("9.20"), None)
    );
    assert_eq!(shape(&told["balance"]), "{amount:text, currency:text}");
    assert_eq!(
        (&told["stock"]["available"], &told["stock"]["assigned"], &told["warnings"]),
        (&json!(4), &json!(2), &json!([]))
    );
    // An order by hand minds the spend caps only.
    let by_hand = daemon.get(&format!("{PLAN}?count=20&area_code=415")).ok();
    assert_eq!(
        (&by_hand["would_purchase"], &by_hand["why"], &by_hand["binding_cap"], &by_hand["monthly_cost"]),
        (&json!(20), &json!("by_hand"), &Value::Null, &json!("23.00"))
    );
    let (pricing, balance) =
        (world.twilio.truth().requests_of(On::Pricing), world.twilio.truth().requests_of(On::Balance));
    assert_eq!((pricing, balance), (1, 1), "both are remembered");
    assert_eq!(world.bought(), 6, "nothing is bought");
}

#[test]
fn a_plan_that_cannot_be_read_is_named() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (query, field) in [
        ("count=0", "count"),
        ("count=101", "count"),
        ("count=-1", "count"),
        ("count=ten", "count"),
        ("count=1&area_code=115", "area_code"),
        ("count=1&area_code=4155", "area_code"),
        ("area_code=415", "area_code"),
    ] {
        let refused = daemon.get(&format!("{PLAN}?{query}")).problem(422, "invalid_field");
        assert_eq!(refused["field"], field, "{query}");
    }
    assert_eq!(daemon.get(&format!("{PLAN}?count=&area_code=&nobody_reads_this=1")).status, 200);
}

#[test]
fn a_twilio_that_hangs_or_refuses_hides_the_price_and_nothing_else() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Pricing, FaultKind::Hang).forever());
    world.twilio.fault(Fault::new(On::Balance, FaultKind::Unauthorized).forever());
    let told = daemon.get(&format!("{PLAN}?count=3")).ok();
    for field in ["unit_price", "price_unit", "monthly_cost", "balance"] {
        assert_eq!(told[field], Value::Null, "{field}");
    }
    assert!(told["price_error"].as_str().unwrap().contains("not answered yet"), "{told}");
    assert_eq!(told["would_purchase"], 3);
    assert_eq!(daemon.status()["halted"], Value::Null, "who may not read prices may buy all the same");
    daemon.get(PLAN).ok();
    assert_eq!(world.twilio.truth().requests_of(On::Pricing), 1, "one question is on its way");
    assert_eq!(world.twilio.truth().requests_of(On::Balance), 1, "a refusal is remembered");
}

#[test]
fn a_halted_account_is_not_asked_for_prices() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let asked = || world.twilio.truth().requests.values().sum::<u64>();
    let before = asked();
    world.sql("UPDATE buying_gate SET halted_since = now(), halt_code = 20003, halt_message = 'Twilio refused with 401/20003'");
    let told = daemon.get(&format!("{PLAN}?count=3")).ok();
    assert_eq!((&told["would_purchase"], &told["why"]), (&json!(0), &json!("halted")));
    assert!(told["warnings"][0].as_str().unwrap().contains("401/20003"), "{told}");
    assert!(told["price_error"].as_str().unwrap().contains("not asked"), "{told}");
    assert_eq!(asked(), before);
}

#[test]
fn every_pass_explains_itself_also_when_nothing_happened() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    daemon.post_empty("/admin/phones/api/pause").ok();
    daemon.stop();
    let world = world.set("pool.threshold_low", 3).set("pool.replenishment_batch_size", 3);
    let daemon = world.daemon();
    daemon.post_empty("/admin/phones/api/replenish").ok();
    daemon.post_empty("/admin/phones/api/resume").ok();
    eventually("the pool is filled", || daemon.status()["available"] == 3);
    eventually("the pass is written down", || {
        daemon.get(&format!("{PASSES}?limit=1")).ok()["items"][0]["purchased_count"] == 3
    });
    let page = daemon.get(PASSES).ok();
    let items = page["items"].as_array().unwrap();
    assert_eq!(
        shape(&items[0]),
        "{at:instant, detail:null, error:null, explanation:text, pool:text, purchased_count:integer, reason:text, trigger:text}"
    );
    let reasons: Vec<&str> = items.iter().map(|pass| pass["reason"].as_str().unwrap()).collect();
    assert_eq!((reasons.first(), reasons.last()), (Some(&"below_threshold"), Some(&"above_threshold")));
    assert!(reasons.contains(&"paused"), "{reasons:?}");
    for pass in items {
        assert!(pass["explanation"].as_str().unwrap().contains(' '), "{pass}");
    }
    let first = daemon.get(&format!("{PASSES}?limit=1")).ok();
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let rest = daemon.get(&format!("{PASSES}?cursor={cursor}")).ok();
    assert_eq!(rest["items"].as_array().unwrap().as_slice(), &items[1..]);
    daemon.get(&format!("{PASSES}?cursor=x")).problem(422, "invalid_field");
}

#[test]
fn whoever_asks_for_readiness_is_warned_of_a_pause_and_a_halt_and_signups_go_on() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.post("/admin/phones/api/pause", &json!({"reason": "audit"})).ok();
    world.sql("UPDATE buying_gate SET halted_since = now(), halt_code = 22300, halt_message = 'barred from buying'");
    let ready = daemon.send("GET", "/readyz", &[], None).ok();
    assert_eq!((&ready["ready"], &ready["failing"]), (&json!(true), &json!([])));
    let warnings: Vec<&str> = ready["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].starts_with("halted") && warnings[0].contains("barred from buying"), "{warnings:?}");
    assert!(warnings[1].starts_with("paused by ") && warnings[1].contains(" since "), "{warnings:?}");
    daemon.assign("u-1").ok();
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(daemon.send("GET", "/readyz", &[], None).ok()["warnings"], json!([]));
}
