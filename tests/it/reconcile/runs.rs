//! When comparisons run, where they are written down, and what ends them early.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use twilio_simulator::{AccountStatus, Fault, FaultKind, On};

use crate::world::comparing::{
    RECONCILE, assert_found, forget_when_they_began, lines, reconcile, rewire, row, stocked, stocked_in,
};
use crate::world::daemon::Daemon;
use crate::world::shape::shape;
use crate::world::{World, eventually};

fn runs(world: &World) -> String {
    let rows = world.sql("SELECT trigger, count(*) FROM reconciliations GROUP BY trigger ORDER BY trigger");
    rows.lines().filter(|line| line.contains('|')).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_report_has_the_fields_that_were_promised() {
    let (world, daemon, numbers) = stocked(2);
    daemon.assign("u-1").ok();
    rewire(&world, &numbers[0]);
    assert!(world.twilio.disown(&numbers[1]));
    world.twilio.own(twilio_simulator::ForeignNumber::new("+14155550100"));
    let report = reconcile(&daemon);
    assert_eq!(
        shape(&report),
        "{adopted:[], attachment_drift:[], checked:integer, complete:bool, conflicts:[], foreign:integer, \
         foreign_numbers:[{phone_number:e164, reason:text, sid:sid}], ignored:integer, \
         missing:[{changed_by:{actor:text, at:instant, source:text}, phone_number:e164, pool:text, reason:text, user_id:null}], problem:null, repaired:[], \
         webhook_drift:[{changed_by:{actor:text, at:instant, source:text}, phone_number:e164, pool:text, reason:text, user_id:text}]}"
    );
    let stored = world.sql("SELECT report::text FROM reconciliations WHERE trigger = 'manual'");
    let mut stored: serde_json::Value = serde_json::from_str(stored.lines().last().unwrap()).unwrap();
    // How long each list was, for the lists that are too long to keep.
    let counts = stored.as_object_mut().unwrap().remove("counts").unwrap();
    let wanted = serde_json::json!({"adopted": 0, "attachment_drift": 0, "conflicts": 0, "missing": 1, "repaired": 0, "webhook_drift": 1});
    assert_eq!((stored, counts), (report, wanted));
}

#[test]
fn three_instances_that_start_together_compare_once() {
    let world = World::new().quiet();
    world.daemon().stop();
    forget_when_they_began(&world);
    let lists = world.twilio.truth().requests_of(On::List);
    let mut daemons: Vec<Daemon> = (0..3).map(|_| Daemon::spawn(world.settings())).collect();
    for daemon in &mut daemons {
        daemon.wait_until_it_serves();
    }
    eventually("each has compared or let it be", || daemons.iter().all(Daemon::has_compared));
    assert_eq!((runs(&world).as_str(), world.twilio.truth().requests_of(On::List) - lists), ("start|2", 1));
    // By hand it always runs, on any of them.
    for daemon in &daemons {
        assert_found(&reconcile(daemon), &[]);
    }
    assert_eq!(runs(&world), "manual|3 start|2");
}

#[test]
fn the_schedule_compares_on_one_instance() {
    let world = World::new().quiet().set("schedule.reconcile_cron", "* * * * * *");
    let (_first, _second) = (world.daemon(), world.daemon());
    assert_eq!(runs(&world), "start|1", "one began a moment ago");
    forget_when_they_began(&world);
    eventually("cron compares", || runs(&world) == "cron|1 start|1");
    let ended = "SELECT count(*) FROM reconciliations WHERE trigger = 'cron' AND (report->>'complete')::boolean AND error IS NULL";
    eventually("it ends", || world.count(ended) == 1);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(runs(&world), "cron|1 start|1", "the next tick is too soon");
}

#[test]
fn a_comparison_by_hand_waits_for_the_one_that_runs() {
    let (world, daemon, _) = stocked(1);
    world.twilio.set_latency_on(On::List, Duration::from_millis(400));
    std::thread::scope(|scope| {
        let both: Vec<_> = (0..2).map(|_| scope.spawn(|| reconcile(&daemon))).collect();
        for report in both {
            assert_found(&report.join().unwrap(), &[]);
        }
    });
    let overlapping = world.count(
        "SELECT count(*) FROM reconciliations a JOIN reconciliations b ON a.id < b.id AND b.started_at < a.ended_at",
    );
    assert_eq!((overlapping, runs(&world).as_str()), (0, "manual|2 start|1"));
}

#[test]
fn while_twilio_refuses_the_account_only_an_operator_compares() {
    let (world, daemon, numbers) = stocked(1);
    world.twilio.set_account_status(AccountStatus::Suspended);
    let refused = daemon.post_empty(RECONCILE).problem(503, "halted");
    assert!(refused["detail"].as_str().unwrap().contains("20003"), "{refused}");
    assert_eq!(refused["report"]["complete"], false);
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003, "as a purchase would have halted it");
    assert_eq!(row(&world, &numbers[0], "missing_since IS NULL"), "t");
    forget_when_they_began(&world);
    let asked = world.twilio.truth().requests;
    let second = world.daemon();
    let why = world.sql("SELECT error FROM reconciliations WHERE trigger = 'start' ORDER BY id DESC LIMIT 1");
    assert!(why.contains("Twilio refuses the account"), "{why}");
    assert_eq!(world.twilio.truth().requests, asked, "not one call");
    // An operator may look whether it is mended.
    world.twilio.set_account_status(AccountStatus::Active);
    assert_found(&reconcile(&second), &[]);
}

#[test]
fn failures_that_pass_are_waited_out() {
    let (world, daemon, _) = stocked(2);
    for kind in [FaultKind::Error503, FaultKind::Html502, FaultKind::Reset, FaultKind::TooManyRequests] {
        world.twilio.fault(Fault::new(On::List, kind));
        assert_found(&reconcile(&daemon), &[]);
    }
    world.twilio.fault(Fault::new(On::List, FaultKind::LoopingNextPage).forever());
    let refused = daemon.post_empty(RECONCILE).problem(503, "unavailable");
    assert!(refused["detail"].as_str().unwrap().contains("read before"), "{refused}");
    world.twilio.clear_faults();
    world.twilio.fault(Fault::new(On::List, FaultKind::ForeignNextPage).forever());
    daemon.post_empty(RECONCILE).problem(503, "unavailable");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
}

#[test]
fn a_stop_ends_a_comparison_early_and_says_so() {
    let (world, mut daemon, _) = stocked_in(World::new().quiet(), 1);
    super::large::fill(&world, 2500);
    world.twilio.set_latency_on(On::List, Duration::from_millis(1500));
    let lists = world.twilio.truth().requests_of(On::List);
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| daemon.post_empty(RECONCILE));
        eventually("it reads the list", || world.twilio.truth().requests_of(On::List) > lists);
        daemon.signal(Signal::SIGTERM);
        let refused = answer.join().unwrap().problem(503, "shutting_down");
        assert_eq!(refused["report"]["complete"], json!(false));
    });
    assert_eq!(daemon.wait().code(), Some(0));
    let error = world.sql("SELECT error FROM reconciliations WHERE trigger = 'manual'");
    assert!(error.ends_with("stopping"), "{error}");
    assert!(world.twilio.truth().requests_of(On::List) - lists < 3, "it did not read on");
}

#[test]
fn only_the_newest_two_hundred_are_kept_and_long_lists_are_stored_short() {
    let (world, daemon, _) = stocked(1);
    world.sql("INSERT INTO reconciliations (trigger, ended_at) SELECT 'cron', now() FROM generate_series(1, 300)");
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(world.count("SELECT count(*) FROM reconciliations"), 200);
    super::large::fill(&world, 600);
    world.sql(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() + interval '1 day'
          WHERE sid LIKE 'PN00%';
         UPDATE pools SET sms_url = 'https://moved.example.com/sms'",
    );
    // This instance is configured otherwise now: it tells, and repairs nothing.
    let report = reconcile(&daemon);
    assert_eq!(lines(&report, "webhook_drift").len(), 601);
    let stored = "SELECT jsonb_array_length(report->'webhook_drift') FROM reconciliations ORDER BY id DESC LIMIT 1";
    assert_eq!((world.count(stored), world.twilio.truth().updates), (500, 0));
}
