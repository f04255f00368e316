//! Alerts at the command line: listed, acknowledged, and a test that nobody would get.

use serde_json::json;

use crate::world::World;
use crate::world::alerting::{cleared, raised, told};
use crate::world::command::callbunker;

#[test]
fn alerts_are_listed_and_acknowledged_and_a_test_without_a_channel_ends_with_1() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    assert_eq!(callbunker(&daemon, &["alerts"]).stderr, "callbunker: no alert is open\n");
    let bundle = raised(&world, "bundle.expiring", "gb", "warning", 9);
    told(&world, &bundle, "email", ("sent", 1, None), 9);
    told(&world, &bundle, "slack", ("given_up", 12, Some("hooks.slack.com cannot be found")), 9);
    let balance = raised(&world, "balance.low", "", "critical", 5);
    told(&world, &balance, "email", ("waiting", 2, Some("mail.example.com does not answer")), 5);
    let over = raised(&world, "reconcile.failing", "", "warning", 20);
    cleared(&world, &over);

    let table = callbunker(&daemon, &["alerts"]).table();
    assert!(table.starts_with("SEVERITY"), "{table}");
    let line = |id: &str| table.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id}:\n{table}"));
    for word in ["warning", "gb", "bundle.expiring", "It is bundle.expiring.", "Mend it.", "email, slack given up"] {
        assert!(line(&bundle).contains(word), "{word}:\n{table}");
    }
    assert!(line(&balance).contains("nobody since "), "{table}");
    assert!(!table.contains("It is over."), "{table}");
    assert!(callbunker(&daemon, &["alerts", "--all"]).table().contains("It is over."));
    let json = callbunker(&daemon, &["alerts", "--json"]).json();
    assert_eq!(json["items"].as_array().map(Vec::len), Some(2), "{json}");

    let known = callbunker(&daemon, &["alerts", "acknowledge", &bundle]).table();
    assert!(known.starts_with("Known to ") && known.contains("It is bundle.expiring."), "{known}");
    let closed = callbunker(&daemon, &["alerts", "acknowledge", &over]).table();
    assert_eq!(closed, "It is over: It is over.\n");
    let unknown = callbunker(&daemon, &["alerts", "acknowledge", "00000000-0000-7000-8000-000000000000"]);
    assert!(unknown.sentence(1).contains("no alert with this id"));
    assert!(callbunker(&daemon, &["alerts", "test"]).sentence(1).contains("no channel is configured"));
    let tested = callbunker(&daemon, &["alerts", "test", "--json"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&tested.stdout).expect("JSON"), json!({"channels": []}));
    assert_eq!(callbunker(&daemon, &["alerts", "test", "--all"]).code, Some(64));
}
