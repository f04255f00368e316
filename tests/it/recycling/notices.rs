//! Notices: told first, in the same words, and what comes of them; what is taken rests, and its user may have it back.

use far_side::Answer;
use serde_json::{Value, json};

use crate::world::daemon::Daemon;
use crate::world::described::Description;
use crate::world::scrape::Scrape;
use crate::world::telling::SECRET;
use crate::world::{World, eventually};

/// Everybody was silent, and the application tells of uses day by day.
fn silent_for_100_days(world: &World) {
    world.assigned_days_ago(100);
    world.sql(
        "INSERT INTO touch_days (day) SELECT current_date - n FROM generate_series(0, 110) AS n ON CONFLICT DO NOTHING",
    );
}

/// The notices of a user, as `state why`.
fn notices(world: &World, number: &str) -> String {
    world.sql(&format!(
        "SELECT string_agg(concat_ws(' ', r.state, r.why), ', ' ORDER BY r.intended_at) FROM recyclings r JOIN numbers n ON n.id = r.number_id
          WHERE n.phone_number = '{number}'"
    ))
}

/// What was told is what the description says of the webhook.
fn is_described(daemon: &Daemon, words: &Value) {
    let description = Description::new(daemon.get("/openapi.json").ok());
    let schema =
        &description.document["webhooks"]["notice"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "the notice is described");
    assert_eq!(description.faults(schema, words), Vec::<String>::new());
}

fn recycle(daemon: &Daemon, numbers: &[&str]) -> Value {
    daemon.post("/admin/phones/api/recycle", &json!({ "phone_numbers": numbers })).ok()
}

#[test]
fn nobody_loses_a_number_untold_and_whoever_speaks_keeps_it() {
    let mut world = World::new().quiet().set("recycling.by_touch", true);
    let daemon = world.daemon();
    daemon.purchase(6).ok();
    let number = |user: &str| daemon.assign(user).ok()["phone_number"].as_str().unwrap().to_owned();
    let [taken, touched, protected, first, second] = ["u-1", "u-2", "u-3", "u-4", "u-5"].map(number);
    let in_order = world
        .sql(&format!("SELECT phone_number FROM numbers WHERE phone_number IN ('{first}', '{second}') ORDER BY id"));
    let (first, second) = in_order.split_once('\n').expect("two numbers");
    let idle = world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL");
    daemon.post("/admin/phones/api/recycle", &json!({"phone_numbers": [taken]})).problem(409, "conflict");
    assert_eq!(daemon.stop(), Some(0));

    world.change("recycling.mode", "suggest");
    world.change("recycling.notice_url", format!("{}/notices", world.far().url()));
    world.change("ALERT_WEBHOOK_SECRET", SECRET);
    let daemon = world.daemon();
    let refused = recycle(&daemon, &[&taken]);
    assert_eq!(refused["refused"][0]["code"], "used_lately", "{refused}");
    world.assigned_days_ago(100);
    assert_eq!(recycle(&daemon, &[&taken])["refused"][0]["code"], "no_data");
    silent_for_100_days(&world);

    // The far side fails at first: nobody is taken for told.
    world.far().answer("/notices", Answer::Status(500), 1);
    world.far().answer("/notices", Answer::Cut, 1);
    let told = recycle(&daemon, &[&taken, &touched, &protected, &idle, "+14155550999"]);
    assert_eq!(told["noticed"].as_array().map(Vec::len), Some(3), "{told}");
    let refused = told["refused"].as_array().unwrap();
    let mut codes: Vec<&str> = refused.iter().map(|one| one["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["not_assigned", "not_found"]);
    assert_eq!(recycle(&daemon, &[&taken])["refused"][0]["code"], "already_noticed");
    eventually("all three are told", || {
        world.sql("UPDATE recyclings SET due_at = clock_timestamp() WHERE state = 'intended'");
        world.count("SELECT count(*) FROM recyclings WHERE state = 'noticed'") == 3
    });
    let got = world.far().got();
    let tries = got.requests_to("/notices");
    assert!(tries.len() >= 5, "{}", tries.len());
    let of = |number: &str| {
        let is_of = |one: &&&far_side::Request| one.json()["data"]["phone_number"] == number;
        tries.iter().filter(is_of).collect::<Vec<_>>()
    };
    let mine = of(&taken);
    let words = mine[0].json();
    assert_eq!((&words["type"], &words["data"]["user_id"]), (&json!("number.inactive"), &json!("u-1")), "{words}");
    assert_eq!(words["data"]["last_used_source"], "assignment");
    is_described(&daemon, &words);
    let shown = daemon.get(&format!("/admin/phones/api/numbers/{taken}")).ok()["notice"].clone();
    assert_eq!((&shown["state"], shown["take_after"].is_string()), (&json!("noticed"), true), "{shown}");
    for number in [&taken, &touched, &protected] {
        let all = of(number);
        assert!(
            all.iter().all(|one| one.body == all[0].body && one.header("webhook-id") == all[0].header("webhook-id"))
        );
        assert!(all.iter().all(|one| crate::alerts::is_signed(one, SECRET)));
    }

    // A touch, an operator's word: it stays. Nothing is taken before its time.
    daemon.signup("/signup/api/touch", &json!({"user_ids": ["u-2"]})).ok();
    eventually("the touch ends it", || notices(&world, &touched) == "ended touched");
    daemon.post_empty(&format!("/admin/phones/api/numbers/{protected}/protect")).ok();
    assert_eq!(notices(&world, &protected), "ended protected", "at once");
    assert_eq!(notices(&world, &taken), "noticed");
    world.sql("UPDATE recyclings SET take_after = clock_timestamp() WHERE state = 'noticed'");
    eventually("its time is over", || notices(&world, &taken) == "taken");
    assert_eq!(world.sql("SELECT user_id FROM leases WHERE user_id = 'u-1'"), "");
    let history = daemon.get(&format!("/admin/phones/api/numbers/{taken}")).ok()["history"].to_string();
    assert!(history.contains("\"notice\"") && history.contains("\"recycled\""), "{history}");
    // It rests for its user, who comes back.
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], taken);
    assert_eq!(daemon.stop(), Some(0));

    // By itself, so many in a day: the one by hand counts, over a restart.
    world.change("recycling.mode", "apply");
    world.change("recycling.notice_days", 0);
    world.change("recycling.per_day_max", 1);
    let daemon = world.daemon();
    let by_itself = "SELECT count(*) FROM recyclings WHERE requested_by IS NULL AND state = ";
    eventually("the first is told", || world.count(&format!("{by_itself}'noticed'")) == 1);
    // u-1 has had it again for a moment only, u-2 was touched; the three others are silent.
    eventually("machines count the silent", || {
        Scrape::of(&daemon).get("callbunker_inactive", &[("pool", "default")]) == 3.0
    });
    assert_eq!((notices(&world, first), notices(&world, second)), ("noticed".to_owned(), String::new()));
    let user = world.sql(&format!("SELECT user_id FROM leases WHERE phone_number = '{first}'"));
    world.sql("SET session_replication_role = replica; UPDATE recyclings SET ended_at = ended_at - interval '25 hours' WHERE state = 'taken'");
    eventually("there is room again", || notices(&world, first) == "taken");
    assert_eq!(notices(&world, second), "", "and for one notice in a day");
    assert_eq!(daemon.assign(&user).ok()["phone_number"], first);
}

#[test]
fn a_far_side_that_wants_none_is_told_none_and_two_instances_take_no_more_than_one_may() {
    let mut world = World::new()
        .quiet()
        .set("recycling.by_touch", true)
        .set("recycling.mode", "suggest")
        .set("recycling.notice_days", 0)
        .set("recycling.per_day_max", 2)
        .set("ALERT_WEBHOOK_SECRET", SECRET);
    let far = world.far().url().to_owned();
    world.change("recycling.notice_url", format!("{far}/gone"));
    world.stock("default", 1, 8);
    let daemon = world.daemon();
    let numbers: Vec<String> = (1..=6)
        .map(|user| daemon.assign(&format!("u-{user}")).ok()["phone_number"].as_str().unwrap().to_owned())
        .collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    silent_for_100_days(&world);

    // Whoever says that nothing more is wanted is asked once, of however many.
    world.far().answer("/gone", Answer::Status(410), u32::MAX);
    let asked = || world.far().got().requests_to("/gone").len();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| recycle(&daemon, &numbers[..1]));
        eventually("it is known", || {
            world.count("SELECT count(*) FROM recycling_gate WHERE gone_since IS NOT NULL") == 1
        });
        let after = asked();
        // The call waits five seconds for it, in which a courier looks ten times.
        recycle(&daemon, &numbers[1..2]);
        assert_eq!(asked(), after, "it is not asked again");
        let told = first.join().expect("an answer");
        assert_eq!(told["noticed"], json!([numbers[0]]), "it is on its way: {told}");
    });
    assert_eq!(world.count("SELECT count(*) FROM recyclings WHERE state = 'intended'"), 2);
    assert_eq!(daemon.stop(), Some(0));

    // Another address is told; two instances take what one may, by hand or not.
    world.change("recycling.notice_url", format!("{far}/notices"));
    world.change("recycling.mode", "apply");
    let (one, other) = (world.daemon(), world.daemon());
    std::thread::scope(|scope| {
        scope.spawn(|| recycle(&one, &numbers[2..4]));
        scope.spawn(|| recycle(&other, &numbers[4..]));
    });
    let taken = || world.count("SELECT count(*) FROM recyclings WHERE state = 'taken'");
    let today =
        "SELECT count(*) FROM recyclings WHERE state = 'taken' AND ended_at > clock_timestamp() - interval '1 day'";
    eventually("all are told", || world.count("SELECT count(*) FROM recyclings WHERE state = 'intended'") == 0);
    for in_all in [2, 4, 6] {
        eventually("the day is full", || taken() == in_all);
        assert_eq!(world.count(today), 2, "over both instances");
        world.sql(
            "SET session_replication_role = replica; UPDATE recyclings SET ended_at = ended_at - interval '25 hours' WHERE state = 'taken'",
        );
    }
    assert_eq!(world.sql("SELECT count(*) FROM leases WHERE user_id IS NOT NULL"), "0");
    assert!(numbers.iter().all(|number| notices(&world, number) == "taken"));
}
