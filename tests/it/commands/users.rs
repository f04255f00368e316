//! `assign`, `release`, `users show`, `assignments` and `orders`: what an operator asks about people and purchases.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::command::{callbunker, run};
use crate::world::{SIGNUP_KEY, World};

#[test]
fn a_user_is_given_a_number_shown_and_released_with_either_key() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": "415"})).ok();
    daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": "907"})).ok();
    let env = [("SIGNUP_API_KEY", SIGNUP_KEY), ("CALLBUNKER_URL", daemon.url.as_str())];
    let given = run(&env, &["assign", "u-1", "--area-code", "907"]).table();
    assert!(given.starts_with("u-1 has +1907") && given.contains(" since 20"), "{given}");
    let number = given.split(' ').nth(2).expect("its number").to_owned();
    assert!(callbunker(&daemon, &["assign", "u-1"]).table().starts_with(&format!("u-1 has had {number} since 20")));
    // Whoever got another area code than they wished for hears it, and how near it is; who has a number keeps it.
    let other = callbunker(&daemon, &["assign", "u-1", "--area-code", "415"]).table();
    assert!(other.contains(&number) && other.contains("; it is not of 415, and stays theirs"), "{other}");
    let near = callbunker(&daemon, &["assign", "u-3", "--area-code", "628"]).table();
    assert!(near.contains(" has +1415") && near.contains("; none of 628 was free, and 415 lies over it."), "{near}");
    callbunker(&daemon, &["release", "u-3", "--yes"]).table();
    let strict = callbunker(&daemon, &["assign", "u-2", "-a", "212", "--strict"]).sentence(1);
    assert!(strict.contains("without --strict"), "{strict}");
    assert_eq!(callbunker(&daemon, &["assign", "u-1", "--json"]).json()["replayed"], true);

    let shown = callbunker(&daemon, &["users", "show", "u-1"]).table();
    assert!(shown.starts_with(&format!("user    u-1\nnumber  {number}\n\nNUMBER ")), "{shown}");
    let released = run(&env, &["release", "u-1"]).table();
    assert!(released.starts_with(&format!("u-1 no longer has {number}")), "{released}");
    let shown = callbunker(&daemon, &["users", "show", "u-1"]).table();
    assert!(shown.contains("number  none") && shown.contains(&number), "{shown}");
    let document = callbunker(&daemon, &["users", "show", "u-1", "--json"]).json();
    assert_eq!((&document["assignment"], &document["assignments"][0]["phone_number"]), (&json!(null), &json!(number)));
    assert!(callbunker(&daemon, &["users", "show", "u"]).sentence(1).contains("nobody is called u;"));
    assert!(run(&[], &["assign", "u-1"]).sentence(64).contains("ADMIN_API_KEY"));
}

#[test]
fn users_of_any_name_are_shown_and_released() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let users = ["oauth/google:1", "oauth%2Fgoogle:1", "auth0|5f", "CORP\\bob", "50%", "a+b@x.org", "..", "a//b"];
    daemon.purchase(u32::try_from(users.len()).unwrap()).ok();
    for user in users {
        let given = callbunker(&daemon, &["assign", user, "--json"]).json();
        let shown = callbunker(&daemon, &["users", "show", user, "--json"]).json();
        assert_eq!((&shown["user_id"], &shown["assignment"]["phone_number"]), (&json!(user), &given["phone_number"]));
        let released = callbunker(&daemon, &["release", user, "--yes", "--json"]).json();
        assert_eq!(released["phone_number"], given["phone_number"], "{user}");
    }
}

#[test]
fn assignments_are_listed_newest_first() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let none = callbunker(&daemon, &["assignments"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(0), "callbunker: nobody was given a number yet\n"));
    daemon.purchase(2).ok();
    for user in ["u-1", "u-2"] {
        daemon.assign(user).ok();
    }
    let table = callbunker(&daemon, &["assignments"]).table();
    assert!(table.starts_with("NUMBER        USER  SINCE"), "{table}");
    assert!(table.find("u-2") < table.find("u-1") && table.lines().count() == 3, "{table}");
    let whole = daemon.get("/admin/phones/api/assignments").ok();
    assert_eq!(callbunker(&daemon, &["assignments", "--json"]).json(), whole);
}

#[test]
fn orders_are_listed_newest_first_by_what_came_of_them() {
    let world = World::new().quiet();
    world.twilio.set_stock("US", "907", 1);
    let daemon = world.daemon();
    let none = callbunker(&daemon, &["orders"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(0), "callbunker: no orders\n"));
    let whole = daemon.purchase(1).ok();
    let part = daemon.post("/admin/phones/api/purchase", &json!({"count": 2, "area_code": "907"})).ok();
    let id = |order: &serde_json::Value| order["purchase_id"].as_str().expect("its id").to_owned();
    let table = callbunker(&daemon, &["orders"]).table();
    assert!(table.starts_with("ORDER ") && table.contains("OUTCOME") && table.lines().count() == 3, "{table}");
    assert!(table.find(&id(&part)) < table.find(&id(&whole)), "{table}");
    let line = table.lines().find(|line| line.starts_with(&id(&part))).expect("its line");
    assert!(line.contains("partly") && line.contains("1 of 2") && line.contains("manual"), "{line}");
    let cut = callbunker(&daemon, &["orders", "--limit", "1"]);
    assert!(cut.stdout.lines().count() == 2 && cut.stderr.contains("--all"), "{cut:?}");
    assert_eq!(callbunker(&daemon, &["orders", "--state", "halted"]).stderr, "callbunker: no orders\n");
    let listed = daemon.get("/admin/phones/api/purchases?state=done").ok();
    assert_eq!(callbunker(&daemon, &["orders", "--state", "done", "--json"]).json(), listed);
}

#[test]
fn an_order_is_shown_with_its_numbers_and_what_it_did_not_get() {
    let world = World::new().quiet();
    world.twilio.set_stock("US", "907", 1);
    let daemon = world.daemon();
    let bought = daemon.post("/admin/phones/api/purchase", &json!({"count": 3, "area_code": "907"})).ok();
    let id = bought["purchase_id"].as_str().expect("its id");
    let shown = callbunker(&daemon, &["orders", "show", id]).table();
    assert!(
        shown.contains("bought         1 of 3") && shown.contains("+1907") && shown.contains("no_stock"),
        "{shown}"
    );
    assert!(shown.contains("explanation    an operator ordered it") && shown.contains("requested by   "), "{shown}");
    assert_eq!(callbunker(&daemon, &["orders", "show", id, "--json"]).json(), bought);
    for words in [&["orders", "show", "nope"][..], &["purchase", "--follow", "nope"]] {
        let refused = callbunker(&daemon, words);
        assert!(refused.code == Some(64) && refused.stderr.contains("the dashboard lists them"), "{refused:?}");
        assert!(!refused.stderr.contains("invalid character"), "{refused:?}");
    }
}

#[test]
fn a_country_is_taken_as_people_write_it_and_one_that_twilio_does_not_sell_is_told_in_words() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    callbunker(&daemon, &["purchase", "-n", "1", "--country", "ca"]).placed().table();
    world.twilio.fault(
        Fault::new(On::Search, FaultKind::Refuse)
            .status(404)
            .code(20404)
            .message(format!("The requested resource /2010-04-01/Accounts/AC{}/X was not found", "a".repeat(32)))
            .forever(),
    );
    let refused = callbunker(&daemon, &["purchase", "-n", "1", "--country", "de"]).placed();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("Twilio sells no local numbers of DE"), "{refused:?}");
    assert!(!refused.stderr.contains("/2010-04-01/"), "{refused:?}");
}

#[test]
fn a_plan_is_of_the_country_that_is_asked() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let refused = callbunker(&daemon, &["plan", "-n", "2", "-a", "415", "--country", "gb"]).sentence(1);
    assert!(refused.contains("GB has no area codes"), "{refused}");
    assert!(callbunker(&daemon, &["plan", "-n", "2", "--country", "CA"]).table().contains("would purchase"));
    daemon.get("/admin/phones/api/plan?country=CA").problem(422, "invalid_field");
}

#[test]
fn whoever_asks_is_told_whose_key_it_is() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let table = callbunker(&daemon, &["whoami"]).table();
    assert!(table.starts_with("name      ") && table.contains("role        admin"), "{table}");
    assert!(table.contains(&daemon.url), "{table}");
    let document = daemon.get("/admin/phones/api/whoami").ok();
    assert_eq!(callbunker(&daemon, &["whoami", "--json"]).json(), document);
}

#[test]
fn a_pause_without_words_for_its_reason_has_none() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let paused = callbunker(&daemon, &["pause", "--reason", " "]).table();
    let line = paused.lines().find(|line| line.starts_with("paused")).expect("its line");
    assert!(!line.trim_end().ends_with(':'), "{line}");
    assert_eq!(daemon.status()["paused"]["reason"], json!(null));
}
