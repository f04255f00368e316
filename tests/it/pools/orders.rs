//! Orders by hand of several pools: for whom they are, and of what.

use serde_json::{Value, json};

use super::{order, sign_up, three};

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
