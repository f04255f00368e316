//! Orders by hand of several pools: for whom they are, and of what.

use serde_json::{Value, json};
use twilio_simulator::NumberKind;

use super::{order, sign_up, three};
use crate::world::World;

#[test]
fn an_order_goes_to_the_pool_that_a_signup_would() {
    let world = three();
    let daemon = world.daemon();
    for (body, pool, country, number_type) in [
        (json!({"count": 1}), "default", "US", "local"),
        (json!({"count": 1, "country": "GB"}), "gb", "GB", "mobile"),
        (json!({"count": 1, "pool": "gb"}), "gb", "GB", "mobile"),
        (json!({"count": 1, "area_code": "416"}), "ca", "CA", "local"),
        (json!({"count": 1, "country": "CA"}), "ca", "CA", "local"),
        (json!({"count": 1, "area_code": "415"}), "default", "US", "local"),
    ] {
        let bought = order(&daemon, &body).ok();
        assert_eq!(
            (&bought["purchased_count"], &bought["pool"], &bought["country"], &bought["number_type"]),
            (&json!(1), &json!(pool), &json!(country), &json!(number_type)),
            "{body}"
        );
        assert_eq!(bought["numbers"][0]["pool"], pool, "{body}");
        // And a signup of the same words gets it.
        let mut ask = body.as_object().unwrap().clone();
        ask.remove("count");
        ask.insert("user_id".to_owned(), json!(format!("u-{}", world.bought())));
        let given = daemon.signup("/signup/api/assign", &Value::Object(ask)).ok();
        assert_eq!((&given["phone_number"], &given["pool"]), (&bought["numbers"][0]["phone_number"], &json!(pool)));
    }
    for (body, field) in [
        (json!({"count": 1, "pool": "fr"}), "pool"),
        (json!({"count": 1, "pool": "gb", "country": "US"}), "country"),
        (json!({"count": 1, "pool": "ca", "area_code": "415"}), "area_code"),
        (json!({"count": 1, "country": "GB", "area_code": "415"}), "area_code"),
    ] {
        assert_eq!(order(&daemon, &body).problem(422, "invalid_field")["field"], field, "{body}");
    }
    assert_eq!(world.bought(), 6);
    world.assert_truth();
}

#[test]
fn one_order_runs_at_a_time_over_all_pools() {
    let world = three();
    let daemon = world.daemon();
    std::thread::scope(|scope| {
        for pool in ["default", "gb", "ca"] {
            let daemon = &daemon;
            scope.spawn(move || {
                assert_eq!(order(daemon, &json!({"count": 12, "pool": pool})).ok()["purchased_count"], 12);
            });
        }
        for user in 0..6 {
            let (daemon, pool) = (&daemon, ["default", "gb", "ca"][user % 3]);
            scope.spawn(move || assert_eq!(sign_up(daemon, &format!("u-{user}"), pool).ok()["pool"], pool));
        }
    });
    let of_pools = world.sql("SELECT pool, count(*) FROM numbers GROUP BY pool ORDER BY pool");
    let counts: Vec<i64> = of_pools.lines().map(|row| row.split_once('|').unwrap().1.parse().unwrap()).collect();
    assert!(counts.len() == 3 && counts.iter().all(|count| (12..=14).contains(count)), "{of_pools}");
    let astray =
        "SELECT count(*) FROM numbers n JOIN purchase_items i ON i.id = n.purchase_item_id WHERE i.pool <> n.pool
                     OR n.country <> CASE n.pool WHEN 'default' THEN 'US' ELSE upper(n.pool) END";
    assert_eq!(world.count(astray), 0);
    world.assert_truth();
}

#[test]
fn what_was_not_in_stock_is_named_with_its_pool_and_type() {
    let world = three().set("pools.gb.capabilities", "sms").set("purchase.emergency_wait_ms", 60_000);
    for (country, kind) in [("GB", NumberKind::Mobile), ("US", NumberKind::Local)] {
        world.twilio.set_stock_of(country, kind, 0);
    }
    let daemon = world.daemon();
    for (pool, told) in [
        ("gb", "gb: no stock of mobile numbers in GB with SMS;"),
        ("default", "default: no stock of local numbers in US with voice and SMS;"),
    ] {
        let order = order(&daemon, &json!({"count": 1, "pool": pool})).ok();
        let error = &order["errors"][0];
        assert_eq!(error["code"], "no_stock", "{order}");
        assert!(error["message"].as_str().is_some_and(|message| message.starts_with(told)), "{order}");
        let refused = sign_up(&daemon, &format!("u-{pool}"), pool).problem(503, "pool_empty");
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(told)), "{refused}");
    }
}

#[test]
fn a_country_whose_pools_want_to_be_named_is_nobodys_for_whoever_does_not() {
    let world = three().set("pools.gb.serves_country", "false");
    let daemon = world.daemon();
    let ask = json!({"user_id": "u-1", "country": "GB"});
    daemon.signup("/signup/api/assign", &ask).problem(409, "country_unavailable");
    let told = order(&daemon, &json!({"count": 1, "country": "GB"})).problem(409, "country_unavailable");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("name one: gb")), "{told}");
    daemon.get("/admin/phones/api/plan?count=1&country=GB").problem(409, "country_unavailable");
    assert_eq!(world.bought(), 0);
    assert_eq!(order(&daemon, &json!({"count": 1, "country": "GB", "pool": "gb"})).ok()["pool"], "gb");
}

#[test]
fn numbers_of_puerto_rico_have_their_area_code() {
    let world = World::new().quiet().pool("pr", &[("country", "PR")]);
    world.twilio.set_regulated("PR", false);
    let daemon = world.daemon();
    let bought = order(&daemon, &json!({"count": 1, "pool": "pr"})).ok();
    let number = bought["numbers"][0]["phone_number"].as_str().expect("a number").to_owned();
    let code = &number[2..5];
    assert!(["787", "939"].contains(&code), "{number}");
    let listed = daemon.get(&format!("/admin/phones/api/numbers?area_code={code}")).ok();
    assert_eq!((&listed["items"][0]["phone_number"], &listed["items"][0]["country"]), (&json!(number), &json!("PR")));
    let given = daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "area_code": code})).ok();
    assert_eq!((&given["pool"], &given["area_code"], &given["match"]), (&json!("pr"), &json!(code), &json!("exact")));
}
