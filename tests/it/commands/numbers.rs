//! `callbunker numbers show`, `adopt`, `ignore` and `release-to-twilio` against a daemon.

use serde_json::json;
use twilio_simulator::ForeignNumber;

use crate::world::World;
use crate::world::command::{at_a_terminal, callbunker};
use crate::world::daemon::Daemon;

const FOREIGN: &str = "+14155550100";
const OTHER: &str = "+14155550101";

fn account() -> (World, Daemon) {
    let world = World::new().quiet();
    for number in [FOREIGN, OTHER] {
        world.twilio.own(ForeignNumber::new(number).friendly_name("somebody else's"));
    }
    let daemon = world.daemon();
    (world, daemon)
}

#[test]
fn a_number_is_shown_with_why_it_is_not_assignable_and_its_history() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let number = daemon.assign("u-1").ok()["phone_number"].as_str().expect("a number").to_owned();
    let table = callbunker(&daemon, &["numbers", "show", &number]).table();
    assert!(table.starts_with(&format!("phone number       {number}\n")), "{table}");
    for line in ["assignable         no", "why not            assigned to u-1", "user id            u-1"] {
        assert!(table.lines().any(|told| told.starts_with(line)), "{line}: {table}");
    }
    assert!(table.contains("WHAT HAPPENED") && table.contains("bought from Twilio"), "{table}");
    let document = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
    assert_eq!(callbunker(&daemon, &["numbers", "show", &number, "--json"]).json(), document);
}

#[test]
fn a_number_that_the_pool_never_had_and_a_path_that_the_daemon_does_not_have_are_told_apart() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for command in [&["numbers", "show", FOREIGN][..], &["numbers", "adopt", FOREIGN], &["numbers", "ignore", FOREIGN]]
    {
        let sentence = callbunker(&daemon, command).sentence(1);
        assert!(!sentence.contains("upgrade") && !sentence.contains("does not know /"), "{sentence}");
    }
    let show = callbunker(&daemon, &["numbers", "show", FOREIGN]).sentence(1);
    assert!(show.contains("never had this number") && show.contains("adopt"), "{show}");
    let elsewhere =
        crate::world::command::at(&format!("{}/elsewhere", daemon.url), &["numbers", "show", FOREIGN]).sentence(1);
    assert!(elsewhere.contains("nothing of callbunker is at") && elsewhere.contains("upgrade"), "{elsewhere}");
}

#[test]
fn a_number_of_the_account_is_adopted_for_the_pool_or_for_a_user() {
    let (_world, daemon) = account();
    let adopted = callbunker(&daemon, &["numbers", "adopt", "+1 415 555 0100"]).table();
    assert!(adopted.starts_with(&format!("{FOREIGN} is adopted.\n")), "{adopted}");
    assert!(adopted.lines().any(|line| line.starts_with("status") && line.ends_with("available")), "{adopted}");
    let given = callbunker(&daemon, &["numbers", "adopt", OTHER, "--user-id", "u-1", "--json"]).json();
    assert_eq!((&given["status"], &given["user_id"]), (&json!("assigned"), &json!("u-1")));
    let taken = callbunker(&daemon, &["numbers", "adopt", FOREIGN, "--user-id", "u-1"]).sentence(1);
    assert!(taken.contains("u-1") || taken.contains("user"), "{taken}");
}

#[test]
fn a_number_goes_into_the_pool_that_is_named_and_moves_to_another() {
    let world = World::new().quiet();
    let world = ["vip", "gb"].iter().fold(world, |world, name| {
        let country = if *name == "gb" { "GB" } else { "US" };
        world.set(&format!("pools.{name}.country"), country).set(&format!("pools.{name}.threshold_low"), 0)
    });
    world.twilio.own(ForeignNumber::new(FOREIGN).friendly_name("somebody else's"));
    let daemon = world.daemon();
    let unfit = callbunker(&daemon, &["numbers", "adopt", FOREIGN, "--pool", "gb"]).sentence(1);
    assert!(unfit.contains("the pool holds GB, local"), "{unfit}");
    let adopted = callbunker(&daemon, &["numbers", "adopt", FOREIGN, "--pool", "vip"]).table();
    assert!(adopted.lines().any(|line| line.starts_with("pool ") && line.ends_with("vip")), "{adopted}");
    let moved = callbunker(&daemon, &["numbers", "move", FOREIGN, "default"]).table();
    assert!(moved.starts_with(&format!("{FOREIGN} has moved.\n")), "{moved}");
    assert_eq!(callbunker(&daemon, &["numbers", "move", FOREIGN, "vip", "--json"]).json()["pool"], "vip");
    let told = callbunker(&daemon, &["numbers", "move", FOREIGN, "nowhere"]).sentence(1);
    assert!(told.contains("no pool called nowhere"), "{told}");
    // Who asks for that pool gets it; the number of whoever asks is only a hint.
    let assigned = callbunker(&daemon, &["assign", "u-1", "--pool", "vip", "--near", "(415) 555-0123"]).table();
    assert!(assigned.contains(FOREIGN), "{assigned}");
    let configured = callbunker(&daemon, &["configure-webhooks", "--pool", "vip", "--json"]).json();
    assert_eq!(configured["checked"], 1);
    assert_eq!(callbunker(&daemon, &["configure-webhooks", "--pool", "gb", "--json"]).json()["checked"], 0);
}

#[test]
fn a_number_is_ignored_and_ours_is_not() {
    let (_world, daemon) = account();
    let ignored = callbunker(&daemon, &["numbers", "ignore", FOREIGN]).table();
    assert!(ignored.starts_with(&format!("{FOREIGN} is ignored from now on.\n")), "{ignored}");
    assert!(ignored.contains("status        ignored"), "{ignored}");
    let report = callbunker(&daemon, &["reconcile", "--json"]).json();
    assert_eq!((&report["ignored"], &report["foreign"]), (&json!(1), &json!(1)));
    let json = callbunker(&daemon, &["numbers", "ignore", OTHER, "--json"]).json();
    assert_eq!(json["status"], "ignored");
    let ours = daemon.purchase(1).ok()["numbers"][0]["phone_number"].as_str().expect("a number").to_owned();
    callbunker(&daemon, &["numbers", "ignore", &ours]).sentence(1);
}

#[test]
fn a_number_is_given_back_to_twilio_after_a_yes_and_never_a_users() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let bought = daemon.purchase(3).ok();
    let number = |n: usize| bought["numbers"][n]["phone_number"].as_str().expect("a number");
    let typed = at_a_terminal(&daemon, &["numbers", "release-to-twilio", number(0)], "y\n");
    assert_eq!(typed.code, Some(0), "{typed:?}");
    assert!(typed.stdout.starts_with(&format!("{} is given back to Twilio.\n", number(0))), "{typed:?}");
    let yes = callbunker(&daemon, &["numbers", "release-to-twilio", number(1), "--yes", "--json"]).json();
    assert_eq!(yes["status"], "released");
    for gone in [number(0), number(1)] {
        assert!(world.twilio.truth().owned_number(gone).is_none());
    }
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], number(2));
    let assigned = callbunker(&daemon, &["numbers", "release-to-twilio", number(2), "--yes"]).sentence(1);
    assert!(assigned.contains("user"), "{assigned}");
    assert!(world.twilio.truth().owned_number(number(2)).is_some());
}
