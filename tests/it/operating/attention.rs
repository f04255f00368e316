//! What needs a person: each bad morning is told by the API, by `callbunker status` and its exit code, and by `/readyz`, on
//! every instance, until it is mended.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, ReownMode};

use crate::world::command::{Ended, at, callbunker, program};
use crate::world::comparing::{reconcile, rename, stocked};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World, children, eventually};

const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";

fn needs(daemon: &Daemon) -> Vec<Value> {
    let answer = daemon.get("/admin/phones/api/attention").ok();
    assert!(answer["checked_at"].is_string(), "{answer}");
    answer["items"].as_array().expect("a list").clone()
}

fn kinds(daemon: &Daemon) -> Vec<String> {
    needs(daemon).iter().map(|item| item["kind"].as_str().expect("a kind").to_owned()).collect()
}

fn need(daemon: &Daemon, kind: &str) -> Option<Value> {
    needs(daemon).into_iter().find(|item| item["kind"] == kind)
}

#[track_caller]
fn the(daemon: &Daemon, kind: &str) -> Value {
    need(daemon, kind).unwrap_or_else(|| panic!("{kind} is not among {:?}", kinds(daemon)))
}

fn check(daemon: &Daemon) -> Ended {
    callbunker(daemon, &["status", "--check"])
}

#[track_caller]
fn needs_nobody(daemon: &Daemon) {
    assert_eq!(needs(daemon), Vec::<Value>::new());
    assert_eq!(check(daemon).table(), "Nothing needs you.\n");
}

/// What `/readyz` warns of by this name.
fn warning(daemon: &Daemon, name: &str) -> Option<String> {
    let readyz = daemon.send("GET", "/readyz", &[], None);
    assert_eq!(readyz.status, 200, "{readyz:?}");
    let warnings = readyz.body["warnings"].as_array().expect("a list").clone();
    let named = |warning: &Value| warning.as_str().is_some_and(|words| words.starts_with(&format!("{name}: ")));
    warnings.into_iter().find(named).map(|warning| warning.as_str().expect("words").to_owned())
}

#[test]
fn an_empty_pool_says_why_and_who_was_refused_on_every_instance_and_over_a_restart() {
    let world = World::new().set("pool.total_min", 0).set("purchase.emergency_wait_ms", 300);
    world.twilio.fault(Fault::new(On::Search, FaultKind::Error503).forever());
    let (first, other) = (world.daemon(), world.daemon());
    for user in ["ann", "bob"] {
        first.assign(user).problem(503, "pool_empty");
    }
    other.assign("cem").problem(503, "pool_empty");
    for daemon in [&first, &other] {
        eventually("all three are counted, with the reason", || {
            need(daemon, "pool_empty").is_some_and(|item| {
                let detail = item["detail"].as_str().unwrap_or_default();
                item["count"] == 3 && item["next_at"].is_string() && detail.contains("503")
            })
        });
        let item = the(daemon, "pool_empty");
        assert_eq!((&item["severity"], &item["next"]), (&json!("critical"), &json!("next try")), "{item}");
        assert_eq!(item["summary"], "The pool is empty: signups are refused.");
        let detail = item["detail"].as_str().unwrap();
        assert!(detail.starts_with("Why: ") && detail.contains("3 refused in the last 10 min"), "{detail}");
        assert_eq!(item["link"], "/admin/phones/dashboard/acts/replenish");
        assert_eq!(check(daemon).code, Some(1));
    }
    let told = callbunker(&first, &["status"]).table();
    assert!(told.starts_with("CRITICAL  The pool is empty: signups are refused.\n"), "{told}");
    assert!(told.lines().take_while(|line| !line.is_empty()).all(|line| line.chars().count() <= 80), "{told}");
    first.stop();
    let first = world.daemon();
    assert_eq!(the(&first, "pool_empty")["count"], 3);

    world.twilio.clear_faults();
    first.post_empty("/admin/phones/api/replenish").ok();
    for daemon in [&first, &other] {
        eventually("what happened is told for a while", || kinds(daemon) == ["signups_refused"]);
        assert_eq!(check(daemon).code, Some(1));
    }
    world.sql("UPDATE signup_refusals SET minute = minute - interval '30 minutes'");
    let ended = check(&first);
    assert_eq!(ended.code, Some(0), "a notice calls nobody: {ended:?}");
    assert!(ended.stdout.starts_with("NOTICE    3 signups were refused in the last hour."), "{ended:?}");
    world.sql("UPDATE signup_refusals SET minute = minute - interval '1 hour'");
    needs_nobody(&first);
}

#[test]
fn a_signup_that_insists_on_an_area_code_is_no_alarm() {
    let (world, daemon, _) = stocked(1);
    let body = json!({"user_id": "ann", "area_code": "907", "strict": true});
    daemon.signup("/signup/api/assign", &body).problem(409, "area_code_unavailable");
    eventually("it is written down", || world.count("SELECT count(*) FROM signup_refusals") == 1);
    needs_nobody(&daemon);
}

#[test]
fn halt_and_pause_say_who_and_what_and_one_resume_ends_both() {
    let world = World::new().quiet();
    let (daemon, other) = (world.daemon(), world.daemon());
    daemon.purchase(2).ok();
    daemon.post("/admin/phones/api/pause", &json!({"reason": "ask Dana first"})).ok();
    let paused = the(&other, "paused");
    assert_eq!((&paused["severity"], &paused["detail"]), (&json!("warning"), &json!("ask Dana first")));
    assert!(paused["since"].is_string() && paused["link"] == "/admin/phones/dashboard/acts/resume", "{paused}");
    assert_eq!(check(&daemon).code, Some(1));

    world.twilio.fault(Fault::new(On::Any, FaultKind::Unauthorized).forever());
    daemon.purchase(1);
    eventually("Twilio's refusal halts everything", || need(&other, "halted").is_some());
    let halted = the(&other, "halted");
    assert_eq!(halted["summary"], "All buying is halted: Twilio refuses the credentials (20003).");
    assert_eq!(halted["url"], "https://www.twilio.com/docs/api/errors/20003");
    assert!(halted["next_at"].is_string() && halted["next"] == "next look", "{halted}");
    assert!(halted["todo"].as_str().unwrap().contains("ends the pause, too"), "{halted}");
    assert_eq!(kinds(&other), ["halted", "paused"]);
    assert_eq!(the(&other, "paused")["link"], json!(null), "one act for both");

    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/resume").ok();
    needs_nobody(&other);
}

#[test]
fn a_users_missing_number_is_told_until_it_is_mended() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("ann").ok();
    assert!(world.twilio.disown(&numbers[0]));
    reconcile(&daemon);
    reconcile(&daemon);
    let other = world.daemon();
    daemon.stop();
    let daemon = world.daemon();
    for daemon in [&daemon, &other] {
        let item = the(daemon, "missing_of_users");
        assert_eq!((&item["severity"], &item["count"]), (&json!("critical"), &json!(1)), "{item}");
        assert_eq!(item["link"], "/admin/phones/dashboard/numbers?status=missing");
        assert!(item["since"].is_string(), "{item}");
        assert_eq!(check(daemon).code, Some(1));
        let status = daemon.status();
        assert_eq!((&status["missing"], &status["missing_of_users"]), (&json!(1), &json!(1)), "{status}");
        assert_eq!(
            warning(daemon, "missing_of_users").unwrap(),
            "missing_of_users: 1 number of users is gone at Twilio"
        );
    }
    daemon.release("ann").ok();
    assert_eq!(need(&other, "missing_of_users"), None);
    assert_eq!(warning(&other, "missing_of_users"), None);
    needs_nobody(&other);
}

#[test]
fn numbers_to_decide_and_a_users_number_with_anothers_tag_are_told_until_they_are_decided() {
    let (world, daemon, numbers) = stocked(4);
    daemon.assign("ann").ok();
    rename(&world, &numbers[0], STAGING);
    rename(&world, &numbers[1], STAGING);
    reconcile(&daemon);
    let other = world.daemon();
    assert_eq!(kinds(&other), ["another_tag", "to_decide"]);
    let status = other.status();
    let counts = ["held", "resting", "quarantined"].map(|name| status[name].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1)], "{status}");
    assert_eq!(check(&other).code, Some(1));
    let adopt = |number: &str| daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/adopt")).ok();
    adopt(&numbers[0]);
    assert_eq!(kinds(&other), ["to_decide"]);
    adopt(&numbers[1]);
    needs_nobody(&other);

    // Whoever renames it back has decided, too.
    let ours =
        world.twilio.truth().owned.iter().find(|owned| owned.phone_number == numbers[0]).unwrap().friendly_name.clone();
    rename(&world, &numbers[0], STAGING);
    reconcile(&daemon);
    assert_eq!(kinds(&other), ["another_tag"]);
    rename(&world, &numbers[0], &ours);
    reconcile(&daemon);
    needs_nobody(&other);
}

#[test]
fn a_cap_that_keeps_stock_low_says_when_it_is_free_again() {
    let world = World::new().set("pool.total_min", 0).set("spend.purchases_per_hour_max", 12);
    let daemon = world.daemon();
    eventually("the warm start has bought", || daemon.status()["available"] == 10);
    needs_nobody(&daemon);
    for user in ["ann", "bob", "cem"] {
        daemon.assign(user).ok();
    }
    eventually("the cap binds", || need(&daemon, "cap_binds").is_some());
    let item = the(&daemon, "cap_binds");
    assert_eq!((&item["severity"], &item["next"]), (&json!("warning"), &json!("free again")), "{item}");
    assert!(item["next_at"].is_string() && item["summary"].as_str().unwrap().contains("purchases_per_hour_max 12"));
    assert_eq!(kinds(&daemon), ["pool_low", "cap_binds"]);
    assert!(warning(&daemon, "cap_binds").unwrap().contains("used up"));
    assert_eq!(check(&daemon).code, Some(1));
    world.sql("UPDATE purchase_items SET intended_at = intended_at - interval '61 minutes'");
    assert_eq!(need(&daemon, "cap_binds"), None);
    daemon.post_empty("/admin/phones/api/replenish").ok();
    needs_nobody(&daemon);
}

#[test]
fn more_numbers_than_owned_max_are_warned_of_by_plan_import_readiness_and_status() {
    let world = World::new().quiet().set("pool.owned_max", 4);
    let daemon = world.daemon();
    daemon.purchase(4).ok();
    needs_nobody(&daemon);
    world.twilio.own(ForeignNumber::new("+14155550100"));
    let import = |dry_run: bool| {
        let body = json!({"dry_run": dry_run, "numbers": [{"phone_number": "+14155550100", "user_id": "ann"}]});
        daemon.post("/admin/phones/api/import", &body).ok()
    };
    let warned = |answer: &Value| {
        answer["warnings"].to_string().contains("pool.owned_max 4 is exceeded by the 5 numbers that are owned")
            && answer["warnings"].to_string().contains("nothing will be bought by itself")
    };
    let report = import(true);
    assert!(warned(&report), "a dry run says what would be: {report}");
    needs_nobody(&daemon);
    let report = import(false);
    assert!(warned(&report), "{report}");
    let plan = daemon.get("/admin/phones/api/plan").ok();
    assert!(warned(&plan), "{plan}");
    let item = the(&daemon, "owned_max_exceeded");
    assert_eq!((&item["severity"], &item["count"]), (&json!("warning"), &json!(5)), "{item}");
    assert!(warning(&daemon, "owned_max_exceeded").is_some());
    assert_eq!(check(&daemon).code, Some(1));
    let status = daemon.status();
    assert_eq!((&status["owned"], &status["owned_max"]), (&json!(5), &json!(4)), "{status}");
}

#[test]
fn a_purchase_that_stays_unconfirmed_is_told_after_a_while() {
    let world = World::new().quiet().set("alerts.for_secs", 1);
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    world.twilio.set_reown_mode(ReownMode::B);
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    assert_eq!(daemon.purchase(1).ok()["errors"][0]["code"], "outcome_unknown");
    assert_eq!(need(&daemon, "unsettled_long"), None, "looks go on");
    world.sql("UPDATE purchase_items SET intended_at = now() - interval '20 minutes', first_sent_at = now() - interval '20 minutes',
                      last_sent_at = now() - interval '20 minutes' WHERE state = 'unknown'");
    let item = the(&daemon, "unsettled_long");
    assert_eq!((&item["severity"], &item["count"]), (&json!("warning"), &json!(1)), "{item}");
    assert_eq!(check(&daemon).code, Some(1));
    let is_open = || world.alerts_open().contains(&"purchases.unsettled warning".to_owned());
    eventually("an alert is raised", is_open);
    world.twilio.clear_faults();
    eventually("it is settled", || need(&daemon, "unsettled_long").is_none());
    eventually("the alert is over", || !is_open());
}

#[test]
fn a_check_of_a_daemon_that_is_not_there_is_69() {
    let ended = at("http://127.0.0.1:1", &["status", "--check"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(69), ""), "{ended:?}");
    let (_world, daemon, _) = stocked(1);
    let document: Value = callbunker(&daemon, &["status", "--check", "--json"]).json();
    assert_eq!(document["items"], json!([]), "{document}");
    assert_eq!(callbunker(&daemon, &["status", "--check", "--watch"]).code, Some(64));
}

#[test]
fn a_watched_status_is_told_again_until_somebody_ends_it() {
    let (_world, daemon, _) = stocked(1);
    let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY)];
    let mut command = program(&env, &["status", "--watch"]);
    command.stdout(Stdio::piped());
    let mut watching = children::start(command).expect("the program starts");
    let lines = BufReader::new(watching.stdout.take().expect("its output")).lines();
    let told = lines.map_while(Result::ok).filter(|line| line == "Nothing needs you.").take(2).count();
    assert_eq!(told, 2);
    watching.kill().expect("it is ended");
    watching.wait().expect("its end");
}
