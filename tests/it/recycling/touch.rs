//! What the application tells of uses, the list of what nobody uses, and an operator's word that a number stays.

use serde_json::json;

use super::inactive;
use crate::world::World;
use crate::world::command::callbunker;

#[test]
fn uses_are_told_by_user_or_number_and_what_is_protected_stays() {
    let world = World::new().quiet().set("recycling.by_touch", true);
    world.stock("default", 1, 4);
    let daemon = world.daemon();
    let number = |user: &str| daemon.assign(user).ok()["phone_number"].as_str().unwrap().to_owned();
    let [one, two, three] = ["u-1", "u-2", "u-3"].map(number);
    let touch = |body: &serde_json::Value| daemon.signup("/signup/api/touch", body);

    // Whoever has a number is found, everybody else is told; one who is told of twice was used once.
    let told = touch(&json!({"user_ids": ["u-1", "nobody", "u-1"]})).ok();
    assert_eq!(told, json!({"touched": 1, "unknown": ["nobody"]}));
    let idle = world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL");
    let told = touch(&json!({"phone_numbers": [two, "+14155550999", idle]})).ok();
    assert_eq!(told, json!({"touched": 1, "unknown": ["+14155550999", idle]}));
    assert_eq!(world.uses(), ["u-1 touch", "u-2 touch"]);
    assert_eq!(world.count("SELECT count(*) FROM touch_days"), 1);
    let many: Vec<String> = (0..1001).map(|user| format!("user-{user}")).collect();
    for wrong in [
        json!({}),
        json!({"user_ids": []}),
        json!({"user_ids": many}),
        json!({"user_ids": ["u-1"], "phone_numbers": [one]}),
    ] {
        touch(&wrong).problem(422, "invalid_field");
    }
    assert_eq!(touch(&json!({"user_ids": many[..1000]})).ok()["touched"], 0);

    // Each number tells its last use; the assignment is one.
    let shown = |number: &str| daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
    assert_eq!((&shown(&one)["last_used_source"], &shown(&one)["protected"]), (&json!("touch"), &json!(false)));
    assert_eq!(shown(&three)["last_used_source"], "assignment");
    assert!(shown(&idle)["last_used_at"].is_null());
    let lines = daemon.get("/admin/phones/api/numbers").ok();
    let sources: Vec<_> =
        lines["items"].as_array().unwrap().iter().map(|line| line["last_used_source"].clone()).collect();
    assert_eq!(sources, [json!("touch"), json!("touch"), json!("assignment"), json!(null)]);

    // Nobody used the third one for a hundred days, and nobody knows: on most of them nobody was touched at all.
    world.assigned_days_ago(100);
    let unknown = "nobody knows whether it was used: on some of the last 90 days the application told of no use at all";
    assert_eq!(inactive(&daemon, ""), [format!("u-3 {unknown}")]);
    world.sql("INSERT INTO touch_days (day) SELECT current_date - n FROM generate_series(1, 101) AS n");
    assert_eq!(inactive(&daemon, ""), ["u-3 -"]);
    assert!(inactive(&daemon, "?days=200").is_empty());
    daemon.get("/admin/phones/api/inactive?days=401").problem(422, "invalid_field");

    let told = callbunker(&daemon, &["inactive", "--days", "90"]).table();
    assert!(told.contains(&three) && told.contains("u-3"), "the command says the same: {told}");

    // An operator's word keeps it; an idle one is not given back either. Said again, it changes nothing.
    let act = |number: &str, act: &str| daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/{act}"));
    for number in [&three, &three, &idle] {
        act(number, "protect").ok();
    }
    assert_eq!(inactive(&daemon, "?days=30"), ["u-3 an operator protects it"]);
    act(&idle, "release-to-twilio").problem(409, "protected");
    act("+14155550999", "protect").problem(404, "not_found");
    assert_eq!(world.count("SELECT count(*) FROM releases"), 0);
    let told = callbunker(&daemon, &["numbers", "unprotect", &three]).table();
    assert!(told.contains("no more"), "{told}");
    let history = shown(&three)["history"].to_string();
    assert_eq!(
        (history.matches("\"protected\"").count(), history.matches("\"unprotected\"").count()),
        (1, 1),
        "{history}"
    );
    // Its user may always give it back.
    act(&three, "protect").ok();
    daemon.release("u-3").ok();
    assert!(inactive(&daemon, "").is_empty());
}
