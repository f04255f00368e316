//! The demo as a new user meets it: its lines are read from the terminal and pasted into a shell.
//!
//! How to get it wrong: expecting what the caller's configuration says. Nothing of it reaches the daemon.

#![allow(clippy::disallowed_methods, reason = "a program of its own, not a library")]

#[path = "demo_docs/lines.rs"]
mod lines;
#[path = "demo_docs/stage.rs"]
mod stage;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use stage::{Stage, example, json, paste};

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("callbunker-demo-{name}-{}", std::process::id()))
}

fn start(name: &str, settings: &[(&str, &str)]) -> Stage {
    let dir = folder(name);
    Stage::start(command(&dir, settings), dir)
}

fn command(dir: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = example("demo");
    command.env("DEMO_LISTEN", "127.0.0.1:0").env("DEMO_DIR", dir).env_remove("DEMO_KEEP");
    // Nothing of this may reach the daemon.
    command.env("CALLBUNKER__POOL__TOTAL_MIN", "0").env("http_proxy", "http://127.0.0.1:9");
    command.envs(settings.iter().copied());
    command
}

/// The process id in `… process 123 …`.
fn process_in(line: &str) -> u32 {
    let rest = line.split("process ").nth(1).expect("a process id");
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a process id")
}

/// What is in stock of all pools but the one whose numbers come when their campaign is approved.
fn available(status: &Value) -> u64 {
    let pools = status["pools"].as_array().expect("pools").iter().filter(|pool| pool["pool"] != "text");
    pools.map(|pool| pool["available"].as_u64().expect("a count")).sum()
}

#[test]
fn numbers_of_the_pool_that_texts_go_from_registering_to_available() {
    let mut demo = start("texts", &[]);
    demo.line("Ctrl-C stops everything");
    let status = demo.line("callbunker status --pool text");
    let told = || json(&paste(&format!("{status} --json")));
    // However long the machine took until here, they are one or the other.
    let of = |status: &Value| {
        ["available", "registering"].map(|count| status[count].as_u64().expect("a count")).iter().sum::<u64>()
    };
    assert_eq!(of(&told()), 3);
    demo.eventually("they can text", || told()["available"] == 3);
    assert_eq!(told()["registering"], 0);
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn its_lines_work_and_a_killed_daemon_comes_back_and_ctrl_c_leaves_nothing() {
    let mut demo = start("lines", &[]);
    demo.line("Ctrl-C stops everything");
    let assign = demo.line("/signup/api/assign");
    let given = json(&paste(&assign));
    assert_eq!((&given["user_id"], &given["replayed"]), (&Value::from("u-1"), &Value::from(false)));
    let status = json(&paste(&demo.line("/admin/phones/api/status")));
    assert_eq!((available(&status), &status["assigned"]), (25, &Value::from(1)));
    let list = paste(&demo.line("/IncomingPhoneNumbers.json"));
    assert_eq!(list.lines().count(), 29, "{list}");
    assert!(list.lines().all(|line| line.contains("https://app.example.com/twilio/voice")), "{list}");
    assert!(list.contains(given["phone_number"].as_str().expect("a number")), "{list}");

    let kill_it = demo.line("kill -9 ");
    paste(&kill_it);
    let back = process_in(&demo.line("callbunker is back as process"));
    assert!(!kill_it.ends_with(&format!(" {back}")), "a new process");
    let again = json(&paste(&assign));
    assert_eq!((&again["phone_number"], &again["replayed"]), (&given["phone_number"], &Value::from(true)));

    assert!(demo.dir.join("daemon.log").is_file());
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
    assert!(!demo.dir.exists());
    demo.line("is gone.");
}

#[test]
fn a_pool_whose_bundle_is_taken_away_says_so_in_a_line_and_goes_on_when_it_is_back() {
    let mut demo = start("pools", &[]);
    demo.line("Ctrl-C stops everything");
    let (pools, take, give) =
        (demo.line("callbunker pools"), demo.line("\"remove\":true"), demo.line("\"number_type\":\"mobile\""));
    let line = |name: &str| {
        let told = paste(&pools);
        told.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap_or_else(|| panic!("{name}: {told}"))
    };
    for name in ["default", "ca", "gb"] {
        assert!(line(name).trim_end().ends_with("ok"), "{}", line(name));
    }
    paste(&take);
    assert!(json(&paste(&demo.line("gb-1")))["phone_number"].as_str().expect("a number").starts_with("+44"));
    demo.eventually("gb says what it needs", || line("gb").contains("halted: needs pools.gb.bundle_sid"));
    for name in ["default", "ca"] {
        assert!(line(name).trim_end().ends_with("ok"), "{}", line(name));
    }
    paste(&give);
    paste(&demo.line("callbunker resume --pool gb"));
    demo.eventually("gb has what it wants", || line("gb").trim_end().ends_with("ok"));
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

/// A part of the torture: it makes up a year.
#[test]
fn a_year_lies_behind_it_whose_books_agree_with_twilios_and_each_line_answers() {
    if std::env::var_os("TORTURE").is_none_or(|value| value != "1") {
        return;
    }
    let mut demo = start("history", &[("DEMO_HISTORY", "1")]);
    demo.line("Ctrl-C stops everything");
    let line = |words: &str| demo.line(&format!("&& callbunker {words}"));
    let told = |line: &str| json(&paste(&format!("{line} --json")));
    // Months that are over: each is Twilio's own, to the cent.
    let cost = line("cost");
    for back in 1..=11 {
        let first = chrono::Utc::now().date_naive() - chrono::Months::new(back);
        let month = told(&format!("{cost} --month {}", first.format("%Y-%m")));
        let usage = &month["usage"];
        assert_eq!((&month["complete"], &usage["difference_count"]), (&Value::from(true), &Value::from(0)), "{month}");
        assert_eq!((&month["spent"], &usage["difference"]), (&usage["spent"], &Value::from("0.00")), "{month}");
        assert_eq!(usage["because"], serde_json::json!([]), "{month}");
    }
    let this = told(&cost);
    assert!(this["spent"].is_string() && this["next_30_days"].as_array().is_some_and(|days| days.len() > 5), "{this}");
    let advice = told(&line("advice"));
    assert!(advice["history_days"].as_u64() >= Some(27), "{advice}");
    // The same share, to the last digit.
    let what_if = line("what-if --threshold 30");
    let advised = what_if.replace("--threshold 30", &format!("--threshold {}", advice["threshold"]));
    assert_eq!(told(&advised)["share_waiting"], advice["share_waiting_then"]);
    assert!(told(&what_if)["signups"].as_u64() >= Some(1000));
    let inactive = paste(&line("inactive --days 90"));
    assert!(inactive.lines().count() > 1, "{inactive}");
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn the_lines_of_the_readmes_first_look_do_what_it_says() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let look =
        readme.split("\n## A first look\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("its part");
    let lines: Vec<&str> = look.lines().filter_map(|line| line.strip_prefix("curl ")).collect();
    assert_eq!(lines.len(), 8, "assign, fault, purchase, sold out, two sign up, reset, replenish: {lines:?}");
    let (first, rest) = lines.split_at(3);
    let (sold_out, again) = rest.split_at(3);

    let mut demo = start("readme", &[]);
    demo.line("Ctrl-C stops everything");
    let settings = format!("source '{}/env'", demo.dir.display());
    let say = |line: &str| json(&paste(&format!("{settings}\n{line}")));
    let curls = |lines: &[&str]| -> Vec<Value> { lines.iter().map(|line| say(&format!("curl {line}"))).collect() };
    let said = curls(first);
    assert_eq!((&said[0]["user_id"], &said[0]["source"]), (&Value::from("u-1"), &Value::from("pool")));
    assert_eq!(said[1]["waiting"], 1);
    assert_eq!(
        (&said[2]["state"], &said[2]["purchased_count"]),
        (&Value::from("done"), &Value::from(1)),
        "{}",
        said[2]
    );
    let status = say("callbunker status --json");
    assert_eq!((available(&status), &status["unsettled"]), (26, &Value::from(0)));
    let plan = say("callbunker plan --json");
    assert_eq!(plan["would_purchase"], 0, "{plan}");
    let said = curls(sold_out);
    assert_eq!((&said[1]["pool"], &said[2]["pool"]), (&Value::from("ca"), &Value::from("ca")));
    let got = || json(&paste(&format!("{settings}\ncurl -sS $MAILBOX/got")));
    let has = |event: &str| {
        let hooks = got()["requests"].as_array().expect("requests").clone();
        let bodies = hooks.iter().map(|hook| json(hook["body"].as_str().expect("a body")));
        bodies.into_iter().any(|body| {
            (&body["type"], &body["data"]["kind"], &body["data"]["pool"])
                == (&event.into(), &"pool.low".into(), &"ca".into())
        })
    };
    demo.eventually("the webhook says that ca is low", || has("alert.raised"));
    for line in again {
        json(&paste(&format!("{settings}\ncurl {line}")));
    }
    demo.eventually("and that it is over", || has("alert.cleared"));
    demo.eventually("there is a mail of it", || {
        let mails = got()["mails"].as_array().expect("mails").clone();
        mails.iter().any(|mail| mail["plain"].as_str().is_some_and(|text| text.contains("Stock of ca is low")))
    });
    let bodies = got()["requests"].to_string();
    assert!(!bodies.contains("pool.empty"), "nobody is told of pools that are filled for the first time: {bodies}");
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn every_line_of_the_documentation_works_in_the_order_in_which_it_stands() {
    let blocks = lines::blocks();
    lines::check_that_nothing_hides(&blocks);
    let mut demo = start("docs", &[]);
    demo.line("Ctrl-C stops everything");
    let environment = demo.dir.join("env");
    let mode = fs::metadata(&environment).expect("what to source").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut ran = 0;
    for (index, block) in blocks.iter().enumerate() {
        if block.is("sh") && !block.is("no-demo") {
            lines::run(block, blocks.get(index + 1), &demo.dir);
            ran += 1;
        }
    }
    assert!(ran >= 20, "{ran} blocks only");
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
    assert!(!environment.exists());
}

#[test]
fn kept_data_go_on_with_the_same_keys_and_numbers_even_after_a_kill() {
    let keep = [("DEMO_KEEP", "1")];
    let mut demo = start("keep", &keep);
    demo.line("Ctrl-C stops everything and keeps");
    let assign = demo.line("/signup/api/assign");
    let given = json(&paste(&assign));
    assert_eq!(demo.end_by(Signal::SIGTERM), Some(0));

    let mut demo = start("keep", &[]);
    demo.line("Ctrl-C stops everything and keeps");
    let again = json(&paste(&demo.line("/signup/api/assign")));
    assert_eq!((&again["phone_number"], &again["replayed"]), (&given["phone_number"], &Value::from(true)));
    let list = paste(&demo.line("/IncomingPhoneNumbers.json"));
    assert!(list.lines().count() == 29 && list.contains(given["phone_number"].as_str().unwrap()), "{list}");
    assert_eq!(demo.end_by(Signal::SIGKILL), None);
    assert!(demo.dir.join("demo.json").is_file() && demo.dir.join("env").is_file());
    fs::remove_dir_all(&demo.dir).expect("it was kept");
}

#[test]
fn kept_data_of_a_halted_pool_go_on_and_say_what_it_needs() {
    let mut before = start("halted", &[("DEMO_KEEP", "1")]);
    before.line("Ctrl-C stops everything and keeps");
    let (pools, take) = (before.line("callbunker pools"), before.line("\"remove\":true"));
    let gb = |pools: &str| paste(pools).lines().find(|line| line.starts_with("gb")).map(str::to_owned).expect("a line");
    paste(&take);
    paste(&before.line("gb-1"));
    before.eventually("gb says what it needs", || gb(&pools).contains("halted: needs pools.gb.bundle_sid"));
    assert_eq!(before.end_by(Signal::SIGINT), Some(0));

    let mut after = start("halted", &[]);
    let warm = after.line("the other pools are warm");
    assert!(warm.contains("gb is halted and needs pools.gb.bundle_sid"), "{warm}");
    after.line("Ctrl-C stops everything and keeps");
    // The new simulator has the bundle again, and nobody has said so: the halt stays until somebody does.
    let pools = after.line("callbunker pools");
    assert!(gb(&pools).contains("halted: needs pools.gb.bundle_sid"), "{}", gb(&pools));
    paste(&after.line("callbunker resume --pool gb"));
    after.eventually("gb has what it wants", || gb(&pools).trim_end().ends_with("ok"));
    assert_eq!(after.end_by(Signal::SIGINT), Some(0));
    fs::remove_dir_all(&after.dir).expect("it was kept");
}

#[test]
fn its_environment_has_all_that_twilio_check_looks_at() {
    let mut demo = start("check", &[]);
    demo.line("Ctrl-C stops everything");
    let told = paste(&format!("source '{}/env' && callbunker twilio check --json", demo.dir.display()));
    let checks = json(&told)["checks"].as_array().cloned().expect("checks");
    let of = |check: &str, pool: &str| {
        let found = checks.iter().find(|line| line["check"] == check && line["pool"].as_str().unwrap_or("") == pool);
        found.unwrap_or_else(|| panic!("{check} of {pool}: {told}"))["result"].clone()
    };
    for (check, pool) in [("credentials", ""), ("stock", "default"), ("bundle", "gb"), ("address", "ca")] {
        assert_eq!(of(check, pool), "pass", "{check} of {pool}: {told}");
    }
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn a_killed_demo_takes_everything_along() {
    let mut demo = start("killed", &[]);
    demo.line("Ctrl-C stops everything");
    assert_eq!(demo.end_by(Signal::SIGKILL), None);
    demo.eventually("the folder is gone", || !demo.dir.exists());
}

#[test]
fn what_it_cannot_do_is_told_in_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let stranger = folder("stranger");
    fs::create_dir_all(stranger.join("data")).expect("a folder");
    for (settings, sentence) in [
        ([("DEMO_LISTEN", address.as_str())], "DEMO_LISTEN=127.0.0.1:8081 make demo"),
        ([("DEMO_LISTEN", "nowhere")], "give one such as 127.0.0.1:8081"),
        ([("DEMO_DIR", "/proc/no-such")], "/proc/no-such"),
    ] {
        let output = command(&stranger.join("demo"), &settings).output().expect("the demo");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.starts_with("demo: ") && told.contains(sentence), "{told}");
    }
    fs::write(stranger.join("precious"), "").expect("a file");
    let output = command(&stranger, &[]).output().expect("the demo");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("it already holds \"precious\""), "{told}");
    assert!(stranger.join("data").is_dir() && stranger.join("precious").is_file());
    fs::remove_dir_all(&stranger).expect("it is ours");
}
