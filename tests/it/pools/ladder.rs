//! From the area code that was wished for to any: in stock, and what is told of it.

use serde_json::{Value, json};

use crate::world::daemon::{Daemon, Reply};
use crate::world::{World, eventually};

/// A quiet daemon with a number in each of these area codes, the oldest first.
fn stocked(area_codes: &[&str]) -> (World, Daemon) {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for area_code in area_codes {
        let bought = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": area_code})).ok();
        assert_eq!(bought["purchased_count"], 1, "{area_code}");
    }
    (world, daemon)
}

fn ask(daemon: &Daemon, user: &str, more: &Value) -> Reply {
    let mut body = json!({"user_id": user});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    daemon.signup("/signup/api/assign", &body)
}

/// The area code that they got, and the rung.
fn got(reply: Reply) -> (String, Value) {
    let given = reply.ok();
    assert_eq!(given["pool"], "default");
    (given["area_code"].as_str().unwrap_or_default().to_owned(), given["match"].clone())
}

/// A toll-free number in stock, older than all others.
fn toll_free(world: &World) {
    world.sql(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, number_type, apart)
         VALUES ('PN' || repeat('8', 32), '+18885550100', 'US', '888', 'active', 'configured', true, '2020-01-01', 'toll_free', true)",
    );
}

#[test]
fn a_wish_climbs_to_the_nearest_that_is_there() {
    let (world, daemon) = stocked(&["907", "213", "628", "415"]);
    for (user, nearest, rung) in
        [("u-1", "415", "exact"), ("u-2", "628", "overlay"), ("u-3", "213", "region"), ("u-4", "907", "any")]
    {
        let wish = json!({"area_code": "415"});
        assert_eq!(got(ask(&daemon, user, &wish)), (nearest.to_owned(), json!(rung)));
        // Asked again, they hear what was stored, whatever they wish for now.
        assert_eq!(got(ask(&daemon, user, &json!({"area_code": nearest}))), (nearest.to_owned(), json!(rung)));
        assert_eq!(got(ask(&daemon, user, &json!({}))), (nearest.to_owned(), json!(rung)));
    }
    assert_eq!(world.bought(), 4, "nothing was bought for a wish");
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0);
    // A number that rests for them comes back; how near it is, is what they wish for now.
    daemon.release("u-2").ok();
    assert_eq!(got(ask(&daemon, "u-2", &json!({"area_code": "213"}))), ("628".to_owned(), json!("region")));
    daemon.release("u-2").ok();
    assert_eq!(got(ask(&daemon, "u-2", &json!({}))), ("628".to_owned(), Value::Null));
}

#[test]
fn a_callers_own_number_is_a_wish_for_what_is_near_it() {
    let (_world, daemon) = stocked(&["907", "628", "415"]);
    let near = |number: &str| json!({"near": number});
    assert_eq!(got(ask(&daemon, "u-1", &near("+14155550177"))), ("415".to_owned(), json!("exact")));
    assert_eq!(got(ask(&daemon, "u-2", &near("+14155550177"))), ("628".to_owned(), json!("overlay")));
    // A number from elsewhere refuses nothing, whatever `strict` says, and wishes for nothing that there is.
    let elsewhere = json!({"near": "+442071838750", "strict": true});
    assert_eq!(got(ask(&daemon, "u-3", &elsewhere)), ("907".to_owned(), Value::Null));
}

#[test]
fn toll_free_stock_serves_only_who_asks_for_it() {
    let (world, daemon) = stocked(&["907", "415"]);
    toll_free(&world);
    eventually("it lies in stock", || daemon.status()["available"] == 2);
    assert_eq!(got(ask(&daemon, "u-1", &json!({}))), ("907".to_owned(), Value::Null), "the oldest is toll-free");
    assert_eq!(got(ask(&daemon, "u-2", &json!({"area_code": "800"}))), ("415".to_owned(), json!("any")));
    ask(&daemon, "u-3", &json!({"area_code": "800", "strict": true})).problem(409, "area_code_unavailable");
    assert_eq!(got(ask(&daemon, "u-4", &json!({"area_code": "888"}))), ("888".to_owned(), json!("exact")));
    assert_eq!(world.bought(), 2);
}

#[test]
fn whoever_waits_with_a_wish_gets_the_nearest_that_comes() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    std::thread::scope(|scope| {
        let wish = scope.spawn(|| got(ask(&daemon, "u-1", &json!({"area_code": "415"}))));
        let any = scope.spawn(|| daemon.assign("u-2").ok());
        let (code, rung) = wish.join().unwrap();
        let expected = match code.as_str() {
            "415" => "exact",
            "628" => "overlay",
            _ if rung == "region" => "region",
            _ => "any",
        };
        assert_eq!(rung, expected, "{code}");
        assert_eq!(any.join().unwrap()["match"], Value::Null);
    });
    world.assert_one_to_one_in_the_database();
}
