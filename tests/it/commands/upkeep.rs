//! `callbunker plan`, `reconcile`, `replenish`, `pause`, `passes` and `audit` against a daemon.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::World;
use crate::world::command::{callbunker, run};
use crate::world::comparing::{rewire, stocked};

#[track_caller]
fn has_line(table: &str, name: &str, value: &str) {
    let found = table.lines().any(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with("  ") && rest.trim_start().starts_with(value))
    });
    assert!(found, "{name} {value}:\n{table}");
}

#[test]
fn the_plan_tells_what_why_which_caps_and_what_it_costs() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let table = callbunker(&daemon, &["plan"]).table();
    has_line(&table, "would purchase", "0");
    has_line(&table, "explanation", "would buy nothing");
    has_line(&table, "unit price", "1.15 USD");
    has_line(&table, "left this hour", "100");
    has_line(&table, "in stock", "0");
    let by_hand = callbunker(&daemon, &["plan", "--count", "3", "--area-code", "415"]).table();
    has_line(&by_hand, "would purchase", "3");
    has_line(&by_hand, "why", "by hand");
    has_line(&by_hand, "monthly cost", "3.45 USD");
    let document = callbunker(&daemon, &["plan", "--count", "3", "--json"]).json();
    assert_eq!((&document["would_purchase"], &document["why"]), (&json!(3), &json!("by_hand")));
    assert_eq!(world.bought(), 0);
}

#[test]
fn a_price_that_twilio_does_not_tell_is_unknown_with_the_reason() {
    let world = World::new().quiet();
    world.twilio.fault(Fault::new(On::Pricing, FaultKind::Error503).forever());
    let daemon = world.daemon();
    let table = callbunker(&daemon, &["plan", "--count", "2"]).table();
    has_line(&table, "would purchase", "2");
    has_line(&table, "unit price", "unknown");
    has_line(&table, "monthly cost", "unknown");
    has_line(&table, "price error", "the price is not known");
}

#[test]
fn a_comparison_is_told_with_every_list() {
    let (world, daemon, numbers) = stocked(4);
    world.twilio.own(ForeignNumber::new("+14155550100").friendly_name("somebody else's"));
    rewire(&world, &numbers[0]);
    assert!(world.twilio.disown(&numbers[1]));
    let table = callbunker(&daemon, &["reconcile"]).table();
    for (name, count) in [("missing", "1"), ("repaired", "1"), ("conflicts", "0"), ("foreign", "1"), ("checked", "4")] {
        has_line(&table, name, count);
    }
    has_line(&table, "complete", "yes");
    assert!(table.contains("Missing at Twilio:") && table.contains(&numbers[1]), "{table}");
    assert!(table.contains("Not ours, never touched:") && table.contains("+14155550100"), "{table}");
    assert!(table.contains("Repaired:") && table.contains(&numbers[0]), "{table}");
}

#[test]
fn a_comparison_with_a_problem_ends_with_1_until_the_operator_confirms() {
    let (world, daemon, numbers) = stocked(10);
    for number in &numbers[..6] {
        assert!(world.twilio.disown(number));
    }
    for arguments in [&["reconcile"][..], &["reconcile", "--json"]] {
        let ended = callbunker(&daemon, arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("confirm_missing") && !ended.stdout.is_empty(), "{ended:?}");
    }
    let confirmed = callbunker(&daemon, &["reconcile", "--confirm-missing"]).table();
    has_line(&confirmed, "missing", "6");
    let resumed = callbunker(&daemon, &["resume"]).table();
    has_line(&resumed, "halted", "no");
    assert_eq!(daemon.status()["available"], 4);
}

#[test]
fn work_that_breaks_off_shows_people_and_scripts_what_was_done() {
    let (world, daemon, _numbers) = stocked(2);
    world.twilio.fault(Fault::new(On::List, FaultKind::LoopingNextPage).forever());
    for (command, lines) in [
        ("configure-webhooks", &[("checked", "2"), ("configured", "0"), ("failed", "0")][..]),
        ("reconcile", &[("missing", "0"), ("complete", "no")]),
    ] {
        let people = callbunker(&daemon, &[command]);
        assert_eq!((people.code, people.stderr.lines().count()), (Some(1), 1), "{people:?}");
        assert!(people.stderr.contains("broke off") && people.stderr.contains("in the report"), "{people:?}");
        lines.iter().for_each(|(name, value)| has_line(&people.stdout, name, value));
        let script = callbunker(&daemon, &[command, "--json"]);
        assert_eq!((script.code, &script.stderr), (Some(1), &people.stderr), "{script:?}");
        let document: serde_json::Value = serde_json::from_str(&script.stdout).expect("one document");
        assert_eq!((&document["code"], &document["status"]), (&json!("unavailable"), &json!(503)));
        assert!(document["report"].is_object(), "{document}");
    }
}

#[test]
fn replenishing_buys_and_tells_before_and_after() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let mut world = world;
    drop(daemon);
    world.change("pool.threshold_low", 2);
    world.change("pool.replenishment_batch_size", 3);
    let daemon = world.daemon();
    crate::world::eventually("it bought by itself", || daemon.status()["available"] == 3);
    let told = callbunker(&daemon, &["replenish", "--json"]).json();
    assert_eq!((&told["replenished"], &told["reason"]), (&json!(false), &json!("above_threshold")));
    let paused = callbunker(&daemon, &["pause", "--reason", "lunch", "--json"]).json();
    assert_eq!(paused["paused"]["reason"], "lunch");
    for user in ["u-1", "u-2"] {
        daemon.assign(user).ok();
    }
    let idle = callbunker(&daemon, &["replenish"]).table();
    assert!(idle.starts_with("Nothing was bought: paused (an operator paused it"), "{idle}");
    assert!(idle.lines().any(|line| line.starts_with("after") && line.ends_with('3')), "{idle}");
    assert_eq!(world.bought(), 3);
}

#[test]
fn passes_tell_what_each_look_did_and_why() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for _ in 0..3 {
        daemon.post_empty("/admin/phones/api/replenish").ok();
    }
    let table = callbunker(&daemon, &["passes", "--limit", "2"]);
    assert_eq!((table.code, table.stdout.lines().count()), (Some(0), 3), "{table:?}");
    assert!(table.stdout.starts_with("AT") && table.stdout.contains("EXPLANATION"), "{table:?}");
    assert!(table.stdout.contains("above_threshold") && table.stdout.contains("enough numbers"), "{table:?}");
    assert!(table.stderr.contains("--all"), "{table:?}");
    let document = callbunker(&daemon, &["passes", "--all", "--json"]).json();
    assert!(document["items"].as_array().is_some_and(|items| items.len() >= 3), "{document}");
}

#[test]
fn the_audit_trail_is_read_over_pages() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for _ in 0..230 {
        daemon.get("/admin/phones/api/numbers").ok();
    }
    let all = callbunker(&daemon, &["audit", "--all", "--json"]).json();
    let ids: std::collections::BTreeSet<String> =
        all["items"].as_array().expect("items").iter().map(|line| line["request_id"].to_string()).collect();
    assert!(ids.len() >= 230 && all["next_cursor"].is_null(), "{}", ids.len());
    let table = callbunker(&daemon, &["audit", "--limit", "205"]);
    assert_eq!((table.code, table.stdout.lines().count()), (Some(0), 206), "{table:?}");
    assert!(table.stdout.starts_with("AT") && table.stdout.contains("127.0.0.1"), "{table:?}");
}

#[test]
fn the_description_is_printed_without_a_daemon() {
    let document = run(&[], &["openapi"]).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/admin/phones/api/passes"]["get"].is_object());
}
