//! While Twilio refuses the account: one probe now and then, and otherwise silence, until it accepts us again.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, ReownMode, Webhooks};

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

fn probes_told(daemon: &Daemon) -> u64 {
    let failed = |line: &&serde_json::Value| line["msg"] == "buying stays halted: the probe failed";
    daemon.log_lines().iter().filter(failed).count() as u64
}

#[test]
fn a_refused_account_hears_the_probes_and_nothing_else_and_afterwards_everything_catches_up() {
    let world = World::new().quiet().set("breaker.probe_secs", 1).set("pool.quarantine_hours", 0);
    let daemon = world.daemon();
    daemon.purchase(6).ok();
    // Something unknown: its answer is lost, and the list does not tell.
    world.twilio.set_reown_mode(ReownMode::B);
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    assert_eq!(daemon.purchase(1).ok()["errors"][0]["code"], "outcome_unknown");
    daemon.assign("resting").ok();
    // From here on Twilio refuses everything.
    world.twilio.clear_faults();
    world.twilio.fault(Fault::new(On::Any, FaultKind::Unauthorized).forever());
    daemon.release("resting").ok();
    let drifted = world.sql(
        "UPDATE numbers SET webhook_status = 'drifted' WHERE id IN (SELECT number_id FROM leases WHERE user_id IS NULL AND ready ORDER BY number_id DESC LIMIT 2)
         RETURNING phone_number",
    );
    let drifted: Vec<&str> = drifted.lines().filter(|line| line.starts_with('+')).collect();
    assert_eq!(drifted.len(), 2);
    let strangers = Webhooks { voice_url: Some("https://stranger.example/v".to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(drifted[0], strangers));
    eventually("whoever calls first halts everything", || daemon.status()["halted"]["twilio_code"] == 20003);
    eventually("a first probe fails", || probes_told(&daemon) >= 1);

    let before = (world.twilio.truth(), probes_told(&daemon));
    eventually("more probes fail", || probes_told(&daemon) >= before.1 + 3);
    // A probe that is on its way now is told in a moment.
    eventually("exactly the probes reach Twilio", || {
        let now = world.twilio.truth();
        now.requests_of(On::List) - before.0.requests_of(On::List) == probes_told(&daemon) - before.1
    });
    let now = world.twilio.truth();
    for (kind, count) in &now.requests {
        let was = before.0.requests.get(kind).copied().unwrap_or_default();
        assert!(kind == "list" || *count == was, "{kind}: {was} before, {count} now");
    }
    let status = daemon.status();
    assert_eq!(
        (&status["unready"], &status["quarantined"], &status["unsettled"]),
        (&json!(2), &json!(1), &json!(1)),
        "{status}"
    );
    assert_eq!(
        world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'failed'"),
        0,
        "it is not the numbers' fault"
    );
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool", "stock is handed out all the same");

    world.twilio.clear_faults();
    eventually("a probe opens it, and everything catches up", || {
        let status = daemon.status();
        status["halted"].is_null()
            && (&status["unready"], &status["quarantined"], &status["unsettled"]) == (&json!(0), &json!(0), &json!(0))
    });
    eventually("what was lost is found", || daemon.status()["available"] == 6);
    assert_eq!(world.bought(), 7);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_halt_of_our_own_making_stops_buying_only() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    world.sql("UPDATE buying_gate SET halted_since = now(), halt_message = 'a number conflicts with the ledger'");
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("stock is repaired", || daemon.status()["available"] == 2);
    daemon.purchase(1).problem(503, "halted");
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_halt_without_probes_is_silent_until_somebody_resumes() {
    let world = World::new().quiet().set("breaker.probe_secs", 1);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    world.twilio.fault(Fault::new(On::Any, FaultKind::TestCredentials).forever());
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("the repair is refused", || daemon.status()["halted"]["twilio_code"] == 20008);
    let asked = |world: &World| world.twilio.truth().requests.values().sum::<u64>();
    let before = asked(&world);
    world.twilio.clear_faults();
    // The monitor has come round again when a second number, whose rest is over, would have been looked at.
    let rounds = "SELECT count(*) FROM passes";
    let passes = world.count(rounds);
    for _ in 0..3 {
        daemon.post_empty("/admin/phones/api/replenish").ok();
    }
    assert_eq!(world.count(rounds), passes + 3);
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert_eq!((asked(&world), &daemon.status()["unready"]), (before, &json!(1)));
    daemon.post_empty("/admin/phones/api/resume").ok();
    eventually("it is repaired after the resume", || daemon.status()["available"] == 1);
}

#[test]
fn a_search_that_twilio_is_too_busy_for_is_asked_again_and_not_before_it_says() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, FaultKind::TooManyRequests).times(1).retry_after(1));
    world.twilio.fault(Fault::new(On::Search, FaultKind::Error503).times(2));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(world.twilio.truth().requests_of(On::Search), 4);
    let waits = || -> Vec<u64> { daemon.log_lines().iter().filter_map(|line| line["wait_ms"].as_u64()).collect() };
    eventually("all waits are told", || waits().len() >= 3);
    let waits = waits();
    assert_eq!(waits.len(), 3, "{waits:?}");
    assert!((1000..=1250).contains(&waits[0]), "as asked, and a little chance: {waits:?}");
    assert!((200..=400).contains(&waits[1]) && (400..=800).contains(&waits[2]), "doubling: {waits:?}");
    world.twilio.fault(Fault::new(On::Search, FaultKind::Error503).forever());
    let short = daemon.purchase(1).ok();
    assert_eq!(
        (&short["purchased_count"], &short["errors"][0]["code"]),
        (&json!(0), &json!("twilio_unavailable")),
        "{short}"
    );
    let message = short["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("503") && message.contains("RQ"), "{message}");
    assert_eq!(world.twilio.truth().requests_of(On::Search), 8, "four tries, not more");
}

/// A fresh instance compares at its start, unless Twilio is to be left in peace.
fn assert_silent(world: &World) {
    crate::world::comparing::forget_when_they_began(world);
    let asked = |world: &World| world.twilio.truth().requests.values().sum::<u64>();
    let before = asked(world);
    let fresh = world.daemon();
    eventually("it says so", || fresh.has_logged("no comparison with Twilio now: it refuses the account"));
    assert_eq!(asked(world), before);
}

#[test]
fn twilios_refusal_joins_a_halt_of_our_own_and_both_are_told_until_somebody_resumes() {
    for (kind, code) in
        [(FaultKind::TestCredentials, 20008), (FaultKind::Unauthorized, 20003), (FaultKind::Inactive20005, 20005)]
    {
        let world = World::new().quiet().set("breaker.probe_secs", 1);
        let daemon = world.daemon();
        daemon.purchase(1).ok();
        world.sql("UPDATE buying_gate SET halted_since = now(), halt_message = 'odd purchases'");
        world.twilio.fault(Fault::new(On::Any, kind).forever());
        world.sql("UPDATE numbers SET webhook_status = 'drifted'");
        eventually("the repair is refused", || daemon.status()["halted"]["twilio_code"] == code);
        let halted = daemon.status()["halted"].clone();
        let message = halted["message"].as_str().unwrap();
        assert!(message.contains("odd purchases") && message.contains(&code.to_string()), "{halted}");
        assert_eq!(halted["next_probe_at"], json!(null), "no probe may end what is ours to judge");
        world.twilio.clear_faults();
        assert_silent(&world);
        daemon.purchase(1).problem(503, "halted");
        daemon.post_empty("/admin/phones/api/resume").ok();
        eventually("it is repaired after the resume", || daemon.status()["available"] == 1);
    }
}

#[test]
fn a_halt_of_our_own_joins_twilios_refusal_and_twilio_is_still_left_in_peace() {
    let (world, daemon, numbers) =
        crate::world::comparing::stocked_in(World::new().quiet().set("breaker.probe_secs", 3600), 7);
    world.twilio.fault(Fault::new(On::Search, FaultKind::Unauthorized).forever());
    daemon.purchase(1);
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003);
    assert!(daemon.status()["halted"]["next_probe_at"].is_string());
    // An operator compares all the same, and more is missing than can be true.
    for number in &numbers {
        assert!(world.twilio.disown(number));
    }
    assert!(crate::world::comparing::reconcile(&daemon)["missing_suspected"].is_u64());
    let halted = daemon.status()["halted"].clone();
    assert_eq!((&halted["twilio_code"], &halted["next_probe_at"]), (&json!(20003), &json!(null)), "{halted}");
    let message = halted["message"].as_str().unwrap();
    assert!(message.contains("are gone at Twilio") && message.contains("20003"), "{halted}");
    world.sql("UPDATE buying_gate SET next_probe_at = now() - interval '1 hour'");
    world.twilio.clear_faults();
    assert_silent(&world);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003, "no probe closes it");
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(daemon.status()["halted"], json!(null));
}

#[test]
fn whatever_twilio_says_about_a_halt_is_written_down_and_shown_in_part() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let message = format!("no\0account\u{1b}[2J\n{}", "x".repeat(400_000));
    world.twilio.fault(Fault::new(On::Any, FaultKind::Refuse).status(401).code(20003).message(message).forever());
    let order = daemon.purchase(1);
    eventually("buying is halted", || daemon.status()["halted"]["twilio_code"] == 20003);
    let halted = daemon.status()["halted"]["message"].as_str().unwrap().to_owned();
    assert!(halted.contains("no\u{fffd}account\u{fffd}[2J\u{fffd}xxx"), "{halted}");
    assert!(halted.chars().count() < 700, "{} characters", halted.chars().count());
    assert!(order.body.to_string().chars().count() < 5000, "{} bytes", order.body.to_string().len());
    assert!(daemon.log_text().lines().all(|line| line.len() < 5000));
    let longest = "SELECT max(length(halt_message)) FROM buying_gate";
    assert!((400..700).contains(&world.count(longest)), "{}", world.count(longest));
}
