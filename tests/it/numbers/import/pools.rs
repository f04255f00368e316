//! Which pool a number moves into.

use serde_json::{Value, json};
use twilio_simulator::ForeignNumber;

use super::{THEIRS, assert_tagged, codes, counts, everything, import, number};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World};

/// An account of the earlier service with numbers of two pools and of none.
fn account_of_pools() -> (World, Daemon) {
    let world = World::new()
        .quiet()
        .set("pools.gb.country", "GB")
        .set("pools.gb.number_type", "mobile")
        .set("pools.gb.threshold_low", 0)
        .set("pools.gb.webhooks.voice_path", "/gb/voice")
        .set("pools.vip.country", "US")
        .set("pools.vip.threshold_low", 0);
    for n in 0..6 {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier").voice_url(THEIRS));
        world.twilio.own(ForeignNumber::new(mobile(n)).friendly_name("earlier").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    (world, daemon)
}

fn mobile(n: usize) -> String {
    format!("+44740055{n:04}")
}

#[test]
fn each_number_moves_into_its_pool_under_an_order_of_that_pool() {
    let (world, daemon) = account_of_pools();
    let rows = json!([
        {"phone_number": number(0)},
        {"phone_number": number(1), "user_id": "u-1", "pool": "vip"},
        {"phone_number": number(2), "pool": "vip"},
        {"phone_number": mobile(0), "user_id": "u-2"},
        {"phone_number": mobile(1), "pool": ""},
        {"phone_number": mobile(2), "pool": "gb"},
        // A pool that is named gets only what it wants; none that is unknown is made up.
        {"phone_number": number(3), "pool": "gb"},
        {"phone_number": mobile(3), "pool": "default"},
        {"phone_number": number(4), "pool": "nowhere"},
    ]);
    let dry = import(&daemon, &json!({"numbers": rows, "dry_run": true})).ok();
    let report = import(&daemon, &json!({ "numbers": rows })).ok();
    assert_eq!(report, dry, "what was foretold");
    assert_eq!(counts(&report), (6, 2, 0));
    assert_eq!(
        report["pools"],
        json!([
        {"pool": "default", "imported": 1, "assigned": 0, "already_imported": 0},
        {"pool": "gb", "imported": 3, "assigned": 1, "already_imported": 0},
        {"pool": "vip", "imported": 2, "assigned": 1, "already_imported": 0}])
    );
    let told = |number: String, code: &str| (number, code.to_owned());
    assert_eq!(
        codes(&report),
        [told(number(3), "unfit_for_pool"), told(mobile(3), "unfit_for_pool"), told(number(4), "invalid_pool")]
    );
    let pools: Vec<&Value> = report["problems"].as_array().unwrap().iter().map(|problem| &problem["pool"]).collect();
    assert_eq!(pools, [&json!("gb"), &json!("default"), &json!(null)]);
    assert_eq!(
        world.sql("SELECT pool, requested_count, country, number_type FROM purchases ORDER BY pool"),
        "default|1|US|local\ngb|3|GB|mobile\nvip|2|US|local"
    );
    assert_eq!(
        world.count(
            "SELECT count(*) FROM numbers n JOIN purchase_items i ON i.id = n.purchase_item_id WHERE n.pool <> i.pool"
        ),
        0
    );
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE apart"), 0);
    // Stock is wired as its pool wants it, what is somebody's stays.
    assert_tagged(&world, &mobile(1), &format!("{ORIGIN}/gb/voice"));
    assert_tagged(&world, &mobile(0), THEIRS);
    assert_tagged(&world, &number(2), &format!("{ORIGIN}/twilio/voice"));
    let given = daemon.signup("/signup/api/assign", &json!({"user_id": "u-9", "pool": "gb"})).ok();
    assert_eq!(given["phone_number"], json!(mobile(1)));
    // The same again changes nothing, and nothing is moved by it.
    let before = (everything(&world), world.twilio.truth().updates);
    let again = import(&daemon, &json!({ "numbers": rows })).ok();
    assert_eq!(counts(&again), (0, 0, 6));
    let elsewhere = import(&daemon, &json!({"numbers": [{"phone_number": number(0), "pool": "vip"}]})).ok();
    assert_eq!(codes(&elsewhere), [told(number(0), "in_another_pool")]);
    assert_eq!(elsewhere["problems"][0]["pool"], "default", "where it is");
    assert_eq!((everything(&world), world.twilio.truth().updates), before);
}

#[test]
fn a_pool_for_the_whole_call_stands_for_the_rows_that_name_none() {
    let (world, daemon) = account_of_pools();
    let rows =
        json!([{"phone_number": number(0)}, {"phone_number": mobile(0), "pool": "gb"}, {"phone_number": mobile(1)}]);
    let path = "/admin/phones/api/import?pool=vip";
    let report = daemon.post(path, &json!({ "numbers": rows })).ok();
    assert_eq!((counts(&report), codes(&report).len()), ((2, 0, 0), 1));
    assert_eq!(world.sql("SELECT pool, count(*) FROM numbers GROUP BY pool ORDER BY pool"), "gb|1\nvip|1");
    // In the body as well; two that contradict each other are neither.
    let one = |pool: &str| json!({"numbers": [{"phone_number": number(1)}], "pool": pool});
    assert_eq!(daemon.post(path, &one("default")).problem(422, "invalid_field")["field"], "pool");
    assert_eq!(daemon.post(path, &one("vip")).ok()["pools"][0]["pool"], "vip");
    daemon.post("/admin/phones/api/import?pool=nowhere", &json!({"numbers": []})).problem(422, "invalid_field");
}

#[test]
fn more_than_a_pool_may_own_is_told_of_each_pool() {
    let mut world = World::new().quiet().pool("twin", &[("country", "US")]);
    for (key, most) in [("pool.owned_max", 1), ("pools.twin.owned_max", 1)] {
        world.change(key, most);
    }
    for n in 0..5 {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    let rows = |pools: &[&str]| -> Vec<Value> {
        pools.iter().enumerate().map(|(n, pool)| json!({"phone_number": number(n), "pool": pool})).collect()
    };
    let warnings = |report: Value| -> Vec<String> {
        let warnings = report["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().map(|warning| warning.as_str().unwrap().split(' ').next().unwrap().to_owned()).collect()
    };
    let dry = |pools: &[&str]| import(&daemon, &json!({"numbers": rows(pools), "dry_run": true})).ok();
    assert_eq!(warnings(dry(&["default", "twin"])), Vec::<String>::new());
    assert_eq!(warnings(dry(&["twin", "twin", "default"])), ["pools.twin.owned_max"]);
    let all = ["twin", "twin", "default", "default", "default"];
    assert_eq!(warnings(dry(&all)), ["pool.owned_max", "pools.twin.owned_max"]);
    let report = import(&daemon, &json!({"numbers": rows(&all)})).ok();
    assert_eq!(warnings(report), ["pool.owned_max", "pools.twin.owned_max"]);
}
