//! What moves in, and what becomes of it.

use serde_json::{Value, json};
use twilio_simulator::On;

use super::{THEIRS, account, assert_tagged, codes, counts, everything, import, number, shown};
use crate::world::comparing::SHOWN_STATUS;
use crate::world::{ORIGIN, World};

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
