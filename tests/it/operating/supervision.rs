//! Parts of the daemon die, and the rest does not care.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::world::daemon::{Daemon, Reply};
use crate::world::{World, eventually};

const PURCHASE: &str = "/admin/phones/api/purchase";

fn readyz(daemon: &Daemon) -> Reply {
    daemon.send("GET", "/readyz", &[], None)
}

/// How often the log says that this part was replaced.
fn replaced(daemon: &Daemon, part: &str) -> usize {
    let is_it = |line: &&Value| line["msg"] == "a part died and is replaced" && line["part"] == part;
    daemon.log_lines().iter().filter(is_it).count()
}

/// A quiet daemon with stock, that forgives many deaths.
fn stocked(count: u32) -> (World, Daemon) {
    let world = World::new().quiet().set("supervisor.restarts_max", 50);
    let daemon = world.daemon();
    daemon.purchase(count).ok();
    (world, daemon)
}

#[test]
fn signups_go_on_while_every_other_part_dies_and_is_replaced() {
    let (world, daemon) = stocked(60);
    let (over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let signups = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                daemon.assign(&format!("u-{}", served.load(Ordering::Relaxed) % 40)).ok();
                served.fetch_add(1, Ordering::Relaxed);
            }
        });
        for (turn, part) in ["schedule", "pool_monitor", "purchaser"].into_iter().enumerate() {
            daemon.failpoints(&format!("{part}=1*panic(turn {turn})"));
            if part == "purchaser" {
                daemon.purchase(1).problem(503, "unavailable");
            }
            let before = served.load(Ordering::Relaxed);
            eventually(part, || replaced(&daemon, part) == 1);
            eventually("everything is well again", || readyz(&daemon).status == 200);
            eventually("signups go on", || signups.is_finished() || served.load(Ordering::Relaxed) > before + 15);
        }
        over.store(true, Ordering::Relaxed);
        signups.join().expect("every signup succeeded");
    });
    eventually("the panic is told", || daemon.has_logged("a panic: please report it"));
    daemon.failpoints("");
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "the fresh purchaser buys");
    assert_eq!(world.bought(), 61, "the dead one bought nothing");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn callers_of_a_dying_desk_are_told_to_try_again_and_then_succeed() {
    let (world, daemon) = stocked(30);
    for turn in 1..=3 {
        daemon.failpoints(&format!("desk=1*panic(turn {turn})"));
        let refused = daemon.assign("u-1");
        assert_eq!(refused.headers["retry-after"], "1");
        refused.problem(503, "unavailable");
        eventually("a fresh desk", || replaced(&daemon, "desk") == turn);
        daemon.assign("u-1").ok();
    }
    // Whoever had gathered at it hears the same, and nobody hangs.
    daemon.failpoints("desk=10%4*panic");
    thread::scope(|scope| {
        for user in 0..20 {
            let daemon = &daemon;
            scope.spawn(move || {
                let answer = daemon.assign(&format!("crowd-{user}"));
                if answer.status != 200 {
                    answer.problem(503, "unavailable");
                }
            });
        }
    });
    daemon.failpoints("");
    for user in 0..20 {
        daemon.assign(&format!("crowd-{user}")).ok();
    }
    assert_eq!(daemon.status()["assigned"], 21);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn callers_of_a_dying_monitor_are_told_to_try_again() {
    let (_world, daemon) = stocked(1);
    let mut turn = 0;
    // Its own look may run into the failpoint first.
    eventually("a caller was there when it died", || {
        turn += 1;
        daemon.failpoints(&format!("pool_monitor=1*panic(turn {turn})"));
        let answer = daemon.post_empty("/admin/phones/api/replenish");
        answer.status == 503 && answer.problem(503, "unavailable")["title"].is_string()
    });
    daemon.failpoints("");
    assert_eq!(daemon.post_empty("/admin/phones/api/replenish").ok()["replenished"], json!(false));
}

#[test]
fn an_order_whose_purchaser_died_is_interrupted_and_costs_nothing() {
    let (world, daemon) = stocked(1);
    daemon.failpoints("purchaser=1*panic");
    let refused = daemon.post_with(PURCHASE, &json!({"count": 2}), &[("Prefer", "respond-async")]);
    assert_eq!(refused.status, 202, "{refused:?}");
    eventually("a fresh purchaser", || replaced(&daemon, "purchaser") == 1);
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(world.bought(), 2);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_fresh_http_part_serves_the_same_address() {
    let (_world, daemon) = stocked(2);
    let number = daemon.assign("u-1").ok()["phone_number"].clone();
    daemon.failpoints("http=1*panic");
    eventually("a fresh HTTP part", || replaced(&daemon, "http") == 1);
    let again = || daemon.try_send("GET", "/readyz", &[], None).is_ok_and(|answer| answer.status == 200);
    eventually("it serves", again);
    let held = daemon.assign("u-1").ok();
    assert_eq!((&held["phone_number"], &held["replayed"]), (&number, &json!(true)));
}

#[test]
fn a_dead_schedule_leaves_no_second_clock_behind() {
    let world = World::new().quiet().set("supervisor.restarts_max", 50).set("schedule.replenish_cron", "* * * * * *");
    let daemon = world.daemon();
    for turn in 1..=2 {
        daemon.failpoints(&format!("schedule=1*panic(turn {turn})"));
        eventually("a fresh schedule", || replaced(&daemon, "schedule") == turn);
    }
    daemon.failpoints("");
    let begun = world.count("SELECT coalesce(max(id), 0) FROM passes");
    eventually("it ticks", || world.count(&format!("SELECT count(*) FROM passes WHERE id > {begun}")) >= 4);
    // One pass a second, not one for each schedule that ever was.
    let most = world.count(
        "SELECT max(in_one_second) FROM
         (SELECT count(*) AS in_one_second FROM passes WHERE trigger = 'cron' AND at > now() - interval '3 seconds'
           GROUP BY date_trunc('second', at)) AS counted",
    );
    assert!(most <= 2, "{most} passes in one second");
}

#[test]
fn too_many_deaths_in_the_window_end_the_process_with_1() {
    let world = World::new().quiet().set("supervisor.restarts_max", 2);
    let mut daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.failpoints("desk=panic");
    for death in 1..=2 {
        daemon.assign("u-1").problem(503, "unavailable");
        // Whoever comes before the next desk is there kills nobody.
        eventually("it was replaced", || replaced(&daemon, "desk") == death);
    }
    // The third is one too many: this caller may hear the answer, or the end.
    let _ = daemon.try_send(
        "POST",
        "/signup/api/assign",
        &[("X-Admin-API-Key", crate::world::SIGNUP_KEY), ("Content-Type", "application/json")],
        Some(b"{\"user_id\":\"u-1\"}"),
    );
    assert_eq!(daemon.wait().code(), Some(1));
    eventually("it says why", || daemon.has_logged("parts die faster than they can be replaced"));
}

#[test]
fn readiness_names_the_parts_that_are_stuck() {
    let (_world, daemon) = stocked(1);
    assert_eq!(readyz(&daemon).status, 200);
    daemon.failpoints("schedule=1*pause->off");
    // Not all of them count as stuck at the same moment.
    eventually("it is not ready, and names the desk", || {
        let told = readyz(&daemon);
        told.status == 503 && told.body["failing"].as_array().is_some_and(|parts| parts.contains(&json!("desk")))
    });
    daemon.failpoint_off("schedule");
    eventually("it is ready again", || readyz(&daemon).status == 200);
}
