//! From the area code that was wished for to any: in stock, in an emergency, and what is told of it.

use callbunker::domain::AreaCode;
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, NumberKind, On};

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

/// A quiet daemon with nothing in stock, whose signups have time.
fn empty() -> World {
    World::new().quiet().set("purchase.emergency_wait_ms", 60_000)
}

/// The area codes of all that was ever bought.
fn bought(world: &World) -> Vec<String> {
    world.twilio.truth().purchases.iter().map(|bought| bought.phone_number[2..5].to_owned()).collect()
}

/// Twilio has numbers of these area codes of the United States, and no others.
fn only_for_sale(world: &World, area_codes: &str) {
    world.twilio.set_stock_of("US", NumberKind::Local, 0);
    for area_code in area_codes.split(' ') {
        world.twilio.set_stock("US", area_code, 3);
    }
}

fn searches(world: &World) -> u64 {
    world.twilio.truth().requests_of(On::Search)
}

/// A signup waits at another instance, for an hour.
fn waits_elsewhere(world: &World, user: &str, wish: &str) {
    world.sql(&format!(
        "INSERT INTO waiters (user_id, instance_id, pool, area_code, expires_at)
         VALUES ('{user}', gen_random_uuid(), 'default', nullif('{wish}', ''), clock_timestamp() + interval '1 hour')"
    ));
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
fn an_emergency_climbs_as_well() {
    let world = empty();
    let daemon = world.daemon();
    let wish = json!({"area_code": "415"});
    for (user, for_sale, nearest, rung) in [
        ("u-1", "907 213 628 415", "415", "exact"),
        ("u-2", "907 213 628", "628", "overlay"),
        ("u-3", "907 213", "213", "region"),
        ("u-4", "907", "907", "any"),
    ] {
        only_for_sale(&world, for_sale);
        assert_eq!(got(ask(&daemon, user, &wish)), (nearest.to_owned(), json!(rung)));
    }
    assert_eq!(world.bought(), 4, "one for each");
    assert_eq!(world.count("SELECT count(*) FROM purchases WHERE trigger = 'emergency'"), 4);
    world.assert_truth();
}

#[test]
fn an_emergency_climbs_too_and_an_error_does_not_move_it() {
    let world = empty();
    let daemon = world.daemon();
    // As often as one search is repeated. The one for the next rung would be told, and is still there afterwards.
    let next_rung = Fault::new(On::Search, FaultKind::NoStock).area_code("628");
    world.twilio.fault(Fault::new(On::Search, FaultKind::Error503).area_code("415").times(4));
    world.twilio.fault(next_rung.clone());
    assert_eq!(got(ask(&daemon, "u-1", &json!({"area_code": "415"}))), ("415".to_owned(), json!("exact")));
    assert_eq!(bought(&world), ["415"]);
    assert_eq!(world.twilio.truth().faults_waiting, [next_rung], "nothing else was looked for");
    // That there is none in an area code may be told as an error, which is none; however often somebody looks.
    world.twilio.clear_faults();
    world.twilio.fault(Fault::new(On::Search, FaultKind::Refuse).code(21_452).area_code("415").forever());
    assert_eq!(got(ask(&daemon, "u-2", &json!({"area_code": "415"}))), ("628".to_owned(), json!("overlay")));
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_search_that_hangs_for_a_wish_keeps_nobody_else_waiting() {
    let world = empty().set("twilio.request_timeout_ms", 60_000).set("purchase.emergency_wait_ms", 40_000);
    let daemon = world.daemon();
    waits_elsewhere(&world, "w-1", "415");
    world.twilio.fault(Fault::new(On::Search, FaultKind::Hang).area_code("415").forever());
    let given = daemon.assign("u-1").ok();
    assert_eq!((&given["source"], &given["match"]), (&json!("emergency"), &Value::Null));
    // Whoever waits longest has the first of them, which may be near by chance.
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever WHERE matched = 'exact'"), 0);
    assert!(world.bought() <= 2, "{}", world.ledger());
}

#[test]
fn each_wish_is_bought_for_and_all_of_them_in_one_order() {
    let world = empty();
    let daemon = world.daemon();
    let wishes = ["415", "415", "212", "907", "", ""];
    for (n, wish) in wishes.iter().enumerate() {
        waits_elsewhere(&world, &format!("w-{n}"), wish);
    }
    daemon.assign("u-1").ok();
    eventually("all are served", || world.count("SELECT count(*) FROM assignments_ever") == 7);
    assert_eq!(world.count("SELECT count(*) FROM purchases WHERE trigger = 'emergency'"), 1, "{}", world.ledger());
    // Who gets which hangs on what arrives first; whoever wished for nothing is told of no rung.
    let unmatched =
        world.sql("SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM assignments_ever WHERE matched IS NULL");
    assert_eq!(unmatched, "u-1 w-4 w-5");
    let bought = bought(&world);
    for (code, least) in [("415", 2), ("212", 1), ("907", 1)] {
        assert!(bought.iter().filter(|of| *of == code).count() >= least, "{code} of {bought:?}");
    }
    assert_eq!(bought.len(), 7);
    world.assert_truth();
}

#[test]
fn strict_stops_at_exact_and_buys_nothing() {
    let (world, daemon) = stocked(&["628"]);
    let (tried, wish) = (searches(&world), json!({"area_code": "415", "strict": true}));
    ask(&daemon, "u-1", &wish).problem(409, "area_code_unavailable");
    assert_eq!((world.bought(), searches(&world)), (1, tried));
    assert_eq!(world.count("SELECT count(*) FROM purchases WHERE trigger = 'emergency'"), 0);
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0, "and nobody waits");
}

#[test]
fn a_pool_that_buys_in_one_state_buys_nowhere_else_for_a_wish() {
    let world = empty().set("pool.region", "CA");
    let daemon = world.daemon();
    assert_eq!(got(ask(&daemon, "u-1", &json!({"area_code": "415"}))), ("415".to_owned(), json!("exact")));
    let (code, rung) = got(ask(&daemon, "u-2", &json!({"area_code": "212"})));
    assert_eq!(code.parse::<AreaCode>().unwrap().region().unwrap().as_str(), "US-CA");
    assert_eq!(rung, json!("any"));
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
