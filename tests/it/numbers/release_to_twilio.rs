//! Numbers given back to Twilio for ever: the simulator says what left, the database what it believes.

use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::daemon::{Daemon, Reply};
use crate::world::{World, eventually};

fn give_back(daemon: &Daemon, number: &str) -> Reply {
    daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/release-to-twilio"))
}

/// A quiet daemon with so many numbers.
fn stocked(world: World, count: u32) -> (World, Daemon, Vec<String>) {
    let world = world.quiet();
    let daemon = world.daemon();
    daemon.purchase(count).ok();
    let numbers =
        world.sql("SELECT phone_number FROM numbers ORDER BY purchased_at, id").lines().map(str::to_owned).collect();
    (world, daemon, numbers)
}

fn is_at_twilio(world: &World, number: &str) -> bool {
    world.twilio.truth().owned_number(number).is_some()
}

fn deletes(world: &World) -> u64 {
    world.twilio.truth().requests_of(On::Delete)
}

/// Recovery takes up what was silent for long; so long we do not wait.
fn let_time_pass(world: &World) {
    world.sql(
        "UPDATE releases SET intended_at = intended_at - interval '10 minutes', last_sent_at = last_sent_at - interval '10 minutes'
          WHERE state IN ('intended', 'sent')",
    );
}

fn states(world: &World) -> String {
    world.sql("SELECT r.state, n.status, coalesce(n.quarantine_reason, '-') FROM releases r JOIN numbers n ON n.id = r.number_id ORDER BY r.id")
}

#[test]
fn a_number_that_nobody_has_leaves_for_ever_and_asking_again_says_so() {
    let (world, daemon, numbers) = stocked(World::new(), 2);
    let number = give_back(&daemon, &numbers[0]).ok();
    assert_eq!((&number["phone_number"], &number["status"]), (&json!(numbers[0]), &json!("released")));
    assert!(!is_at_twilio(&world, &numbers[0]) && is_at_twilio(&world, &numbers[1]));
    assert_eq!(states(&world), "released|released|-");
    assert_eq!(world.count("SELECT count(*) FROM releases WHERE attempts = 1 AND twilio_request_id IS NOT NULL"), 1);
    assert_eq!(give_back(&daemon, &numbers[0]).ok(), number);
    assert_eq!(
        daemon.post(&format!("/admin/phones/api/numbers/{}/release-to-twilio", numbers[0]), &json!({})).ok(),
        number
    );
    assert_eq!(deletes(&world), 1);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
    assert_eq!((&daemon.status()["available"], &daemon.status()["total"]), (&json!(0), &json!(1)));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_users_number_never_leaves_and_neither_does_anybody_elses() {
    let (world, daemon, numbers) = stocked(World::new(), 1);
    daemon.assign("u-1").ok();
    world.twilio.own(ForeignNumber::new("+14155550100"));
    give_back(&daemon, &numbers[0]).problem(409, "assigned");
    world.sql("UPDATE numbers SET missing_since = now()");
    give_back(&daemon, &numbers[0]).problem(409, "assigned");
    give_back(&daemon, "+14155550100").problem(404, "not_found");
    give_back(&daemon, "+14155550199").problem(404, "not_found");
    assert_eq!((deletes(&world), world.count("SELECT count(*) FROM releases")), (0, 0));
}

#[test]
fn a_resting_number_leaves_and_its_former_user_gets_another() {
    let (world, daemon, numbers) = stocked(World::new(), 2);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[0]));
    daemon.release("u-1").ok();
    assert_eq!(give_back(&daemon, &numbers[0]).ok()["status"], "released");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_number_that_is_gone_at_twilio_already_is_released() {
    let (world, daemon, numbers) = stocked(World::new(), 1);
    assert!(world.twilio.disown(&numbers[0]));
    assert_eq!(give_back(&daemon, &numbers[0]).ok()["status"], "released");
    assert_eq!(states(&world), "released|released|-");
}

#[test]
fn a_number_that_another_environment_tagged_meanwhile_does_not_leave() {
    let (world, daemon, numbers) = stocked(World::new(), 1);
    world
        .twilio
        .own(ForeignNumber::new(&numbers[0]).friendly_name("callbunker:staging:00000000-0000-4000-8000-000000000007"));
    give_back(&daemon, &numbers[0]).problem(409, "conflict");
    world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict'");
    give_back(&daemon, &numbers[0]).problem(409, "conflict");
    assert_eq!((deletes(&world), is_at_twilio(&world, &numbers[0])), (0, true));
}

#[test]
fn a_lost_answer_is_asked_for_again_until_twilio_says_clearly_that_it_is_gone() {
    for fault in [
        FaultKind::CommitThenReset,
        FaultKind::CommitThen500,
        FaultKind::CommitThen503,
        FaultKind::CommitThenHang,
        FaultKind::Reset,
        FaultKind::Hang,
        FaultKind::Error500,
        FaultKind::Error503,
        FaultKind::Html502,
        FaultKind::TooManyRequests,
    ] {
        let (world, daemon, numbers) = stocked(World::new().set("twilio.request_timeout_ms", 1500), 1);
        world.twilio.fault(Fault::new(On::Delete, fault));
        assert_eq!(give_back(&daemon, &numbers[0]).ok()["status"], "released", "{fault:?}");
        assert!(!is_at_twilio(&world, &numbers[0]), "{fault:?}");
        assert_eq!((states(&world).as_str(), deletes(&world)), ("released|released|-", 2), "{fault:?}");
        assert_eq!(daemon.status()["halted"], Value::Null, "{fault:?}");
    }
}

#[test]
fn what_twilio_does_not_answer_for_long_serves_nobody_and_is_finished_by_any_instance() {
    for fault in [FaultKind::CommitThenHang, FaultKind::Error503, FaultKind::TooManyRequests] {
        let (world, daemon, numbers) = stocked(World::new().set("twilio.request_timeout_ms", 1500), 1);
        world.twilio.fault(Fault::new(On::Delete, fault).forever());
        let told = give_back(&daemon, &numbers[0]);
        assert!(told.headers.contains_key("retry-after"));
        let told = told.problem(503, "unavailable");
        assert!(told["detail"].as_str().unwrap().contains("is being released"), "{told}");
        assert_eq!(states(&world), "sent|quarantined|leaving", "{fault:?}");
        assert_eq!(daemon.status()["available"], 0);
        let adopt = format!("/admin/phones/api/numbers/{}/adopt", numbers[0]);
        daemon.post_empty(&adopt).problem(409, "leaving");
        world.twilio.clear_faults();
        daemon.kill9();
        // Paused is about buying; another instance goes on.
        world.sql("UPDATE buying_gate SET paused_since = now(), paused_by = 'test'");
        let _other = world.daemon();
        let_time_pass(&world);
        eventually("it has left", || states(&world) == "released|released|-");
        assert!(!is_at_twilio(&world, &numbers[0]), "{fault:?}");
    }
}

#[test]
fn what_twilio_never_answers_for_keeps_no_other_release_back_and_is_told() {
    let (world, daemon, numbers) = stocked(World::new().set("twilio.request_timeout_ms", 5000), 2);
    let fault = Fault::new(On::Delete, FaultKind::Error503);
    world.twilio.fault(fault.clone().phone_number(&numbers[0]).forever());
    world.twilio.fault(fault.phone_number(&numbers[1]).times(3));
    for number in &numbers {
        give_back(&daemon, number).problem(503, "unavailable");
    }
    let of_the_first = "WHERE number_id = (SELECT min(id) FROM numbers)";
    // Asked for all day, and half an hour ago for the last time.
    world.sql(&format!(
        "UPDATE releases SET intended_at = now() - interval '1 day', attempts = 30, last_sent_at = now() - interval '30 minutes' {of_the_first};
         UPDATE releases SET last_sent_at = now() - interval '2 minutes' WHERE attempts = 3"
    ));
    eventually("the other one leaves", || !is_at_twilio(&world, &numbers[1]));
    let attempts = format!("SELECT attempts FROM releases {of_the_first}");
    assert_eq!(world.count(&attempts), 30, "it was not its turn");
    let attention = daemon.get("/admin/phones/api/attention").ok();
    let told = attention["items"].as_array().unwrap().iter().find(|item| item["kind"] == "release_stuck");
    let told = told.unwrap_or_else(|| panic!("{attention}"));
    assert_eq!((&told["severity"], &told["count"]), (&json!("warning"), &json!(1)));
    for words in [numbers[0].as_str(), "30 times", "503"] {
        assert!(told["detail"].as_str().unwrap().contains(words), "{words}: {told}");
    }
    let page = format!("/admin/phones/dashboard/numbers/{}", numbers[0]);
    assert_eq!(told["link"], page);
    assert_eq!(daemon.get(&page).status, 200);
    let readyz = daemon.send("GET", "/readyz", &[], None);
    let warnings = readyz.body["warnings"].to_string();
    assert!(readyz.status == 200 && warnings.contains("releases_stuck: 1 number has"), "{readyz:?}");
    assert!(!warnings.contains(&numbers[0]), "{warnings}");
    // An hour after the last time it is its turn; and Twilio says yes.
    world.twilio.clear_faults();
    world.sql(&format!("UPDATE releases SET last_sent_at = now() - interval '61 minutes' {of_the_first}"));
    eventually("it has left", || !is_at_twilio(&world, &numbers[0]));
    eventually("nobody is told any more", || {
        !daemon.get("/admin/phones/api/attention").ok().to_string().contains("release_stuck")
    });
}

#[test]
fn what_twilio_refuses_stays_ours_and_returns_to_where_it_was() {
    let (world, daemon, numbers) = stocked(World::new(), 2);
    let refusal = || Fault::new(On::Delete, FaultKind::Refuse).status(400).code(21627).message("emergency address");
    world.twilio.fault(refusal());
    let told = give_back(&daemon, &numbers[0]).problem(502, "twilio_refused");
    assert!(told["detail"].as_str().unwrap().contains("emergency address"), "{told}");
    assert_eq!(told["twilio_code"], 21627);
    assert_eq!(world.sql("SELECT state, error_code, twilio_code FROM releases"), "refused|twilio_21627|21627");
    let number = daemon.get(&format!("/admin/phones/api/numbers/{}", numbers[0])).ok();
    let told = number["history"].to_string();
    assert!(told.contains("emergency address") && told.contains("what keeps it there must end at Twilio"), "{told}");
    // Care asks Twilio, then it is stock again.
    eventually("it is stock again", || daemon.status()["available"] == 2);
    // A number at rest rests on as before.
    daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    let resting = world.sql("SELECT phone_number FROM numbers WHERE status = 'quarantined'");
    let until = world.sql("SELECT quarantined_until FROM numbers WHERE status = 'quarantined'");
    world.twilio.fault(refusal());
    give_back(&daemon, &resting).problem(502, "twilio_refused");
    assert_eq!(
        world.sql("SELECT quarantine_reason, quarantined_until FROM numbers WHERE status = 'quarantined'"),
        format!("released|{until}")
    );
    // Asked again after the cause is mended, it leaves.
    assert_eq!(give_back(&daemon, &resting).ok()["status"], "released");
    assert_eq!(world.sql("SELECT state FROM releases ORDER BY id"), "refused\nrefused\nreleased");
}

#[test]
fn a_refusal_of_the_account_halts_buying_and_the_number_stays() {
    for (fault, code) in [(FaultKind::Unauthorized, 20003), (FaultKind::TestCredentials, 20008)] {
        let (world, daemon, numbers) = stocked(World::new(), 1);
        world.twilio.fault(Fault::new(On::Delete, fault));
        assert_eq!(give_back(&daemon, &numbers[0]).problem(502, "twilio_refused")["twilio_code"], code);
        assert_eq!(daemon.status()["halted"]["twilio_code"], code);
        // While Twilio refuses the account nobody asks it whether the number may serve again.
        daemon.post_empty("/admin/phones/api/resume").ok();
        eventually("it is stock again", || daemon.status()["available"] == 1);
        assert!(is_at_twilio(&world, &numbers[0]));
        assert_eq!(give_back(&daemon, &numbers[0]).ok()["status"], "released");
    }
}

#[test]
fn a_refusal_of_the_account_after_a_doubt_proves_nothing_and_waits_for_the_breaker() {
    let (world, daemon, numbers) = stocked(World::new(), 1);
    world.twilio.fault(Fault::new(On::Delete, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::Delete, FaultKind::TestCredentials).times(5));
    give_back(&daemon, &numbers[0]).problem(503, "unavailable");
    assert_eq!(states(&world), "sent|quarantined|leaving");
    world.twilio.clear_faults();
    let (before, looks) = (deletes(&world), daemon.log_lines().len());
    let_time_pass(&world);
    // While the breaker is open nobody asks; a release that was never sent is taken back all the same.
    world.sql(
        "WITH n AS (INSERT INTO numbers (sid, phone_number, country, status, quarantine_reason, webhook_status, capable, purchased_at)
                    VALUES ('PN00000000000000000000000000000001', '+14155550100', 'US', 'quarantined', 'leaving', 'configured', true, now()) RETURNING id)
         INSERT INTO releases (id, number_id, requested_by, former_reason, intended_at)
         SELECT gen_random_uuid(), id, 'test', 'unknown_item', now() - interval '10 minutes' FROM n",
    );
    eventually("care came by", || {
        world.sql("SELECT quarantine_reason FROM numbers WHERE phone_number = '+14155550100'") == "unknown_item"
    });
    assert_eq!(
        (deletes(&world), world.count("SELECT count(*) FROM releases WHERE state = 'withdrawn'")),
        (before, 1),
        "{looks}"
    );
    daemon.post_empty("/admin/phones/api/resume").ok();
    eventually("it has left", || states(&world).contains("released|released|-"));
    assert_eq!(deletes(&world), before, "it was gone when it was looked up again");
}

#[test]
fn a_refusal_after_a_doubt_brings_the_number_back_only_if_a_look_shows_that_it_is_there() {
    let refusal = || Fault::new(On::Delete, FaultKind::Refuse).status(403).code(20403);
    // The first attempt had worked, and whoever refuses the second one knows nothing of it.
    let (world, daemon, numbers) = stocked(World::new(), 1);
    world.twilio.fault(Fault::new(On::Delete, FaultKind::CommitThenReset));
    world.twilio.fault(refusal());
    assert_eq!(give_back(&daemon, &numbers[0]).ok()["status"], "released");
    assert_eq!((states(&world).as_str(), deletes(&world)), ("released|released|-", 2));
    // Nobody knows: it stays on its way.
    let (world, daemon, numbers) = stocked(World::new(), 1);
    world.twilio.fault(Fault::new(On::Delete, FaultKind::CommitThenReset));
    world.twilio.fault(refusal().times(2));
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::Error503).after(1).forever());
    give_back(&daemon, &numbers[0]).problem(503, "unavailable");
    assert_eq!((states(&world).as_str(), deletes(&world)), ("sent|quarantined|leaving", 3));
    world.twilio.clear_faults();
    assert_eq!(give_back(&daemon, &numbers[0]).ok()["status"], "released");
    // It is there: that is Twilio's word.
    let (world, daemon, numbers) = stocked(World::new(), 1);
    world.twilio.fault(Fault::new(On::Delete, FaultKind::Reset));
    world.twilio.fault(refusal());
    assert_eq!(give_back(&daemon, &numbers[0]).problem(502, "twilio_refused")["twilio_code"], 20403);
    assert_eq!((world.sql("SELECT state FROM releases").as_str(), deletes(&world)), ("refused", 2));
    eventually("it is stock again", || daemon.status()["available"] == 1);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn before_a_late_repeat_the_number_is_looked_up_and_another_environments_stays() {
    for by_an_operator in [false, true] {
        let (world, daemon, numbers) = stocked(World::new().set("twilio.request_timeout_ms", 5000), 1);
        world.twilio.fault(Fault::new(On::Delete, FaultKind::Error503).times(3));
        give_back(&daemon, &numbers[0]).problem(503, "unavailable");
        assert_eq!((states(&world).as_str(), deletes(&world)), ("sent|quarantined|leaving", 3));
        let tag = "callbunker:staging:00000000-0000-4000-8000-000000000007";
        let name = twilio_simulator::Webhooks { friendly_name: Some(tag.to_owned()), ..Default::default() };
        assert!(world.twilio.set_webhooks(&numbers[0], name));
        if by_an_operator {
            // However soon after the last attempt: that one may have trusted an earlier look, too.
            give_back(&daemon, &numbers[0]).problem(409, "conflict");
        } else {
            let_time_pass(&world);
        }
        eventually("it is held", || states(&world) == "refused|quarantined|tag_conflict");
        assert_eq!((deletes(&world), is_at_twilio(&world, &numbers[0])), (3, true), "operator: {by_an_operator}");
        assert_eq!(world.sql("SELECT error_code FROM releases"), "tag_conflict");
    }
}

#[test]
fn a_release_that_is_refused_or_taken_back_leaves_the_number_to_rest_for_its_user() {
    for taken_back in [false, true] {
        let (world, daemon, numbers) = stocked(World::new(), 3);
        daemon.assign("u-1").ok();
        daemon.release("u-1").ok();
        if taken_back {
            // Its process died before Twilio was asked.
            world.sql(
                "INSERT INTO releases (id, number_id, requested_by, former_reason, former_until, former_rests_for, intended_at)
                 SELECT gen_random_uuid(), id, 'test', quarantine_reason, quarantined_until, rests_for, now() - interval '10 minutes'
                   FROM numbers WHERE rests_for = 'u-1';
                 UPDATE numbers SET quarantine_reason = 'leaving', quarantined_until = NULL, rests_for = NULL WHERE rests_for = 'u-1'",
            );
            eventually("it is taken back", || world.sql("SELECT state FROM releases") == "withdrawn");
        } else {
            world.twilio.fault(Fault::new(On::Delete, FaultKind::Refuse).status(400).code(21627));
            give_back(&daemon, &numbers[0]).problem(502, "twilio_refused");
        }
        assert_eq!(world.sql("SELECT rests_for FROM numbers WHERE status = 'quarantined'"), "u-1");
        assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[0]), "taken back: {taken_back}");
    }
    // Who has another number by now has no claim to the old one.
    let (world, daemon, numbers) = stocked(World::new(), 3);
    daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    world.twilio.fault(Fault::new(On::Delete, FaultKind::Refuse).status(400).code(21627));
    world.twilio.set_latency_on(On::Delete, Duration::from_secs(4));
    std::thread::scope(|scope| {
        let release = scope.spawn(|| give_back(&daemon, &numbers[0]));
        eventually("it is leaving", || states(&world) == "sent|quarantined|leaving");
        assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
        release.join().unwrap().problem(502, "twilio_refused");
    });
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE rests_for IS NOT NULL"), 0);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
    world.assert_nothing_lost_or_doubled();
}

#[cfg(feature = "failpoints")]
#[test]
fn when_the_database_fails_in_the_middle_of_a_release_the_answer_says_that_it_may_go_on() {
    let cluster = postgres_fixture::Cluster::start(postgres_fixture::ClusterOptions::default()).expect("PostgreSQL");
    let (world, daemon, numbers) = stocked(World::on(&cluster), 1);
    daemon.failpoints("release_intended=1*pause->off");
    let told = std::thread::scope(|scope| {
        let release = scope.spawn(|| give_back(&daemon, &numbers[0]));
        eventually("it is written", || states(&world) == "intended|quarantined|leaving");
        cluster.stop_immediate().expect("it stops");
        daemon.failpoint_off("release_intended");
        release.join().unwrap()
    });
    assert!(told.headers.contains_key("retry-after"));
    let told = told.problem(503, "unavailable");
    assert!(told["detail"].as_str().unwrap().contains("may go on by itself; look at the number"), "{told}");
    cluster.start_again().expect("it starts");
    assert_eq!(deletes(&world), 0);
    eventually("the release stands", || {
        world.database.psql("SELECT state FROM callbunker.releases").is_ok_and(|state| state.trim() == "intended")
    });
}

#[test]
fn of_a_release_and_a_signup_for_the_last_number_exactly_one_wins() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 500);
    let daemon = world.daemon();
    daemon.post("/admin/phones/api/pause", &json!({})).ok();
    let (mut left, mut stayed) = (0, 0);
    for round in 0..20 {
        daemon.purchase(1).ok();
        let number = world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL");
        let user = format!("u-{round}");
        let (released, assigned) = std::thread::scope(|scope| {
            let daemon = &daemon;
            let release = scope.spawn(|| give_back(daemon, &number));
            // Sometimes the one is a little earlier, sometimes the other.
            std::thread::sleep(Duration::from_micros(400 * (round % 10)));
            let assign = scope.spawn(|| daemon.assign(&user));
            (release.join().unwrap(), assign.join().unwrap())
        });
        match (released.status, assigned.status) {
            (200, 503) => {
                left += 1;
                assert!(!is_at_twilio(&world, &number), "round {round}");
            }
            (409, 200) => {
                stayed += 1;
                assert_eq!(assigned.body["phone_number"], json!(number));
                assert!(is_at_twilio(&world, &number), "round {round}");
                daemon.release(&user).ok();
                world.sql("UPDATE numbers SET rests_for = NULL WHERE rests_for IS NOT NULL");
            }
            both => panic!("round {round}: {both:?} {released:?} {assigned:?}"),
        }
        assert_eq!(world.twilio.truth().releases.len(), left, "round {round}");
    }
    assert_eq!(left + stayed, 20);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn many_releases_of_one_number_at_once_are_one() {
    let (world, daemon, numbers) = stocked(World::new(), 1);
    world.twilio.set_latency_on(On::Delete, Duration::from_millis(100));
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| give_back(&daemon, &numbers[0]))).collect();
        for call in calls {
            assert_eq!(call.join().unwrap().ok()["status"], "released");
        }
    });
    assert_eq!((states(&world).as_str(), world.twilio.truth().releases.len()), ("released|released|-", 1));
}

#[cfg(feature = "failpoints")]
#[test]
fn an_instance_whose_intent_was_taken_back_meanwhile_sends_nothing() {
    let (world, daemon, numbers) = stocked(World::new(), 1);
    daemon.failpoints("release_intended=1*pause->off");
    std::thread::scope(|scope| {
        let release = scope.spawn(|| give_back(&daemon, &numbers[0]));
        eventually("it is written", || states(&world) == "intended|quarantined|leaving");
        // Another instance thinks that the first one died.
        world.sql(
            "UPDATE releases SET state = 'withdrawn', ended_at = now();
             UPDATE numbers SET quarantine_reason = 'released', quarantined_until = now() + interval '1 hour'",
        );
        daemon.failpoint_off("release_intended");
        release.join().unwrap().problem(409, "locked");
    });
    assert_eq!((deletes(&world), is_at_twilio(&world, &numbers[0])), (0, true));
}
