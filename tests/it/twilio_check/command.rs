//! The command as people and scripts run it: what it prints, what it asks, and what it does without.

use twilio_simulator::{Fault, FaultKind, On};

use super::Place;

#[test]
fn a_table_for_people_has_a_line_for_each_thing() {
    let mut place = Place::new();
    place.with_gb();
    let ended = place.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let heading: Vec<&str> = ended.stdout.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(heading, ["RESULT", "CHECK", "POOL", "DETAIL", "TO", "DO"]);
    let line = |check: &str, pool: &str| {
        let mut lines = ended.stdout.lines().map(|line| line.split_whitespace().take(3).collect::<Vec<_>>());
        lines
            .find(|words| words.get(1) == Some(&check) && words.get(2) == Some(&pool))
            .unwrap_or_else(|| panic!("{ended:?}"))[0]
    };
    for (check, pool, result) in [
        ("credentials", "-", "pass"),
        ("account", "-", "pass"),
        ("balance", "-", "pass"),
        ("stock", "default", "pass"),
        ("price", "default", "pass"),
        ("stock", "gb", "pass"),
        ("bundle", "gb", "fail"),
        ("public_url", "-", "pass"),
    ] {
        assert_eq!(line(check, pool), result, "{check} of {pool}");
    }
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("buying could not succeed (bundle of gb)"), "{ended:?}");
}

#[test]
fn a_look_asks_each_thing_once_and_changes_nothing() {
    let mut place = Place::new();
    place.with_gb();
    place.set("pools.west.country", "US");
    place.twilio.set_regulated("GB", false);
    let ended = place.run(&["--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let requests = place.twilio.truth().requests;
    let asked = requests.iter().filter(|(_, count)| **count > 0).map(|(kind, count)| (kind.as_str(), *count));
    // Two pools are of one kind, and have one price.
    let expected = [("account", 1), ("balance", 1), ("list", 1), ("pricing", 2), ("regulation", 1), ("search", 3)];
    assert_eq!(asked.collect::<Vec<_>>(), expected);
}

#[test]
fn what_fails_for_a_moment_is_asked_again_once_and_no_more() {
    let place = Place::new();
    place.twilio.fault(Fault::new(On::Balance, FaultKind::Error503));
    assert_eq!(place.check().0, 0);
    assert_eq!(place.twilio.truth().requests_of(On::Balance), 2);
    place.twilio.fault(Fault::new(On::Search, FaultKind::TooManyRequests).retry_after(1).forever());
    assert_eq!(place.check().1["result"], "warn");
    assert_eq!(place.twilio.truth().requests_of(On::Search), 3, "one when all was well, two of this look");
}

#[test]
fn a_bad_configuration_is_64_and_neither_a_database_nor_keys_are_missed() {
    let mut place = Place::new();
    assert!(!place.env.contains_key("DATABASE_URL") && !place.env.contains_key("ADMIN_API_KEY"));
    assert_eq!(place.check().0, 0);
    place.set("pool.threshold_low", "100000");
    place.unset("TWILIO_AUTH_TOKEN");
    let ended = place.run(&["--json"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{ended:?}");
    for problem in ["pool.threshold_low", "TWILIO_AUTH_TOKEN"] {
        assert!(ended.stderr.contains(problem), "{ended:?}");
    }
    assert!(!ended.stderr.contains("DATABASE_URL"), "{ended:?}");
    assert_eq!(place.run(&["--jsn"]).code, Some(64));
    // What `serve` refuses is refused here, too.
    let mut place = Place::new();
    place.set("pool.sms_ready_when", "registered");
    let ended = place.run(&[]);
    assert_eq!(ended.code, Some(64), "{ended:?}");
    assert!(ended.stderr.contains("pool.sms_ready_when"), "{ended:?}");
}

#[test]
fn no_secret_is_told() {
    let mut place = Place::new();
    place.set("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdee");
    for ended in [place.run(&[]), place.run(&["--json"])] {
        assert!(!format!("{ended:?}").contains("0123456789abcdef0123456789abcdee"), "{ended:?}");
    }
}
