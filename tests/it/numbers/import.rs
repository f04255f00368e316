//! Moving in from the earlier service: nobody loses a number, and nothing is touched that was not meant.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::comparing::SHOWN_STATUS;
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ORIGIN, World, eventually};

const THEIRS: &str = "https://earlier.example/voice";

fn import(daemon: &Daemon, body: &Value) -> Reply {
    daemon.post("/admin/phones/api/import", body)
}

/// The `n`th number of the earlier service.
fn number(n: usize) -> String {
    format!("+1415555{n:04}")
}

/// An account of the earlier service with so many numbers, and a quiet daemon.
fn account(count: usize) -> (World, Daemon) {
    let world = World::new().quiet();
    for n in 0..count {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    (world, daemon)
}

/// What Twilio shows of every number, by number: name and voice URL.
fn shown(world: &World) -> BTreeMap<String, (String, String)> {
    let owned = world.twilio.truth().owned;
    owned.into_iter().map(|n| (n.phone_number, (n.friendly_name, n.voice_url.unwrap_or_default()))).collect()
}

/// Every row that an import could touch.
fn everything(world: &World) -> String {
    let tables = [
        "purchases",
        "purchase_items",
        "numbers",
        "assignments_ever",
        "releases",
        "ignored_numbers",
        "installation",
        "pools",
    ];
    let sums: Vec<String> = tables
        .iter()
        .map(|table| format!("(SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t)"))
        .collect();
    world.sql(&format!("SELECT {}", sums.join(", ")))
}

fn codes(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.iter().all(|problem| !text(&problem["message"]).is_empty()));
    problems.iter().map(|problem| (text(&problem["phone_number"]), text(&problem["code"]))).collect()
}

fn counts(report: &Value) -> (i64, i64, i64) {
    let count = |name: &str| report[name].as_i64().unwrap();
    (count("imported"), count("assigned"), count("already_imported"))
}

#[track_caller]
fn assert_tagged(world: &World, number: &str, voice_url: &str) {
    let item = world.sql(&format!("SELECT purchase_item_id FROM numbers WHERE phone_number = '{number}'"));
    assert_eq!(shown(world)[number], (format!("callbunker:default:{item}"), voice_url.to_owned()), "{number}");
}

#[test]
fn three_hundred_numbers_move_in_and_every_user_keeps_the_same_number_unchanged() {
    let (world, daemon) = account(310);
    let rows: Vec<Value> = (0..300)
        .map(|n| {
            let at = format!("2024-01-{:02}T12:00:00Z", n % 28 + 1);
            if n < 250 {
                json!({"phone_number": number(n), "user_id": format!("u-{n}"), "assigned_at": at})
            } else {
                json!({"phone_number": number(n)})
            }
        })
        .collect();
    let before = (everything(&world), world.twilio.truth());
    let walks = before.1.requests_of(On::List);
    let dry = import(&daemon, &json!({"numbers": rows, "dry_run": true})).ok();
    assert_eq!((counts(&dry), codes(&dry)), ((300, 250, 0), vec![]));
    assert_eq!(everything(&world), before.0, "a dry run writes nothing");
    assert_eq!((world.twilio.truth().owned, world.twilio.truth().updates), (before.1.owned, 0), "and touches nothing");
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!(report, dry, "what was foretold");
    let list = world.twilio.truth().requests_of(On::List);
    assert_eq!(list - walks, 2, "one walk over the list a call");
    for n in 0..250 {
        let assigned = daemon.assign(&format!("u-{n}")).ok();
        assert_eq!((&assigned["phone_number"], &assigned["replayed"]), (&json!(number(n)), &json!(true)));
        assert_eq!(
            (&assigned["source"], &assigned["assigned_at"]),
            (&json!("pool"), &json!(format!("2024-01-{:02}T12:00:00Z", n % 28 + 1)))
        );
    }
    let ours = format!("{ORIGIN}/twilio/voice");
    let at_twilio = shown(&world);
    for n in 0..310 {
        let (name, voice_url) = &at_twilio[&number(n)];
        match n {
            0..250 => assert_eq!((name.starts_with("callbunker:default:"), voice_url.as_str()), (true, THEIRS)),
            250..300 => assert_eq!((name.starts_with("callbunker:default:"), voice_url), (true, &ours)),
            _ => assert_eq!((name.as_str(), voice_url.as_str()), ("earlier", THEIRS), "nobody named it"),
        }
    }
    assert_eq!(
        world.sql(&format!("SELECT {SHOWN_STATUS}, webhook_status, count(*) FROM numbers GROUP BY 1, 2 ORDER BY 1")),
        "assigned|drifted|250\navailable|configured|50"
    );
    assert_eq!(world.sql("SELECT trigger, state, requested_count FROM purchases"), "import|done|300");
    assert_eq!((&daemon.status()["spend"]["day"]["bought"], world.bought()), (&json!(0), 0));
    assert_eq!(daemon.assign("somebody new").ok()["source"], "pool");
    // The same again changes nothing.
    let before = (everything(&world), world.twilio.truth().updates);
    let again = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&again), codes(&again)), ((0, 0, 300), vec![]));
    assert_eq!((everything(&world), world.twilio.truth().updates), before);
}

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
fn webhooks_of_assigned_numbers_are_set_when_the_call_says_so() {
    let (world, daemon) = account(2);
    let rows = json!([{"phone_number": number(0), "user_id": "u-0"}, {"phone_number": number(1), "user_id": "u-1"}]);
    let report = import(&daemon, &json!({"numbers": rows, "configure_webhooks": true})).ok();
    assert_eq!((counts(&report), codes(&report)), ((2, 2, 0), vec![]));
    assert_tagged(&world, &number(0), &format!("{ORIGIN}/twilio/voice"));
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'configured'"), 2);
    // Or later, with the same call once more.
    let (world, daemon) = account(2);
    import(&daemon, &json!({"numbers": rows})).ok();
    assert_tagged(&world, &number(0), THEIRS);
    let again = import(&daemon, &json!({"numbers": rows, "configure_webhooks": true})).ok();
    assert_eq!((counts(&again), codes(&again)), ((0, 0, 2), vec![]));
    assert_tagged(&world, &number(0), &format!("{ORIGIN}/twilio/voice"));
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'configured'"), 2);
}

#[test]
fn idle_numbers_of_ours_go_to_the_user_who_had_them_and_leaving_ones_to_nobody() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(4).ok();
    let numbers: Vec<String> =
        world.sql("SELECT phone_number FROM numbers ORDER BY purchased_at, id").lines().map(str::to_owned).collect();
    daemon.assign("u-resting").ok();
    daemon.release("u-resting").ok();
    world.sql(&format!(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving' WHERE phone_number = '{}'",
        numbers[2]
    ));
    world.sql(&format!("UPDATE numbers SET webhook_status = 'failed' WHERE phone_number = '{}'", numbers[3]));
    let rows: Vec<Value> = numbers
        .iter()
        .enumerate()
        .map(|(n, number)| json!({"phone_number": number, "user_id": format!("u-{n}")}))
        .collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report)), ((0, 3, 0), vec![(numbers[2].clone(), "leaving".to_owned())]));
    for n in [0, 1, 3] {
        assert_eq!(daemon.assign(&format!("u-{n}")).ok()["phone_number"], json!(numbers[n]));
    }
    assert_eq!(world.twilio.truth().updates, 0, "they carry our tag already");
    assert_eq!(world.bought(), 4);
}

#[test]
fn a_number_that_its_user_had_before_rests_from_now_when_an_imported_assignment_ends() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let number = daemon.assign("u-1").ok()["phone_number"].as_str().unwrap().to_owned();
    daemon.release("u-1").ok();
    // The earlier service says that it was theirs long before.
    let rows = json!([{"phone_number": number, "user_id": "u-1", "assigned_at": "2025-01-31T12:00:00Z"}]);
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report).1, codes(&report)), (1, vec![]), "{report}");
    let released = daemon.release("u-1").ok();
    let ended = world.sql("SELECT max(released_at) FROM past_assignments WHERE assigned_at < now() - interval '1 day'");
    assert_eq!(world.sql("SELECT max(released_at) FROM past_assignments"), ended, "{released}");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE quarantined_until > now()"), 1, "it is not due at once");
    assert_eq!(world.count("SELECT count(*) FROM past_assignments WHERE id < 0"), 1);
    let ids = world.sql("SELECT assignment_id_of('1850-01-01Z') < assignment_id_of('1970-01-01Z'), assignment_id_of('1970-01-01Z') < assignment_id_of('2026-01-01Z'), assignment_id_of('2026-01-01Z') < 0, assignment_id_of(now()) > 0");
    assert_eq!(ids, "t|t|t|t");
}

#[test]
fn when_twilios_list_cannot_be_read_nothing_is_written() {
    for (rows, fault) in [
        (30, FaultKind::Error503),
        (30, FaultKind::LoopingNextPage),
        (3, FaultKind::Reset),
        (3, FaultKind::Unauthorized),
    ] {
        let (world, daemon) = account(1200);
        let before = everything(&world);
        world.twilio.fault(Fault::new(On::List, fault).forever());
        let rows: Vec<Value> =
            (0..rows).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
        let refused = import(&daemon, &json!({"numbers": rows}));
        let expected = if fault == FaultKind::Unauthorized { (502, "twilio_refused") } else { (503, "unavailable") };
        refused.problem(expected.0, expected.1);
        assert_eq!((everything(&world), world.twilio.truth().updates), (before, 0), "{fault:?}");
    }
}

#[test]
fn a_tag_that_could_not_be_written_is_told_and_the_same_call_writes_it() {
    let (world, daemon) = account(3);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).phone_number(number(1)).forever());
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error503).phone_number(number(2)));
    let rows: Vec<Value> = (0..3).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report)), ((3, 3, 0), vec![(number(1), "tag_failed".to_owned())]));
    assert_tagged(&world, &number(0), THEIRS);
    assert_tagged(&world, &number(2), THEIRS);
    assert_eq!(shown(&world)[&number(1)].0, "earlier");
    world.twilio.clear_faults();
    let again = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&again), codes(&again)), ((0, 0, 3), vec![]));
    assert_tagged(&world, &number(1), THEIRS);
    // When Twilio answers nothing any more, it is not asked for every number.
    let (world, daemon) = account(40);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error500).forever());
    let rows: Vec<Value> = (0..40).map(|n| json!({"phone_number": number(n)})).collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report).len()), ((40, 0, 0), 40));
    assert!(world.twilio.truth().requests_of(On::Update) <= 30, "{:?}", world.twilio.truth().requests);
    // They are no stock before their webhooks are confirmed, and care confirms them.
    assert_eq!(daemon.status()["available"], 0);
    world.twilio.clear_faults();
    eventually("care made them ready", || daemon.status()["available"] == 40);
}

#[test]
fn a_tag_that_the_import_could_not_write_on_a_users_number_is_written_by_a_comparison_and_nothing_else() {
    let (world, daemon) = account(2);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).forever());
    let rows: Vec<Value> = (0..2).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report).len()), ((2, 2, 0), 2));
    world.twilio.clear_faults();
    let report = crate::world::comparing::reconcile(&daemon);
    // Their webhooks still belong to the earlier service: told, not touched.
    crate::world::comparing::assert_found(&report, &[("repaired", 2), ("webhook_drift", 2)]);
    for n in 0..2 {
        assert_tagged(&world, &number(n), THEIRS);
    }
    // A restored backup that knows nothing of them finds them by their tags.
    crate::world::comparing::assert_found(&crate::world::comparing::reconcile(&daemon), &[("webhook_drift", 2)]);
}

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
fn an_empty_call_and_a_full_one_are_both_fine() {
    let (world, daemon) = account(0);
    let nothing = import(&daemon, &json!({"numbers": []})).ok();
    assert_eq!(nothing, json!({"imported": 0, "assigned": 0, "already_imported": 0, "problems": []}));
    // A thousand rows with the longest users: none is in the account, and the body is let in.
    let rows: Vec<Value> = (0..1000)
        .map(|n| json!({"phone_number": number(n), "user_id": format!("{n:04}{}", "用".repeat(124)), "assigned_at": "2024-01-01T00:00:00+00:00"}))
        .collect();
    let body = json!({"numbers": rows});
    assert!(body.to_string().len() > 400_000);
    let report = import(&daemon, &body).ok();
    let codes = codes(&report);
    assert!(codes.len() == 1000 && codes.iter().all(|(_, code)| code == "not_in_account"));
    assert_eq!((world.count("SELECT count(*) FROM purchases"), world.twilio.truth().updates), (0, 0));
}

#[cfg(feature = "failpoints")]
#[test]
fn after_kill_9_in_the_middle_of_an_import_the_same_call_finishes_it() {
    let (world, daemon) = account(6);
    let rows: Vec<Value> = (0..6).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let body = json!({"numbers": rows});
    daemon.failpoints("import_written=3*off->sleep(60000)");
    std::thread::scope(|scope| {
        let (daemon, body) = (&daemon, body.to_string());
        let headers = [("X-Admin-API-Key", crate::world::ADMIN_KEY), ("Content-Type", "application/json")];
        scope.spawn(move || daemon.try_send("POST", "/admin/phones/api/import", &headers, Some(body.as_bytes())).err());
        eventually("some are written", || world.count("SELECT count(*) FROM numbers") == 4);
        daemon.signal(nix::sys::signal::Signal::SIGKILL);
    });
    drop(daemon);
    let daemon = world.daemon();
    assert_eq!(daemon.assign("u-0").ok()["phone_number"], json!(number(0)));
    let report = import(&daemon, &body).ok();
    assert_eq!((counts(&report), codes(&report)), ((2, 2, 4), vec![]));
    for n in 0..6 {
        assert_eq!(daemon.assign(&format!("u-{n}")).ok()["phone_number"], json!(number(n)));
        assert_tagged(&world, &number(n), THEIRS);
    }
    assert_eq!(world.bought(), 0);
}

#[test]
fn a_repeat_beside_the_first_call_is_never_told_that_a_living_number_has_left() {
    let (world, daemon) = account(3);
    let rows: Vec<Value> = (0..3).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let body = json!({"numbers": rows});
    daemon.failpoints("import_decided=1*pause");
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| import(&daemon, &body).ok());
        eventually("the first call has decided", || world.twilio.truth().requests_of(On::List) >= 3);
        // It has the last page; only its own thoughts are left, which nothing outside tells of.
        std::thread::sleep(std::time::Duration::from_secs(4));
        assert_eq!(import(&daemon, &body).ok()["imported"], 3);
        daemon.failpoint_off("import_decided");
        let told = slow.join().unwrap();
        let codes: Vec<&Value> = told["problems"].as_array().unwrap().iter().map(|problem| &problem["code"]).collect();
        assert_eq!(codes, ["changed_meanwhile"; 3], "{told}");
    });
    assert_eq!(import(&daemon, &body).ok()["already_imported"], 3);
}

#[test]
fn numbers_that_twilio_denies_at_the_last_step_are_judged_by_a_comparison_and_not_one_by_one() {
    let (world, daemon) = account(8);
    let rows: Vec<Value> = (0..8).map(|n| json!({"phone_number": number(n)})).collect();
    world.twilio.fault(Fault::new(On::Update, FaultKind::NotFound).times(8));
    let told = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!(told["problems"].as_array().unwrap().len(), 8, "{told}");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    eventually("the comparison that was asked for finds them there", || daemon.status()["available"] == 8);
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

/// An account with more numbers than a page of Twilio's list holds.
fn large_account() -> (World, Daemon) {
    let world = World::new().quiet();
    for n in 0..2500 {
        world.twilio.own(ForeignNumber::new(format!("+1907555{n:04}")).friendly_name("another's"));
    }
    for n in 0..60 {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    (world, daemon)
}

#[test]
fn many_numbers_of_a_large_account_are_looked_up_in_the_ranges_that_they_lie_in() {
    let (world, daemon) = large_account();
    let rows = |count: usize| -> Vec<Value> { (0..count).map(|n| json!({"phone_number": number(n)})).collect() };
    let lists = || world.twilio.truth().requests_of(On::List);
    let asked = |rows: Vec<Value>| {
        let before = lists();
        (import(&daemon, &json!({"numbers": rows, "dry_run": true})).ok(), lists() - before)
    };
    // One page of the whole list says that there are more, and one holds the range.
    let (report, pages) = asked(rows(61));
    assert_eq!((counts(&report).0, codes(&report), pages), (60, vec![(number(60), "not_in_account".to_owned())], 2));
    // Where they lie everywhere, the whole list is turned: three pages.
    let mut everywhere = rows(30);
    everywhere.extend((200..220).map(|code| json!({"phone_number": format!("+1{code}5550100")})));
    let (report, pages) = asked(everywhere);
    assert_eq!((counts(&report).0, codes(&report).len(), pages), (30, 20, 3));
    // A row that cannot be read may be a wanted number, in a range as in the whole.
    world.twilio.fault(Fault::new(On::List, FaultKind::OddRow).field("sid").phone_number(number(7)).forever());
    let (report, _) = asked(rows(40));
    assert_eq!((counts(&report).0, codes(&report)), (39, vec![(number(7), "unreadable".to_owned())]), "{report}");
    world.twilio.clear_faults();
    // A range that does not come to its end proves nothing.
    world.twilio.fault(Fault::new(On::List, FaultKind::LoopingNextPage).forever());
    import(&daemon, &json!({"numbers": rows(30)})).problem(503, "unavailable");
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0);
}
