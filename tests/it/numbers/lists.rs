//! Numbers and assignments, a page at a time.

use serde_json::{Value, json};

use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::shape::shape;

const NUMBERS: &str = "/admin/phones/api/numbers";
const ASSIGNMENTS: &str = "/admin/phones/api/assignments";

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().expect("the envelope").clone()
}

/// All pages of a list, `limit` at a time.
fn walk(daemon: &Daemon, path: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = format!("{path}?limit={limit}");
    for _page in 0..100 {
        let page = daemon.get(&next).ok();
        assert!(items(&page).len() <= limit);
        all.extend(items(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}?limit={limit}&cursor={cursor}"),
            None => {
                assert_eq!(page["next_cursor"], Value::Null);
                return all;
            }
        }
    }
    panic!("{path} has no end");
}

#[test]
fn numbers_are_listed_filtered_and_paged() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    assert_eq!(daemon.get(NUMBERS).ok(), json!({"items": [], "next_cursor": null}));
    for (count, area_code) in [(3, "415"), (2, "907")] {
        daemon.post("/admin/phones/api/purchase", &json!({"count": count, "area_code": area_code})).ok();
    }
    daemon.assign("u-1").ok();
    daemon.assign("u-2").ok();
    daemon.release("u-2").ok();
    let all = daemon.get(NUMBERS).ok();
    assert_eq!(items(&all).len(), 5);
    let line = items(&all).into_iter().find(|line| line["user_id"] == "u-1").expect("the assigned one");
    assert_eq!(
        shape(&line),
        "{area_code:text, country:text, last_used_at:instant, last_used_source:text, number_type:text, phone_number:e164, pool:text, purchase_id:uuid, \
         purchased_at:instant, quarantine_reason:null, sid:sid, status:text, user_id:text, webhook_status:text}"
    );
    assert_eq!(
        (&line["status"], &line["country"], &line["webhook_status"]),
        (&json!("assigned"), &json!("US"), &json!("configured"))
    );
    let count = |query: &str| items(&daemon.get(&format!("{NUMBERS}?{query}")).ok()).len();
    for (query, expected) in [
        ("status=available", 3),
        ("status=assigned", 1),
        ("status=quarantined", 1),
        ("status=missing", 0),
        ("status=released", 0),
        ("area_code=907", 2),
        ("area_code=907&status=available", 2),
        ("area_code=212", 0),
        ("pool=default", 5),
        ("pool=default&area_code=907", 2),
        ("pool=gb", 0),
        ("limit=200", 5),
        ("status=&area_code=&limit=&cursor=", 5),
        ("limit=2", 2),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    for limit in [1, 2, 4, 5, 6] {
        assert_eq!(walk(&daemon, NUMBERS, limit), items(&all), "{limit} at a time");
    }
}

#[test]
fn assignments_come_newest_first_with_the_ended_ones() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(4).ok();
    for user in ["u-1", "u-2", "u-3"] {
        daemon.assign(user).ok();
    }
    daemon.release("u-2").ok();
    let all = items(&daemon.get(ASSIGNMENTS).ok());
    let users: Vec<&str> = all.iter().map(|line| line["user_id"].as_str().unwrap()).collect();
    assert_eq!(users, ["u-3", "u-2", "u-1"]);
    let line = |released| {
        format!(
            "{{area_code:text, assigned_at:instant, match:null, phone_number:e164, pool:text, released_at:{released}, \
             source:text, user_id:text}}"
        )
    };
    assert_eq!(shape(&all[0]), line("null"));
    assert_eq!(shape(&all[1]), line("instant"));
    for limit in [1, 2, 3] {
        assert_eq!(walk(&daemon, ASSIGNMENTS, limit), all, "{limit} at a time");
    }
}

#[test]
fn a_page_stays_whole_while_newer_rows_come() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(5).ok();
    for user in ["u-1", "u-2", "u-3"] {
        daemon.assign(user).ok();
    }
    let first = daemon.get(&format!("{ASSIGNMENTS}?limit=2")).ok();
    daemon.assign("u-4").ok();
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = items(&daemon.get(&format!("{ASSIGNMENTS}?limit=2&cursor={cursor}")).ok());
    let users: Vec<&Value> = second.iter().map(|line| &line["user_id"]).collect();
    assert_eq!(users, ["u-1"], "neither twice nor left out");
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (path, query, field) in [
        (NUMBERS, "limit=0", "limit"),
        (NUMBERS, "limit=201", "limit"),
        (NUMBERS, "limit=-1", "limit"),
        (NUMBERS, "limit=ten", "limit"),
        (NUMBERS, "limit=99999999999999999999", "limit"),
        (NUMBERS, "cursor=x", "cursor"),
        (NUMBERS, "cursor=1;DROP", "cursor"),
        (NUMBERS, "status=gone", "status"),
        (NUMBERS, "area_code=115", "area_code"),
        (ASSIGNMENTS, "limit=0", "limit"),
        (ASSIGNMENTS, "cursor=%00", "cursor"),
    ] {
        let problem = daemon.get(&format!("{path}?{query}")).problem(422, "invalid_field");
        assert_eq!(problem["field"], field, "{path}?{query}: {problem}");
    }
    // What no page has leads to an empty end, not to an error.
    assert_eq!(items(&daemon.get(&format!("{NUMBERS}?cursor=9223372036854775807")).ok()).len(), 0);
    assert_eq!(items(&daemon.get(&format!("{ASSIGNMENTS}?cursor=-5")).ok()).len(), 0);
}
