//! Assign, look up, release: what the signup service gets to see.

use serde_json::{Value, json};

use crate::world::daemon::Daemon;
use crate::world::shape::shape;
use crate::world::{SIGNUP_KEY, World};

const ASSIGNMENT: &str = "{area_code:text, assigned_at:instant, match:null, phone_number:e164, pool:text, replayed:bool, source:text, user_id:text}";

/// A quiet daemon with two numbers in 415 and one in 907.
fn stocked() -> (World, Daemon) {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (count, area_code) in [(2, "415"), (1, "907")] {
        let bought = daemon.post("/admin/phones/api/purchase", &json!({"count": count, "area_code": area_code})).ok();
        assert_eq!(bought["purchased_count"], count);
    }
    (world, daemon)
}

fn look_up(daemon: &Daemon, escaped: &str) -> crate::world::daemon::Reply {
    let path = format!("/signup/api/assignments/{escaped}");
    daemon.send("GET", &path, &[("Authorization", &format!("Bearer {SIGNUP_KEY}"))], None)
}

#[test]
fn an_assignment_reads_the_same_when_given_asked_again_and_looked_up() {
    let (world, daemon) = stocked();
    let first = daemon.assign("u-1").ok();
    assert_eq!(shape(&first), ASSIGNMENT);
    assert_eq!(
        (&first["user_id"], &first["source"], &first["replayed"]),
        (&json!("u-1"), &json!("pool"), &json!(false))
    );
    let mut again = daemon.assign("u-1").ok();
    assert_eq!(again["replayed"], true);
    assert_eq!(look_up(&daemon, "u-1").ok(), again, "looking up tells what asking again tells");
    again["replayed"] = json!(false);
    assert_eq!(again, first);
    assert_eq!(first["phone_number"], world.sql("SELECT phone_number FROM leases WHERE user_id IS NOT NULL"));
    look_up(&daemon, "nobody").problem(404, "not_assigned");
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever"), 1);
}

#[test]
fn an_area_code_is_a_wish_unless_it_is_strict() {
    let (world, daemon) = stocked();
    let ask = |user: &str, more: Value| {
        let mut body = json!({"user_id": user});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        daemon.signup("/signup/api/assign", &body)
    };
    assert_eq!(ask("in-907", json!({"area_code": "907"})).ok()["area_code"], "907");
    // 907 is empty now: a wish gets another, somebody strict gets none.
    assert_eq!(ask("wish", json!({"area_code": "907", "country": "US"})).ok()["area_code"], "415");
    let refused = ask("strict", json!({"area_code": "907", "strict": true}));
    assert!(!refused.headers.contains_key("retry-after"), "{refused:?}");
    refused.problem(409, "area_code_unavailable");
    ask("strict", json!({"area_code": "907", "country": "US", "strict": true})).problem(409, "area_code_unavailable");
    assert_eq!(ask("strict", json!({"area_code": "415", "strict": true})).ok()["area_code"], "415");
    // Whoever has a number keeps it, whatever they wish for now.
    let kept = ask("in-907", json!({"area_code": "415", "strict": true})).ok();
    assert_eq!((&kept["area_code"], &kept["replayed"]), (&json!("907"), &json!(true)));
    assert_eq!(world.bought(), 3, "nothing was bought for a wish");
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0);
}

#[test]
fn a_signup_buys_in_the_pools_country_only_and_stock_serves_the_others() {
    let (world, daemon) = stocked();
    let country_of = |user: &str| {
        world.sql(&format!(
            "SELECT n.country FROM numbers n JOIN assignments_ever a ON a.number_id = n.id WHERE a.user_id = '{user}'"
        ))
    };
    let ask =
        |user: &str, country: &str| daemon.signup("/signup/api/assign", &json!({"user_id": user, "country": country}));
    // American stock is there, but not for somebody who insists on another country; and none is bought there for them, so that
    // they hear at once, and need not come again soon.
    for (user, country) in [("canadian", "CA"), ("briton", "GB")] {
        let refused = ask(user, country);
        assert!(!refused.headers.contains_key("retry-after"), "{refused:?}");
        let problem = refused.problem(409, "country_unavailable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("No pool is of ") && detail.contains(country), "{detail}");
    }
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0);
    assert_eq!(world.bought(), 3);
    assert_eq!(world.count("SELECT count(*) FROM purchases WHERE trigger = 'emergency'"), 0);
    // What an operator bought there serves them, and nobody who asks for nothing, however long it lies there.
    daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "country": "CA"})).ok();
    world.sql("UPDATE leases SET purchased_at = purchased_at - interval '1 day' WHERE country = 'CA'");
    assert_eq!(daemon.assign("first").ok()["area_code"], "415");
    let given = ask("another", "CA").ok();
    assert_eq!((shape(&given).as_str(), &given["source"]), (ASSIGNMENT, &json!("pool")));
    assert_eq!((country_of("another").as_str(), &given["pool"]), ("CA", &json!("default")));
    assert_eq!(daemon.assign("american").ok()["source"], "pool");
}

#[test]
fn whoever_asks_for_a_country_that_no_pool_has_keeps_nobody_from_an_emergency_in_the_pools() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    std::thread::scope(|scope| {
        for user in 0..6 {
            let daemon = &daemon;
            scope.spawn(move || {
                let user_id = format!("u-{user}");
                match user % 3 {
                    0 => drop(daemon.assign(&user_id).ok()),
                    1 => {
                        let wish = json!({"user_id": user_id, "country": "US"});
                        assert_eq!(daemon.signup("/signup/api/assign", &wish).ok()["source"], "emergency");
                    }
                    _ => {
                        let wish = json!({"user_id": user_id, "country": "GB"});
                        daemon.signup("/signup/api/assign", &wish).problem(409, "country_unavailable");
                    }
                }
            });
        }
    });
    assert_eq!(world.bought(), 4);
    assert_eq!(world.sql("SELECT DISTINCT country FROM purchases"), "US");
}

#[test]
fn a_user_id_survives_body_and_path() {
    let (world, daemon) = stocked();
    drop(daemon.purchase(3).ok());
    let longest = "é".repeat(128);
    for (user, escaped) in [
        ("a/b?c=d#e%20", "a%2Fb%3Fc%3Dd%23e%2520"),
        ("用户 👩 +1", "%E7%94%A8%E6%88%B7%20%F0%9F%91%A9%20+1"),
        ("..", "%2E%2E"),
        (longest.as_str(), &"%C3%A9".repeat(128)),
        ("'; DROP TABLE numbers; --", "%27%3B%20DROP%20TABLE%20numbers%3B%20--"),
    ] {
        let given = daemon.assign(user).ok();
        assert_eq!(given["user_id"], user);
        let found = look_up(&daemon, escaped).ok();
        assert_eq!((&found["user_id"], &found["phone_number"]), (&given["user_id"], &given["phone_number"]));
    }
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever"), 5);
    assert_eq!(look_up(&daemon, "a%00").problem(422, "invalid_field")["field"], "user_id");
    look_up(&daemon, "%FF").problem(404, "not_found");
}

#[test]
fn a_release_ends_an_assignment_once_and_lays_the_number_to_rest() {
    let (world, daemon) = stocked();
    let given = daemon.assign("u-1").ok();
    let released = daemon.release("u-1").ok();
    assert_eq!(shape(&released), "{phone_number:e164, pool:text, released_at:instant, user_id:text}");
    assert_eq!((&released["phone_number"], &released["user_id"]), (&given["phone_number"], &json!("u-1")));
    daemon.release("u-1").problem(404, "not_assigned");
    look_up(&daemon, "u-1").problem(404, "not_assigned");
    let status = daemon.status();
    assert_eq!((&status["quarantined"], &status["available"], &status["total"]), (&json!(1), &json!(2), &json!(2)));
    // It rests: the others get the rest of the stock, and nobody gets this one.
    for user in ["u-2", "u-3"] {
        assert_ne!(daemon.assign(user).ok()["phone_number"], given["phone_number"]);
    }
    assert_eq!(world.sql("SELECT user_id FROM assignments_ever WHERE released_at IS NOT NULL"), "u-1");
    daemon.release("nobody").problem(404, "not_assigned");
}

#[test]
fn a_user_of_any_name_is_asked_for_in_the_query() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let users = [
        "a/b",
        "a//b",
        "..",
        "a/../b",
        "a\\b",
        "50%",
        "a+b@x.org",
        "oauth%2Fgoogle:1",
        "auth0|5f",
        " u ",
        " ",
        "用户 👩",
        "a&b=c#d",
    ];
    daemon.purchase(u32::try_from(users.len()).unwrap()).ok();
    let key = [("X-Admin-API-Key", SIGNUP_KEY)];
    let ask = |query: &str| daemon.send("GET", &format!("/signup/api/assignments{query}"), &key, None);
    for user in users {
        let mut given = daemon.assign(user).ok();
        given["replayed"] = json!(true);
        let escaped: String = form_urlencoded::byte_serialize(user.as_bytes()).collect();
        assert_eq!(ask(&format!("?user_id={escaped}")).ok(), given, "{user:?}");
    }
    ask("?user_id=nobody").problem(404, "not_assigned");
    for (query, code, field) in [
        ("", "invalid_field", "user_id"),
        ("?user_id=", "invalid_field", "user_id"),
        ("?user_id=%00", "invalid_field", "user_id"),
        ("?user=a/b", "unknown_field", "user"),
    ] {
        assert_eq!(ask(query).problem(422, code)["field"], field, "{query}");
    }
    for user in users {
        assert_eq!(daemon.release(user).ok()["user_id"], user);
    }
}
