//! Lists at the command line: filtered, over several pages, as a table or as one document.

use serde_json::json;

use crate::world::World;
use crate::world::command::callbunker;

#[test]
fn numbers_are_listed_and_filtered() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let none = callbunker(&daemon, &["numbers"]);
    assert_eq!((none.code, none.stdout.as_str(), none.stderr.as_str()), (Some(0), "", "callbunker: no numbers\n"));
    for (count, area_code) in [(3, "415"), (2, "907")] {
        daemon.post("/admin/phones/api/purchase", &json!({"count": count, "area_code": area_code})).ok();
    }
    let number = daemon.assign("u-1").ok()["phone_number"].as_str().expect("a number").to_owned();
    let table = callbunker(&daemon, &["numbers"]).table();
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(table.starts_with("NUMBER        STATUS"), "{table}");
    let line = table.lines().find(|line| line.starts_with(&number)).expect("the assigned one");
    assert!(line.contains("assigned") && line.contains("configured") && line.contains("u-1"), "{line}");
    let count = |arguments: &[&str]| {
        let page = callbunker(&daemon, &[&["numbers", "--json"], arguments].concat()).json();
        page["items"].as_array().expect("the envelope").len()
    };
    assert_eq!(count(&["--status", "assigned"]), 1);
    assert_eq!(count(&["--area-code", "907"]), 2);
    assert_eq!(count(&["--area-code", "212"]), 0);
    let whole = daemon.get("/admin/phones/api/numbers").ok();
    assert_eq!(callbunker(&daemon, &["numbers", "--json"]).json(), whole);
    let first = callbunker(&daemon, &["numbers", "--limit", "2"]);
    assert_eq!((first.code, first.stdout.lines().count()), (Some(0), 3), "{first:?}");
    assert!(first.stderr.contains("--all"), "{first:?}");
}

#[test]
fn a_long_list_is_read_page_after_page() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for count in [100, 100, 5] {
        let order = json!({"count": count, "override_caps": true});
        assert_eq!(daemon.post("/admin/phones/api/purchase", &order).ok()["purchased_count"], count);
    }
    let all = callbunker(&daemon, &["numbers", "--all", "--json"]).json();
    let mut numbers: Vec<&str> =
        all["items"].as_array().expect("items").iter().map(|line| line["phone_number"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), &all["next_cursor"]), (205, &json!(null)));
    let table = callbunker(&daemon, &["numbers", "--limit", "203"]);
    assert_eq!((table.stdout.lines().count(), table.stderr.contains("--all")), (204, true));
    assert_eq!(callbunker(&daemon, &["numbers", "--all"]).table().lines().count(), 206);
}

#[test]
fn what_is_on_hold_and_what_is_ignored_is_listed_and_heeded_again() {
    let world = World::new().quiet();
    world.twilio.own(twilio_simulator::ForeignNumber::new("+14155550100").friendly_name("somebody else's"));
    let daemon = world.daemon();
    let number = daemon.purchase(2).ok()["numbers"][0]["phone_number"].as_str().unwrap().to_owned();
    world.sql(&format!(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'unknown_item', held_since = now() WHERE phone_number = '{number}'"
    ));
    let held = callbunker(&daemon, &["numbers", "--held"]).table();
    assert!(held.lines().count() == 2 && held.contains(&number) && held.contains("unknown_item"), "{held}");
    callbunker(&daemon, &["numbers", "ignore", "+14155550100"]).table();
    let ignored = callbunker(&daemon, &["numbers", "--ignored"]).table();
    assert!(ignored.starts_with("NUMBER        SID") && ignored.contains("+14155550100"), "{ignored}");
    let json = callbunker(&daemon, &["numbers", "--ignored", "--json"]).json();
    assert_eq!(json["items"][0]["phone_number"], "+14155550100");
    let show = callbunker(&daemon, &["numbers", "show", "+14155550100"]).sentence(1);
    assert!(show.contains("ignored since"), "{show}");
    let undone = callbunker(&daemon, &["numbers", "unignore", "+14155550100"]).table();
    assert!(undone.starts_with("+14155550100 is ignored no more.\n"), "{undone}");
    let none = callbunker(&daemon, &["numbers", "--ignored"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(0), "callbunker: no number is ignored\n"));
    assert_eq!(callbunker(&daemon, &["numbers", "--held", "--ignored"]).code, Some(64));
    callbunker(&daemon, &["numbers", "unignore", "+14155550100"]).sentence(1);
}
