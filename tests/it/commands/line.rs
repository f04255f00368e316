//! The commands that call the running daemon: tables, documents, exit codes.

use std::process::Stdio;

use serde_json::json;

use crate::world::World;
use crate::world::command::{Ended, at_a_terminal, callbunker, program, run};

const COMMANDS: [&str; 16] = [
    "status",
    "plan",
    "purchase",
    "replenish",
    "configure-webhooks",
    "reconcile",
    "release",
    "numbers",
    "audit",
    "import",
    "pause",
    "resume",
    "completions",
    "man",
    "serve",
    "migrate",
];

#[test]
fn help_lists_every_command_with_one_line() {
    let help = run(&[], &["--help"]).table();
    for command in COMMANDS {
        let line = help.lines().find(|line| line.trim_start().starts_with(&format!("{command} ")));
        let line = line.unwrap_or_else(|| panic!("{command} is not in:\n{help}"));
        assert!(line.split_whitespace().count() > 3, "{line}");
        assert!(run(&[], &[command, "--help"]).table().contains("Usage: callbunker"), "{command}");
    }
}

#[test]
fn the_status_is_a_table_for_people_and_the_daemons_document_for_scripts() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 40);
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    daemon.assign("u-1").ok();
    let table = callbunker(&daemon, &["status"]).table();
    for line in [
        "available            2 (threshold 0)",
        "assigned             1",
        "bought in an hour    3 of 40",
        "paused               no",
    ] {
        assert!(table.lines().any(|shown| shown == line), "{line}:\n{table}");
    }
    assert_eq!(callbunker(&daemon, &["status", "--json"]).json(), daemon.status());
    assert_eq!(callbunker(&daemon, &["--config", "/nowhere", "status", "--json"]).code, Some(0), "it needs no file");
    assert_eq!(callbunker(&daemon, &["status", "--json", "--config", "/nowhere"]).code, Some(0));
}

#[test]
fn bad_usage_is_64_and_asks_nobody() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for arguments in [
        &["purchase"][..],
        &["purchase", "--count", "0"],
        &["purchase", "--count", "101"],
        &["purchase", "--count", "1", "--area-code", "115"],
        &["purchase", "--count", "1", "--country", "usa"],
        &["purchase", "--count", "1", "--fallback"],
        &["purchase", "--count", "1", "--country", "GB", "--area-code", "415"],
        &["purchase", "--count", "1", "--idempotency-key", ""],
        &["purchase", "--follow", "1"],
        &["purchase", "--count", "1", "--key", "k"],
        &["plan", "--area-code", "415"],
        &["numbers", "--status", "gone"],
        &["numbers", "--limit", "0"],
        &["numbers", "--limit", "3", "--all"],
        &["numbers", "show", "555-0100"],
        &["orders", "show", "nope"],
        &["orders", "--limit", "1", "show", "01a20305-5087-71a4-a9bd-f7af77643551"],
        &["users"],
        &["assign", "u-1", "--strict"],
        &["status", "--color", "sometimes"],
        &["numbers", "adopt"],
        &["numbers", "adopt", "+14155550100", "--pool", "No Pool"],
        &["numbers", "--pool", "gb", "adopt", "+14155550100"],
        &["numbers", "move", "+14155550100"],
        &["assign", "u-1", "--near", "555-0100"],
        &["numbers", "--all", "show", "+14155550100"],
        &["configure-webhooks", "+1 415 555 01OO"],
        &["release", "a\u{200b}"],
        &["completions", "cmd"],
        &["man", "nothing"],
        &["man", "numbers", "nothing"],
        &["--url", "http://127.0.0.1:1", "check-config"],
        &["openapi", "--json"],
        &["twilio", "check", "--url", "http://127.0.0.1:1"],
        &["--json", "twilio", "setup-events"],
    ] {
        let ended = callbunker(&daemon, arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
    let guess = callbunker(&daemon, &["numbers", "show", "555-0100"]).stderr;
    assert!(guess.contains("country code"), "{guess}");
    assert_eq!(world.bought(), 0);
}

#[test]
fn replenishing_pausing_and_resuming_are_told_and_printed() {
    let world = World::new().set("pool.total_min", 0).set("pool.threshold_low", 0);
    let daemon = world.daemon();
    let idle = callbunker(&daemon, &["replenish"]).table();
    assert!(idle.starts_with("Nothing was bought: above_threshold (the pool has enough).\n"), "{idle}");
    assert!(idle.contains("AVAILABLE  ASSIGNED  TOTAL") && idle.contains("after"), "{idle}");
    assert_eq!(callbunker(&daemon, &["replenish", "--json"]).json()["reason"], "above_threshold");
    let paused = callbunker(&daemon, &["pause", "--reason", "an\u{1b}[2Jaudit"]).table();
    assert!(paused.contains("is paused on all instances") && !paused.contains('\u{1b}'), "{paused}");
    assert_eq!(daemon.status()["paused"]["reason"], "an\u{1b}[2Jaudit");
    let status = callbunker(&daemon, &["status"]).table();
    assert!(status.lines().any(|line| line.starts_with("paused") && line.contains(": an\u{fffd}[2Jaudit")), "{status}");
    let open = json!({"paused": null, "halted": null, "pools": [{"pool": "default", "halted": null}]});
    assert_eq!(callbunker(&daemon, &["resume", "--json"]).json(), open);
    callbunker(&daemon, &["pause"]).table();
    assert!(callbunker(&daemon, &["resume", "--reason", "done"]).table().starts_with("Automatic buying goes on.\n"));
    assert_eq!(daemon.status()["paused"], json!(null));
}

#[test]
fn webhooks_are_configured_for_the_named_numbers_as_people_write_them() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let bought = daemon.purchase(2).ok();
    let number = bought["numbers"][0]["phone_number"].as_str().expect("a number");
    let written = format!("{} {}-{}-{}", &number[..2], &number[2..5], &number[5..8], &number[8..]);
    assert_eq!(callbunker(&daemon, &["configure-webhooks", &written, "--json"]).json()["checked"], 1);
    let all = callbunker(&daemon, &["configure-webhooks"]).table();
    assert_eq!(all, "checked     2\nconfigured  0\nfailed      0\n");
    assert!(world.twilio.disown(number));
    let failed = callbunker(&daemon, &["configure-webhooks", number]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stdout.contains("NUMBER        CODE") && failed.stdout.contains(number), "{failed:?}");
    assert!(failed.stderr.contains("1 number could not be set"), "{failed:?}");
}

#[test]
fn a_user_is_released_by_name() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let number = daemon.assign("Ren\u{e9} 1").ok()["phone_number"].as_str().expect("a number").to_owned();
    let released = callbunker(&daemon, &["release", "Ren\u{e9} 1"]).table();
    assert!(released.starts_with(&format!("Ren\u{e9} 1 no longer has {number}; released at 20")), "{released}");
    let again = callbunker(&daemon, &["release", "Ren\u{e9} 1"]).sentence(1);
    assert!(again.contains("has no number") && again.contains("callbunker numbers"), "{again}");
    daemon.assign("u-2").ok();
    assert_eq!(callbunker(&daemon, &["release", "u-2", "--json"]).json()["user_id"], "u-2");
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever WHERE released_at IS NULL"), 0);
}

#[test]
fn giving_a_number_back_to_twilio_asks_first() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let bought = daemon.purchase(1).ok();
    let number = bought["numbers"][0]["phone_number"].as_str().expect("a number");
    let arguments = ["numbers", "release-to-twilio", number];
    let nobody = callbunker(&daemon, &arguments).sentence(64);
    assert!(nobody.contains("--yes"), "{nobody}");
    for typed in ["n\n", "\n", "yep\n"] {
        let kept = at_a_terminal(&daemon, &arguments, typed);
        assert_eq!(kept.code, Some(1), "{kept:?}");
        assert!(kept.stderr.contains(&format!("Give {number} back")) && kept.stderr.contains("was kept"), "{kept:?}");
    }
    assert!(world.twilio.truth().owned_number(number).is_some());
    assert!(world.twilio.truth().releases.is_empty());
}

#[test]
fn a_reader_who_has_gone_away_ends_a_command_quietly() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let mut settings: Vec<(&str, &str)> =
        world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    settings.push(("CALLBUNKER_URL", &daemon.url));
    for arguments in [&["status"][..], &["numbers", "--json"], &["man"], &["completions", "bash"], &["check-config"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = program(&settings, arguments).stdout(Stdio::from(writer)).output().expect("it starts");
        let ended: Ended = output.into();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&[], &["completions", shell]).table();
        for word in ["configure-webhooks", "area-code", "release-to-twilio"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = run(&[], &["completions", "bash"]).table();
    // An argument is 128 KiB long at most.
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &script).expect("it is written");
    let checked = std::process::Command::new("bash").arg("-n").arg(file.path()).output().expect("bash");
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    let page = run(&[], &["man"]).table();
    assert!(page.contains(".TH callbunker 1") && page.contains("configure\\-webhooks"), "{page}");
    let page = run(&[], &["man", "purchase"]).table();
    assert!(page.contains("override\\-caps") && page.contains("callbunker purchase"), "{page}");
}
