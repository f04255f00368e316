//! Rows that are refused, or taken with a doubt: each by itself, and all at once.

use serde_json::{Value, json};
use twilio_simulator::{ForeignNumber, On};

use super::{THEIRS, account, assert_tagged, codes, counts, import, number, shown};
use crate::world::ORIGIN;

#[test]
fn only_what_is_being_bought_is_left_to_its_purchase() {
    let (world, daemon) = account(3);
    let order = "00000000-0000-4000-8000-000000000001";
    let item = |n: usize, columns: &str, values: &str| {
        let number = number(n);
        world.sql(&format!(
            "INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, attempts, first_sent_at, {columns})
             VALUES (gen_random_uuid(), '{order}', '{number}', false, 1, now(), {values})"
        ));
    };
    world.sql(&format!(
        "INSERT INTO purchases (id, trigger, requested_count, country, requested_by, state, expires_at, ended_at)
         VALUES ('{order}', 'manual', 9, 'US', 'test', 'done', now(), now())"
    ));
    item(0, "state, ended_at", "'taken', now()");
    item(1, "state, ended_at, refusal_concerns", "'not_bought', now(), 'number'");
    // Looked for a moment ago, so that recovery leaves it alone meanwhile.
    item(2, "state, doubted, last_lookup_at", "'unknown', true, now()");
    let rows: Vec<Value> = (0..3).map(|n| json!({"phone_number": number(n)})).collect();
    for dry_run in [true, false] {
        let report = import(&daemon, &json!({"numbers": rows, "dry_run": dry_run})).ok();
        assert_eq!((counts(&report).0, codes(&report)), (2, vec![(number(2), "being_bought".to_owned())]), "{report}");
    }
}

#[test]
fn every_bad_row_is_told_at_once_and_the_good_ones_move_in() {
    let (world, daemon) = account(12);
    daemon.purchase(1).ok();
    let bought = world.sql("SELECT phone_number FROM numbers");
    daemon.assign("u-has").ok();
    let staging = "callbunker:staging:00000000-0000-4000-8000-000000000007";
    world.twilio.own(ForeignNumber::new(number(5)).friendly_name(staging));
    let rows = json!([
        {"phone_number": "4155550000"},
        {"phone_number": number(0), "user_id": "u-0"},
        {"phone_number": number(1), "user_id": "u\u{7f}"},
        {"phone_number": number(2), "user_id": "u-2", "assigned_at": "2999-01-01T00:00:00Z"},
        {"phone_number": number(3), "user_id": "u-3", "assigned_at": "soon"},
        {"phone_number": number(4), "user_id": "u-4"},
        {"phone_number": number(4), "user_id": "u-44"},
        {"phone_number": number(5)},
        {"phone_number": "+14155559999"},
        {"phone_number": number(6), "user_id": "u-has"},
        {"phone_number": bought, "user_id": "u-other"},
        {"phone_number": number(7), "user_id": "u-twice"},
        {"phone_number": number(8), "user_id": "u-twice"},
        {"phone_number": number(9), "user_id": null, "assigned_at": null},
    ]);
    let expected: Vec<(String, String)> = [
        ("4155550000", "invalid_phone_number"),
        (&number(1), "invalid_user_id"),
        (&number(2), "invalid_assigned_at"),
        (&number(3), "invalid_assigned_at"),
        (&number(4), "duplicate_number"),
        (&number(4), "duplicate_number"),
        (&number(5), "other_instance"),
        ("+14155559999", "not_in_account"),
        (&number(6), "user_has_another_number"),
        (&bought, "number_has_another_user"),
        (&number(7), "duplicate_user"),
        (&number(8), "duplicate_user"),
    ]
    .map(|(number, code)| (number.to_owned(), code.to_owned()))
    .to_vec();
    for dry_run in [true, false] {
        let report = import(&daemon, &json!({"numbers": rows, "dry_run": dry_run})).ok();
        assert_eq!((counts(&report), codes(&report)), ((2, 1, 0), expected.clone()), "dry run: {dry_run}");
    }
    assert_tagged(&world, &number(0), THEIRS);
    assert_tagged(&world, &number(9), &format!("{ORIGIN}/twilio/voice"));
    let at_twilio = shown(&world);
    for n in [1, 2, 3, 4, 6, 7, 8, 10, 11] {
        assert_eq!(at_twilio[&number(n)], ("earlier".to_owned(), THEIRS.to_owned()), "{n} was not meant");
    }
    assert_eq!(at_twilio[&number(5)].0, staging);
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 3);
    assert!(world.twilio.truth().requests_of(On::List) >= 12, "few numbers are looked up one by one");
}

#[test]
fn values_are_taken_as_files_have_them_and_doubts_are_told() {
    let (world, daemon) = account(8);
    let rows = json!([
        {"phone_number": "(415) 555-0000", "user_id": "u-0", "assigned_at": "2024-07-01 12:00:00"},
        {"phone_number": "=\"+14155550001\"", "user_id": "NULL"},
        {"phone_number": "tel:+1-415-555-0002", "user_id": "u-2 ", "assigned_at": "Mon, 01 Jul 2024 12:00:00 +0200"},
        {"phone_number": number(3), "user_id": " "},
        {"phone_number": "1.41556E+10"},
        {"phone_number": number(4), "user_id": "12345.0"},
        {"phone_number": number(5), "user_id": "u-5", "assigned_at": "1/31/2024"},
        {"phone_number": "+14155550006;ext=12"},
        {"phone_number": number(7), "user_id": "u-7", "assigned_at": "2026-10-25 02:30:00"},
    ]);
    let body = json!({"numbers": rows, "default_country": "US", "timezone": "Europe/Berlin"});
    let report = import(&daemon, &body).ok();
    assert_eq!((counts(&report), report["drifted"].as_i64()), ((4, 2, 0), Some(2)), "{report}");
    let told: Vec<String> = codes(&report).into_iter().map(|(_, code)| code).collect();
    let expected = [
        "destroyed_by_spreadsheet",
        "destroyed_by_spreadsheet",
        "invalid_assigned_at",
        "invalid_phone_number",
        "invalid_assigned_at",
    ];
    assert_eq!(told, expected, "{report}");
    let problems = report["problems"].as_array().unwrap();
    let says = |at: usize, words: &str| problems[at]["message"].as_str().unwrap().contains(words);
    assert!(says(1, "or give \"as_is\":true if it is meant so"), "{report}");
    assert!(!report.to_string().contains("--"), "a program has no options: {report}");
    assert!(says(0, "export the column as text") && says(2, "day and month") && says(3, "extension 12"), "{report}");
    assert!(says(4, "exists twice"), "{report}");
    let note = |code: &str, number: String| (json!(code), json!(1), json!([number]));
    let notes = report["notes"].as_array().unwrap().iter();
    let notes: Vec<_> = notes.map(|n| (n["code"].clone(), n["count"].clone(), n["phone_numbers"].clone())).collect();
    assert_eq!(notes, [note("word_for_none", number(1)), note("blanks_around", number(2))], "{report}");
    let since = world.sql("SELECT DISTINCT assigned_at AT TIME ZONE 'UTC' FROM leases WHERE user_id IS NOT NULL");
    assert_eq!(since, "2024-07-01 10:00:00");
    assert_eq!(daemon.get("/signup/api/assignments/u-2%20").ok()["phone_number"], json!(number(2)));
    // To the letter, and less than a day ahead of us.
    let soon = world.sql("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '9 hours', 'YYYY-MM-DD HH24:MI:SS')");
    let rows = json!([{"phone_number": number(4), "user_id": "12345.0", "assigned_at": soon}]);
    let report = import(&daemon, &json!({"numbers": rows, "as_is": true, "configure_webhooks": true})).ok();
    assert_eq!((counts(&report), &report["drifted"]), ((1, 1, 0), &Value::Null), "{report}");
    assert_eq!(report["notes"][0]["code"], "future_is_now", "{report}");
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE user_id = '12345.0' AND assigned_at <= now()"), 1);
    for (field, value) in
        [("timezone", "europe/berlin"), ("timezone", ""), ("default_country", "XX"), ("default_country", "us")]
    {
        let refused = import(&daemon, &json!({"numbers": [], field: value})).problem(422, "invalid_field");
        assert_eq!(refused["field"], field, "{value}: {refused}");
    }
}

#[test]
fn rows_that_may_say_whose_a_number_is_are_not_taken_for_stock() {
    let (world, daemon) = account(3);
    let unknown = json!({"numbers": [{"phone_number": number(0), "Kunde": "anna"}]});
    let refused = import(&daemon, &unknown).problem(422, "unknown_field");
    assert_eq!(refused["field"], "numbers[0].Kunde");
    assert!(refused["detail"].as_str().unwrap().contains("call it user_id"), "{refused}");
    // Since when, and not whose.
    let mut body = json!({"numbers": [{"phone_number": number(0), "assigned_at": "2024-01-31 12:00"}, {"phone_number": number(1)}]});
    let refused = import(&daemon, &body).problem(422, "invalid_field");
    assert_eq!(refused["field"], "numbers");
    assert!(refused["detail"].as_str().unwrap().contains("\"no_users\":true if all"), "{refused}");
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0);
    // Who says that somebody may have it, or that nobody does, is believed.
    body["numbers"][1]["user_id"] = Value::Null;
    body["dry_run"] = json!(true);
    assert_eq!(import(&daemon, &body).ok()["stock"], 2);
    body["numbers"][1] = json!({"phone_number": number(1), "user_id": "u-1"});
    body["no_users"] = json!(true);
    assert_eq!(import(&daemon, &body).problem(422, "invalid_field")["field"], "no_users");
    body["numbers"][1] = json!({"phone_number": number(1), "user_id": "NULL"});
    body["dry_run"] = json!(false);
    let report = import(&daemon, &body).ok();
    assert_eq!((counts(&report), &report["stock"]), ((2, 0, 0), &json!(2)), "{report}");
    let again = import(&daemon, &body).ok();
    assert_eq!((counts(&again), &again["stock"]), ((0, 0, 2), &Value::Null), "{again}");
}
