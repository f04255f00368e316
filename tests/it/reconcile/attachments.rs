//! What numbers are attached to, as Twilio has it and as the ledger says: found, left, lacking, and never believed when it is too much.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, ServiceOrder};

use crate::world::comparing::{assert_found, lines, only, reconcile, reconcile_confirmed, stocked_in};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// A pool with so many numbers, which wants a messaging service that they may be in before they are handed out; all of them are in
/// it, and both sides know it.
fn members(count: u32, inbound_on_number: bool) -> (World, Daemon, Vec<String>, String) {
    members_in(World::new().quiet(), count, inbound_on_number)
}

fn members_in(world: World, count: u32, inbound_on_number: bool) -> (World, Daemon, Vec<String>, String) {
    let service = world.twilio.service(ServiceOrder::new().use_inbound_webhook_on_number(inbound_on_number));
    let world = world.set("pool.messaging_services", &service).set("pool.ready_for", "voice");
    let (world, daemon, numbers) = stocked_in(world, count);
    for number in &numbers {
        join(&world, &service, number);
    }
    // Found, or attached by the daemon a moment before.
    reconcile(&daemon);
    assert_eq!(states(&world), [format!("{count} attached")]);
    assert_found(&reconcile(&daemon), &[]);
    world.sql("UPDATE attachments SET since = since - interval '1 minute'");
    (world, daemon, numbers, service.as_str().to_owned())
}

/// Somebody puts a number into the service, or takes it out of it, in Twilio's console.
fn join(world: &World, service: &str, number: &str) {
    world.twilio.service(ServiceOrder::new().sid(service).with_member(number));
}

fn leave(world: &World, service: &str, number: &str) {
    world.twilio.service(ServiceOrder::new().sid(service).without_member(number));
}

/// `3 attached`, of each state.
fn states(world: &World) -> Vec<String> {
    let rows = world.sql("SELECT count(*) || ' ' || state FROM attachments GROUP BY state ORDER BY state");
    rows.lines().map(str::to_owned).collect()
}

fn state_of(world: &World, number: &str, target: &str) -> String {
    world.sql(&format!(
        "SELECT state FROM attachments a JOIN numbers n ON n.id = a.number_id WHERE n.phone_number = '{number}' AND a.target = '{target}'"
    ))
}

#[test]
fn what_left_its_service_joins_it_again_when_nobody_has_it_and_is_told_when_somebody_does() {
    let (world, daemon, numbers, service) = members(12, false);
    daemon.assign("u-1").ok();
    leave(&world, &service, &numbers[0]);
    leave(&world, &service, &numbers[5]);
    let stranger = "+12125550123";
    drop(world.twilio.own(ForeignNumber::new(stranger)));
    join(&world, &service, stranger);
    let report = reconcile(&daemon);
    assert_eq!(
        (lines(&report, "repaired").len(), lines(&report, "attachment_drift").len(), lines(&report, "conflicts").len()),
        (1, 1, 0),
        "{report}"
    );
    let repaired = only(&report, "repaired");
    assert_eq!(repaired["phone_number"], json!(numbers[5]));
    assert_eq!(repaired["reason"], json!(format!("it left its messaging service {service}; it joins {service}")));
    let drift = only(&report, "attachment_drift");
    assert_eq!(
        [&drift["phone_number"], &drift["user_id"], &drift["target"], &drift["pool"]],
        [&json!(numbers[0]), &json!("u-1"), &json!(service), &json!("default")]
    );
    assert!(
        drift["reason"].as_str().is_some_and(|reason| reason.contains("use_inbound_webhook_on_number is off")),
        "{drift}"
    );
    assert_eq!(state_of(&world, &numbers[0], &service), "left", "nobody attaches it");
    eventually("it is meant to be attached again", || state_of(&world, &numbers[5], &service) != "left");
    let stored = world.sql("SELECT report->'attachment_drift'->0->>'target', report->'counts'->>'attachment_drift' FROM reconciliations ORDER BY id DESC LIMIT 1");
    assert_eq!(stored, format!("{service}|1"));
    assert!(world.twilio.truth().service_of(stranger).is_some(), "strangers are left alone");
    // It is told as long as it is so.
    assert_eq!(lines(&reconcile(&daemon), "attachment_drift").len(), 1);
    // Somebody puts it back.
    join(&world, &service, &numbers[0]);
    assert_eq!(lines(&reconcile(&daemon), "attachment_drift").len(), 0);
    assert_eq!(state_of(&world, &numbers[0], &service), "attached");
}

#[test]
fn a_users_number_joins_again_where_its_sms_stays_its_own_or_an_operator_says_so() {
    let (world, daemon, numbers, service) = members(12, true);
    daemon.assign("u-1").ok();
    leave(&world, &service, &numbers[0]);
    let report = reconcile(&daemon);
    assert_eq!(lines(&report, "attachment_drift").len(), 0, "{report}");
    assert_eq!(only(&report, "repaired")["user_id"], "u-1");
    eventually("it is about to join", || state_of(&world, &numbers[0], &service) != "left");

    let (world, daemon, numbers, service) =
        members_in(World::new().quiet().set("reconcile.repair_assigned", true), 12, false);
    daemon.assign("u-1").ok();
    leave(&world, &service, &numbers[0]);
    let report = reconcile(&daemon);
    assert_eq!(lines(&report, "attachment_drift").len(), 0, "{report}");
    // The attacher, which hears of it at once, takes nothing of what there is to tell.
    let repaired = only(&report, "repaired");
    let reason = format!("it left its messaging service {service}; it joins {service}");
    assert_eq!((&repaired["user_id"], &repaired["reason"]), (&json!("u-1"), &json!(reason)));
    eventually("it is about to join", || state_of(&world, &numbers[0], &service) != "left");
}

#[test]
fn more_than_can_have_left_is_believed_only_by_an_operators_word() {
    let (world, daemon, numbers, service) = members(12, false);
    for number in &numbers[..6] {
        leave(&world, &service, number);
    }
    let before = states(&world);
    let report = reconcile(&daemon);
    assert_eq!((&report["attachments_suspected"], &report["repaired"]), (&json!(6), &json!([])), "{report}");
    assert!(
        report["problem"].as_str().is_some_and(|problem| problem.contains("6 or more of 12 numbers have left")),
        "{report}"
    );
    assert_eq!(states(&world), before, "nothing is marked");
    assert!(daemon.status()["halted"]["message"].as_str().is_some_and(|message| message.contains("have left")));
    let report = reconcile_confirmed(&daemon).ok();
    assert_eq!((lines(&report, "repaired").len(), &report["attachments_suspected"]), (6, &Value::Null), "{report}");
    let is_full = |one: &twilio_simulator::Service| one.sid == service && one.members.len() == 12;
    eventually("those that left join again", || {
        states(&world) == ["12 attached"] && world.twilio.truth().services.iter().any(is_full)
    });
}

#[test]
fn what_twilio_does_not_let_us_look_at_counts_as_nothing_and_halts_nothing() {
    let (world, daemon, numbers, service) = members(12, false);
    leave(&world, &service, &numbers[3]);
    let faults = [
        Fault::new(On::Members, FaultKind::Refuse).status(403).code(20003).forever(),
        Fault::new(On::Service, FaultKind::Refuse).status(401).code(20003).forever(),
        Fault::new(On::Member, FaultKind::Refuse).status(403).code(20003).forever(),
        Fault::new(On::Members, FaultKind::Error503).forever(),
    ];
    for fault in faults {
        world.twilio.fault(fault.clone());
        let report = reconcile(&daemon);
        assert!(
            report["problem"].as_str().is_some_and(|problem| problem.contains("could not be compared")),
            "{fault:?}: {report}"
        );
        assert_eq!((&report["complete"], lines(&report, "repaired").len()), (&json!(true), 0), "{fault:?}: {report}");
        assert_eq!(states(&world), ["12 attached"], "{fault:?}");
        assert_eq!(daemon.status()["halted"], Value::Null, "{fault:?}");
        world.twilio.clear_faults();
    }
    assert_eq!(lines(&reconcile(&daemon), "repaired").len(), 1);
}

#[test]
fn a_service_that_is_gone_takes_no_numbers_and_one_that_is_back_does() {
    let (world, daemon, _, service) = members(12, false);
    let closed = || world.sql("SELECT unknown_since IS NOT NULL, full_since IS NOT NULL FROM attachment_targets");
    world.twilio.service(ServiceOrder::removal(service.as_str()));
    let report = reconcile(&daemon);
    assert_eq!(report["attachments_suspected"], json!(6), "{report}");
    assert_eq!(closed(), "t|f");
    world.twilio.service(ServiceOrder::new().sid(service.as_str()));
    world.sql("UPDATE attachment_targets SET full_since = clock_timestamp() - interval '50 minutes'");
    reconcile(&daemon);
    assert_eq!(closed(), "f|t", "what has just been found full is not tried at once");
    world.sql("UPDATE attachment_targets SET full_since = clock_timestamp() - interval '61 minutes'");
    reconcile(&daemon);
    assert_eq!(closed(), "f|f");
}

#[test]
fn a_number_keeps_its_service_and_moves_only_where_that_is_wanted() {
    let world = World::new().quiet().set("pools.twin.threshold_low", 0).set("pools.twin.country", "US");
    let world = world.set("pools.other.threshold_low", 0).set("pools.other.country", "US");
    let others = world.twilio.service(ServiceOrder::new());
    let world = world.set("pools.other.messaging_services", &others);
    let (world, daemon, numbers, service) = members_in(world, 8, true);
    let shift =
        |pool: &str| daemon.post(&format!("/admin/phones/api/numbers/{}/move", numbers[0]), &json!({ "pool": pool }));
    let refused = shift("other").problem(409, "conflict");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(&service)), "{refused}");
    assert_eq!(shift("twin").ok()["pool"], "twin", "a pool that wants no service takes any");
    shift("other").problem(409, "conflict");
    assert_eq!(shift("default").ok()["pool"], "default");
    assert_eq!(state_of(&world, &numbers[0], &service), "attached");
}

#[test]
fn users_numbers_that_come_in_join_by_the_operators_word_alone() {
    let world = World::new().quiet();
    let service = world.twilio.service(ServiceOrder::new());
    let world = world.set("pool.messaging_services", &service).set("pool.ready_for", "voice");
    let numbers = ["+12125550101", "+12125550102", "+12125550103"];
    numbers.iter().for_each(|number| drop(world.twilio.own(ForeignNumber::new(*number))));
    let daemon = world.daemon();
    let import = |number: &str, user: &str, rewire: bool| {
        let rows = json!([{"phone_number": number, "user_id": user}]);
        daemon.post("/admin/phones/api/import", &json!({"numbers": rows, "configure_webhooks": rewire})).ok()
    };
    assert_eq!(import(numbers[0], "u-0", false)["assigned"], 1);
    assert_eq!(import(numbers[1], "u-1", true)["assigned"], 1);
    daemon.post(&format!("/admin/phones/api/numbers/{}/adopt", numbers[2]), &json!({"user_id": "u-2"})).ok();
    assert_ne!(state_of(&world, numbers[1], &service), "");
    assert_ne!(state_of(&world, numbers[2], &service), "");
    assert_eq!(state_of(&world, numbers[0], &service), "");
    let report = reconcile(&daemon);
    let told: Vec<&Value> = lines(&report, "attachment_drift").iter().map(|line| &line["phone_number"]).collect();
    assert_eq!(told, [numbers[0]], "{report}");
    // The same call with that word finishes it.
    import(numbers[0], "u-0", true);
    eventually("it is meant to join", || !state_of(&world, numbers[0], &service).is_empty());
}
