//! The documents over all pools, and of one alone.

use serde_json::json;

use crate::world::{World, eventually};

const STATUS: &str = "/admin/phones/api/status";

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
fn one_pool_alone_has_the_same_document() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    assert_eq!(daemon.get(&format!("{STATUS}?pool=default")).ok(), daemon.status());
    daemon.get(&format!("{STATUS}?pool=gb")).problem(404, "not_found");
    daemon.get(&format!("{STATUS}?pool=G+B")).problem(422, "invalid_field");
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
