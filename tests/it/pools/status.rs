//! The documents over all pools, and of one alone.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, NumberKind, On};

use crate::world::{World, eventually};

const STATUS: &str = "/admin/phones/api/status";
const PLAN: &str = "/admin/phones/api/plan";

#[test]
fn the_sums_are_those_of_the_pools() {
    let world = World::new().quiet().set("pool.threshold_low", 5).set("spend.purchases_per_hour_max", 40);
    let daemon = world.daemon();
    eventually("the pool is filled, and that is told", || {
        let status = daemon.status();
        status["available"].as_u64() >= Some(5) && status["last_replenishment"].is_object()
    });
    daemon.assign("u-1").ok();
    daemon.assign("u-2").ok();
    daemon.release("u-2").ok();
    let status = daemon.status();
    let pools = status["pools"].as_array().expect("a list");
    assert_eq!(pools.iter().map(|pool| &pool["pool"]).collect::<Vec<_>>(), [&json!("default")]);
    assert_eq!((&pools[0]["country"], &pools[0]["number_type"]), (&json!("US"), &json!("local")));
    let counts = pools[0].as_object().expect("an object").iter().filter(|(_, count)| count.is_u64());
    for (name, _) in counts {
        let sum: u64 = pools.iter().filter_map(|pool| pool[name].as_u64()).sum();
        assert_eq!(status[name].as_u64(), Some(sum), "{name}");
    }
    let needs = pools.iter().any(|pool| pool["needs_replenishment"] == true);
    assert_eq!(status["needs_replenishment"].as_bool(), Some(needs));
    // What a pool has bought has no cap of its own unless it is given one.
    let spend = &pools[0]["spend"];
    assert_eq!((&spend["hour"]["bought"], &spend["hour"]["max"]), (&status["spend"]["hour"]["bought"], &json!(null)));
    assert_eq!(status["spend"]["hour"]["max"], 40);
    assert_eq!((&status["last_replenishment"]["pool"], &status["unconfigured"]), (&json!("default"), &json!([])));
    assert_eq!(status["last_replenishment"], pools[0]["last_replenishment"]);
}

#[test]
fn the_sums_over_several_pools_are_theirs_and_each_has_its_own_limits() {
    let pool = |threshold: &'static str| [("country", "US"), ("threshold_low", threshold)];
    let world = World::new()
        .quiet()
        .set("spend.purchases_per_day_max", 0)
        .pool("gb", &pool("3"))
        .pool("ca", &pool("0"))
        .set("pools.gb.purchases_per_day_max", 7)
        .set("pools.gb.owned_max", 20);
    let daemon = world.daemon();
    world.stock("default", 1, 4);
    world.stock("gb", 11, 2);
    world.stock("ca", 21, 1);
    world.stock("old", 31, 2);
    world.sql("UPDATE numbers SET number_type = 'mobile', apart = true WHERE phone_number = '+19075550002'");
    daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "pool": "gb"})).ok();
    daemon.signup("/signup/api/assign", &json!({"user_id": "u-2", "pool": "ca"})).ok();
    let status = daemon.status();
    let pools = status["pools"].as_array().expect("a list");
    assert_eq!(
        pools.iter().map(|pool| &pool["pool"]).collect::<Vec<_>>(),
        [&json!("default"), &json!("ca"), &json!("gb")]
    );
    // Nobody has a number of the pool that is left, so that all but what it costs is theirs.
    let counts =
        pools[0].as_object().expect("an object").iter().filter(|(name, count)| count.is_u64() && *name != "owned");
    for (name, _) in counts {
        let sum: u64 = pools.iter().filter_map(|pool| pool[name].as_u64()).sum();
        assert_eq!(status[name].as_u64(), Some(sum), "{name}");
    }
    let of = |name: &str| pools.iter().map(|pool| pool[name].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((of("assigned"), of("owned"), status["owned"].as_u64()), (vec![0, 1, 1], vec![4, 1, 2], Some(9)));
    assert_eq!((of("threshold"), of("apart")), (vec![0, 0, 3], vec![1, 0, 0]));
    assert_eq!(status["unconfigured"], json!([{"pool": "old", "available": 2, "assigned": 0, "quarantined": 0}]));
    // One pool that needs some is not helped by another one that has enough.
    assert!(status["available"].as_u64() >= status["threshold"].as_u64() && status["needs_replenishment"] == true);
    assert_eq!((&pools[2]["spend"]["day"]["max"], &pools[2]["owned_max"]), (&json!(7), &json!(20)));
    assert_eq!((&pools[0]["spend"]["day"]["max"], &pools[0]["owned_max"]), (&json!(null), &json!(1000)));
    let alone = daemon.get(&format!("{STATUS}?pool=gb")).ok();
    assert_eq!((&alone["pools"][0], &alone["owned"], &alone["unconfigured"]), (&pools[2], &json!(2), &json!([])));
}

#[test]
fn a_plan_over_all_pools_says_which_is_first_and_what_all_of_it_costs() {
    let world = World::new()
        .quiet()
        .set("pool.threshold_low", 2)
        .set("spend.purchases_per_hour_max", 9)
        .pool("gb", &[("country", "GB"), ("number_type", "mobile"), ("threshold_low", "3")])
        .pool("off", &[("country", "US"), ("threshold_low", "0")]);
    world.twilio.set_price("GB", NumberKind::Mobile, "3.25");
    // Nothing comes of it, so it stays what it is.
    world.twilio.fault(Fault::new(On::Search, FaultKind::Error503).forever());
    let daemon = world.daemon();
    world.stock("default", 1, 1);
    let plan = daemon.get(PLAN).ok();
    let pools = plan["pools"].as_array().expect("a list");
    let of = |name: &str| pools.iter().map(|pool| pool[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("pool"), ["default", "gb", "off"].map(|name| json!(name)));
    // The emptiest has its batch first, as far as the hour goes, and what it takes no other has.
    assert_eq!(of("would_purchase"), [json!(0), json!(9), json!(0)]);
    assert_eq!(of("why"), ["spend_cap", "below_threshold", "above_threshold"].map(|why| json!(why)).to_vec());
    assert_eq!((&plan["would_purchase"], &plan["why"]), (&json!(9), &json!("below_threshold")));
    assert_eq!((&plan["binding_cap"], &plan["caps"]["hour_left"]), (&json!("purchases_per_hour"), &json!(9)));
    assert_ne!(pools[0]["unit_price"], pools[1]["unit_price"], "each has the price of its kind");
    assert_eq!((&plan["unit_price"], &plan["monthly_cost"]), (&pools[1]["unit_price"], &pools[1]["monthly_cost"]));
    assert_eq!((&plan["pool"], &plan["stock"]["available"]), (&json!(null), &json!(1)));
    let said = plan["explanation"].as_str().expect("a sentence");
    assert!(said.contains("gb: would buy 9") && said.contains("default: would buy nothing"), "{said}");
    let alone = daemon.get(&format!("{PLAN}?pool=gb")).ok();
    assert_eq!((&alone["pool"], alone["pools"].as_array().map(Vec::len)), (&json!("gb"), Some(1)));
    assert_eq!((&alone["unit_price"], &alone["stock"]), (&pools[1]["unit_price"], &pools[1]["stock"]));
    let order = daemon.get(&format!("{PLAN}?count=1&pool=gb")).ok();
    assert_eq!((&order["pool"], &order["unit_price"]), (&json!("gb"), &pools[1]["unit_price"]));
}

#[test]
fn one_pool_alone_has_the_same_document() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    assert_eq!(daemon.get(&format!("{STATUS}?pool=default")).ok(), daemon.status());
    daemon.get(&format!("{STATUS}?pool=gb")).problem(404, "not_found");
    let unknown = daemon.get(&format!("{STATUS}?pool=no-such")).problem(404, "not_found");
    assert!(unknown["detail"].as_str().is_some_and(|detail| detail.contains("default")), "{unknown}");
    let plan = daemon.get("/admin/phones/api/plan").ok();
    assert_eq!((&plan["pool"], &plan["pools"][0]["pool"]), (&json!(null), &json!("default")));
    for field in ["would_purchase", "why", "binding_cap", "caps", "stock", "unit_price"] {
        assert_eq!(plan[field], plan["pools"][0][field], "{field}");
    }
    let alone = daemon.get("/admin/phones/api/plan?pool=default").ok();
    assert_eq!((&alone["pool"], &alone["would_purchase"]), (&json!("default"), &plan["would_purchase"]));
    daemon.get("/admin/phones/api/plan?pool=gb").problem(422, "invalid_field");
    for list in ["numbers", "assignments", "passes", "purchases"] {
        let path = format!("/admin/phones/api/{list}");
        assert_eq!(daemon.get(&format!("{path}?pool=default")).ok(), daemon.get(&path).ok(), "{list}");
        assert_eq!(daemon.get(&format!("{path}?pool=gb")).ok()["items"], json!([]), "{list}");
    }
}

#[test]
fn an_order_goes_to_the_pool_that_a_signup_would() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = |body: serde_json::Value| daemon.post("/admin/phones/api/purchase", &body);
    let refused = |body: serde_json::Value| order(body).problem(422, "invalid_field");
    let bought = order(json!({"count": 1, "pool": "default", "area_code": "415"})).ok();
    assert_eq!(
        (&bought["pool"], &bought["number_type"], &bought["country"]),
        (&json!("default"), &json!("local"), &json!("US"))
    );
    assert_eq!(bought["numbers"][0]["pool"], "default");
    // A country that no pool has is bought for the default pool, as it always was.
    let elsewhere = order(json!({"count": 1, "country": "CA"})).ok();
    assert_eq!((&elsewhere["pool"], &elsewhere["country"]), (&json!("default"), &json!("CA")));
    assert_eq!(refused(json!({"count": 1, "pool": "gb"}))["field"], "pool");
    assert_eq!(refused(json!({"count": 1, "pool": "default", "country": "CA"}))["field"], "country");
    for (body, country) in [
        (json!({"count": 1, "area_code": "787"}), "PR"),
        (json!({"count": 1, "area_code": "416"}), "CA"),
        (json!({"count": 1, "country": "CA", "area_code": "415"}), "US"),
    ] {
        let problem = refused(body);
        assert_eq!(problem["field"], "area_code");
        assert!(problem["detail"].as_str().expect("text").contains(&format!("area code of {country}")), "{problem}");
    }
    assert_eq!(world.bought(), 2);
    assert_eq!(daemon.get("/admin/phones/api/purchases?pool=default").ok()["items"].as_array().map(Vec::len), Some(2));
}
