//! An operator's word that the carriers know a number, where Twilio's was lost.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::world::browser::{FORM, form};
use crate::world::command::callbunker;
use crate::world::daemon::{Daemon, Reply};
use crate::world::events::{FAILED, PENDING, deliver, event, lines, standing, waiting};
use crate::world::{ADMIN_KEY, World, eventually};

fn stage(count: u32) -> (World, Daemon, Vec<String>) {
    let world = waiting(World::new().quiet(), count);
    let numbers = world.sql("SELECT phone_number FROM numbers ORDER BY id").lines().map(str::to_owned).collect();
    let daemon = world.daemon();
    (world, daemon, numbers)
}

fn mark(daemon: &Daemon, number: &str) -> Reply {
    daemon.post(&format!("/admin/phones/api/numbers/{number}/mark-ready"), &json!({}))
}

#[test]
fn a_marked_number_is_handed_out_until_twilio_says_later_that_it_failed() {
    let (world, daemon, numbers) = stage(1);
    let number = numbers[0].as_str();
    let before = Utc::now() - TimeDelta::minutes(1);
    let document = mark(&daemon, number).ok();
    assert_eq!((&document["phone_number"], &document["status"]), (&json!(number), &json!("available")));
    assert_eq!(standing(&world, number), "- - true");
    eventually("the trail says who it was", || {
        world.count("SELECT count(*) FROM audit WHERE action = 'mark-ready' AND result = 200") == 1
    });
    // Said again, it stands as it did.
    let marked = world.sql("SELECT marked_ready_at FROM numbers");
    mark(&daemon, number).ok();
    assert_eq!(world.sql("SELECT marked_ready_at FROM numbers"), marked);
    // What was so before, or is no failure, undoes nothing.
    assert_eq!(deliver(&world, &daemon, &[event(&world, number, FAILED, before)]), [1, 0, 0]);
    assert_eq!(standing(&world, number), "failed - true");
    assert_eq!(deliver(&world, &daemon, &[event(&world, number, PENDING, Utc::now())]), [1, 0, 0]);
    assert_eq!(standing(&world, number), "pending - true");
    let later = Utc::now() + TimeDelta::minutes(1);
    assert_eq!(deliver(&world, &daemon, &[event(&world, number, FAILED, later)]), [1, 0, 0]);
    assert_eq!(standing(&world, number), "failed registration_failed false");
    mark(&daemon, number).ok();
    assert_eq!(standing(&world, number), "failed - true", "said again, it stands again");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], number);
    assert_eq!(lines(&world, number), "attached marked_ready registration_failed registration_failed marked_ready");
    let history = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok()["history"].clone();
    let told: Vec<&Value> =
        history.as_array().expect("a list").iter().filter(|line| line["event"] == "marked_ready").collect();
    assert_eq!(told.len(), 2);
    let by = told[0]["by"].as_str().expect("whose word it was");
    assert_eq!(told[0]["detail"], format!("{by} said that the carriers know it"));
}

#[test]
fn nobodys_word_replaces_an_attachment_and_only_our_numbers_are_marked() {
    let (world, daemon, numbers) = stage(4);
    mark(&daemon, "+14155550199").problem(404, "not_found");
    let of = |number: &str| format!("WHERE number_id = (SELECT id FROM numbers WHERE phone_number = '{number}')");
    world.sql(&format!(
        "UPDATE attachments SET state = 'left' {0}; UPDATE attachments SET state = 'intended' {0};
         UPDATE attachments SET state = 'refused', refusal_concerns = 'number', message = 'no SMS' {0}",
        of(&numbers[0])
    ));
    let told = mark(&daemon, &numbers[0]).problem(409, "conflict");
    assert!(told["detail"].as_str().unwrap().starts_with("Attach it first: "), "{told}");
    assert_eq!(standing(&world, &numbers[0]), "- unattachable false");
    for (number, place, code) in [
        (&numbers[1], "status = 'quarantined', quarantine_reason = 'tag_conflict', held_since = now()", "conflict"),
        (&numbers[2], "status = 'quarantined', quarantine_reason = 'leaving'", "leaving"),
        (&numbers[3], "missing_since = now()", "conflict"),
    ] {
        world.sql(&format!("UPDATE numbers SET {place} WHERE phone_number = '{number}'"));
        mark(&daemon, number).problem(409, code);
    }
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE marked_ready_at IS NOT NULL"), 0);
    world.sql(&format!(
        "UPDATE numbers SET status = 'released', quarantine_reason = NULL WHERE phone_number = '{}'",
        numbers[2]
    ));
    mark(&daemon, &numbers[2]).problem(404, "not_found");
}

#[test]
fn where_nobody_waits_for_the_carriers_nothing_changes() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let number = daemon.purchase(1).ok()["numbers"][0]["phone_number"].as_str().expect("a number").to_owned();
    assert_eq!(mark(&daemon, &number).ok()["status"], "available");
    assert_eq!(world.sql("SELECT marked_ready_at FROM numbers"), "");
    assert_eq!(lines(&world, &number), "");
}

#[test]
fn a_person_marks_it_from_a_shell_or_from_its_page() {
    let (world, daemon, numbers) = stage(2);
    let table = callbunker(&daemon, &["numbers", "mark-ready", &numbers[0]]).table();
    assert!(table.starts_with(&format!("{} is marked as ready.\n", numbers[0])), "{table}");
    assert_eq!(standing(&world, &numbers[0]), "- - true");
    let page = |number: &str| {
        let page = daemon.get(&format!("/admin/phones/dashboard/numbers/{}", number.replace('+', "%2B")));
        page.ok().as_str().expect("a page").to_owned()
    };
    let offer = "acts/mark-ready?phone_number=";
    assert!(page(&numbers[1]).contains(offer) && !page(&numbers[0]).contains(offer));
    let ask = |number: &str| {
        let path = format!("/admin/phones/dashboard/acts/mark-ready?phone_number={}", number.replace('+', "%2B"));
        daemon.get(&path).ok().as_str().expect("a question").to_owned()
    };
    assert!(ask(&numbers[1]).contains("Do the carriers know"), "{}", ask(&numbers[1]));
    assert!(ask(&numbers[0]).contains("is not to be marked"), "{}", ask(&numbers[0]));
    let headers = [("X-Admin-API-Key", ADMIN_KEY), FORM];
    let body = form(&[("phone_number", &numbers[1])]);
    let done = daemon.send("POST", "/admin/phones/dashboard/acts/mark-ready", &headers, Some(body.as_bytes()));
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(standing(&world, &numbers[1]), "- - true");
    let last = "SELECT action, result FROM audit WHERE method = 'POST' ORDER BY id DESC LIMIT 1";
    eventually("the trail has the form as the act that it is", || world.sql(last) == "mark-ready|303");
}
