//! What a pool wants of its numbers changes by a reload: from one line of the log on nothing is handed out that lacks it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On, ServiceOrder};

use crate::world::daemon::Daemon;
use crate::world::reloading::Reloading;
use crate::world::{World, eventually};

const QUIET: &str = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";
/// Numbers that have come into the pool, and how many of them are in the service.
const STOCK: u32 = 40;
const MEMBERS: u32 = 15;

/// A pool that wants nothing yet; some of its numbers are in a messaging service all the same.
fn stocked() -> (Reloading, String) {
    let it = Reloading::new(QUIET);
    it.daemon.purchase(STOCK).ok();
    let service = it.world.twilio.service(ServiceOrder::new());
    // Not the oldest, which signups get first.
    let members = it.world.sql(&format!("SELECT phone_number FROM numbers ORDER BY id DESC LIMIT {MEMBERS}"));
    for number in members.lines() {
        it.world.twilio.service(ServiceOrder::new().sid(service.as_str()).with_member(number));
    }
    it.world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state)
         SELECT id, 'messaging_service', '{service}', 'attached' FROM numbers ORDER BY id DESC LIMIT {MEMBERS}"
    ));
    // Whoever finds nothing is told so, and nothing is bought for them.
    it.daemon.post_empty("/admin/phones/api/pause").ok();
    (it, service.as_str().to_owned())
}

fn wanting(service: &str) -> String {
    format!("{QUIET}messaging_services = [\"{service}\"]\n")
}

/// The lines by which a daemon told that a pool wants something else.
fn told(daemon: &Daemon) -> Vec<Value> {
    daemon.log_lines().into_iter().filter(|line| line["msg"] == "a pool wants this of its numbers now").collect()
}

/// A reload with this file, and the line that tells what the pool wants by now.
fn want(it: &Reloading, toml: &str) -> Value {
    let before = told(&it.daemon).len();
    it.write("callbunker.toml", toml);
    it.reload();
    eventually("it is told what the pool wants", || told(&it.daemon).len() > before);
    eventually("all of its numbers are told", || {
        it.world.sql("SELECT telling_wants FROM pools WHERE name = 'default'") == "f"
    });
    told(&it.daemon).pop().expect("a line")
}

fn warnings(daemon: &Daemon) -> Value {
    daemon.send("GET", "/readyz", &[], None).body["warnings"].clone()
}

#[test]
fn from_the_line_on_nobody_is_given_what_lacks_what_the_pool_wants_however_many_sign_up_meanwhile() {
    let (it, service) = stocked();
    let (over, next) = (AtomicBool::new(false), AtomicU32::new(0));
    let line = std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    drop(it.daemon.assign(&format!("u-{}", next.fetch_add(1, Ordering::Relaxed))));
                }
            });
        }
        eventually("some have one", || it.world.count("SELECT count(*) FROM leases WHERE user_id IS NOT NULL") >= 3);
        let line = want(&it, &wanting(&service));
        eventually("what is in the service is given to somebody", || {
            it.world.count("SELECT count(*) FROM leases WHERE user_id IS NULL AND ready") == 0
        });
        over.store(true, Ordering::Relaxed);
        line
    });
    assert!(line["wants"].as_str().is_some_and(|wants| wants.starts_with(&service)), "{line}");
    let at = line["ts"].as_str().expect("a time");
    let given = |which: &str| {
        it.world.count(&format!(
            "SELECT count(*) FROM leases l WHERE user_id IS NOT NULL AND {which}
                AND NOT EXISTS (SELECT FROM attachments a WHERE a.number_id = l.number_id AND a.state = 'attached' AND a.target = '{service}')"
        ))
    };
    assert!(given("true") >= 3, "before, whatever there was");
    assert_eq!(given(&format!("assigned_at > '{at}'")), 0, "{line}");
    assert_eq!(it.world.count("SELECT count(*) FROM numbers WHERE ready AND attachment_status <> 'attached'"), 0);
}

#[test]
fn what_a_pool_wants_no_more_holds_nothing_back_and_another_service_is_another_want() {
    let (it, service) = stocked();
    let idle = |which: &str| {
        it.world.count(&format!(
            "SELECT count(*) FROM numbers n JOIN leases l ON l.number_id = n.id WHERE l.user_id IS NULL AND {which}"
        ))
    };
    want(&it, &wanting(&service));
    assert!(idle("n.ready") >= i64::from(MEMBERS));
    assert_eq!(idle("n.ready AND attachment_status <> 'attached'"), 0);
    // What is in a service is never moved: it stays there, and serves nobody.
    let other = it.world.twilio.service(ServiceOrder::new());
    want(&it, &wanting(&other));
    let members = format!("n.id > (SELECT max(id) - {MEMBERS} FROM numbers)");
    assert_eq!(idle(&format!("{members} AND held_back = 'unattachable'")), i64::from(MEMBERS));
    assert_eq!(it.daemon.status()["unfit"], json!(idle("held_back = 'unattachable'")));
    want(&it, QUIET);
    assert_eq!(idle("n.ready"), i64::from(STOCK));
    assert_eq!(idle("n.held_back IS NOT NULL"), 0);
    it.daemon.assign("u-1").ok();
    // The same again is told nobody.
    let before = told(&it.daemon).len();
    it.reload();
    it.write("callbunker.toml", &format!("{QUIET}owned_max = 900\n"));
    it.reload();
    want(&it, &wanting(&service));
    assert_eq!(told(&it.daemon).len(), before + 1);
}

#[test]
fn an_instance_that_wants_something_else_says_so_and_gives_way_to_whoever_reloads_last() {
    let (mut it, service) = stocked();
    let stored = |it: &Reloading| it.world.sql("SELECT string_agg(target, ' ') FROM pool_wants");
    want(&it, &wanting(&service));
    assert!(!has_skew(&it.daemon));
    let other = it.world.twilio.service(ServiceOrder::new());
    it.world.change("pool.messaging_services", &other);
    let rival = it.world.daemon();
    assert_eq!(stored(&it), other.as_str(), "whoever starts last has the word");
    eventually("the other one warns", || has_skew(&it.daemon));
    assert!(!has_skew(&rival));
    assert_eq!(stored(&it), other.as_str(), "and writes nothing by itself");
    it.daemon.signal(Signal::SIGHUP);
    eventually("it has the word again", || stored(&it) == service);
    eventually("now the rival warns", || has_skew(&rival) && !has_skew(&it.daemon));
}

#[test]
fn what_was_asked_under_former_wants_counts_for_nobody() {
    let world = World::new();
    let [former, next] = [(); 2].map(|()| world.twilio.service(ServiceOrder::new()).as_str().to_owned());
    let it = Reloading::in_world(world, &wanting(&former));
    it.world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).code(21_715).forever());
    it.daemon.failpoints("attach_answered=pause");
    it.daemon.purchase(1).ok();
    eventually("Twilio was asked", || super::attaches(&it.world) == 1);
    want(&it, &wanting(&next));
    it.daemon.failpoints("");
    eventually("it is refused", || super::standing(&it.world) == [format!("{former} refused")]);
    assert_eq!(it.world.count("SELECT count(*) FROM pool_failures WHERE in_a_row > 0"), 0);
    // What is asked from now on counts.
    it.daemon.purchase(1).ok();
    eventually("it counts", || it.world.sql("SELECT in_a_row FROM pool_failures") == "1");
}

fn has_skew(daemon: &Daemon) -> bool {
    warnings(daemon).as_array().is_some_and(|warnings| warnings.contains(&json!("wants_skew")))
}
