//! How the daemon begins: with PostgreSQL or before it, beside others or alone, and again after a crash.

use nix::sys::signal::Signal;
use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::json;

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

#[test]
fn it_waits_for_postgresql_and_serves_when_it_comes() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    cluster.stop_fast().expect("it stops");
    let mut daemon = Daemon::spawn(world.settings());
    eventually("it says what it waits for", || daemon.has_logged("waiting for PostgreSQL"));
    assert!(!daemon.has_logged("callbunker serves"));
    // A reload has nothing to change yet, and must not end it.
    daemon.signal(Signal::SIGHUP);
    cluster.start_again().expect("it starts");
    daemon.wait_until_it_serves();
    eventually("it is ready", || daemon.send("GET", "/readyz", &[], None).status == 200);
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
}

#[test]
fn a_signal_while_it_waits_for_postgresql_ends_it_with_0() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    cluster.stop_fast().expect("it stops");
    let mut daemon = Daemon::spawn(world.settings());
    eventually("it waits", || daemon.has_logged("waiting for PostgreSQL"));
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn two_instances_that_start_at_once_on_an_empty_database_both_serve_one_pool() {
    let world =
        World::new().set("pool.total_min", 5).set("pool.threshold_low", 5).set("pool.replenishment_batch_size", 5);
    let mut daemons: Vec<Daemon> = (0..2).map(|_| Daemon::spawn(world.settings())).collect();
    daemons.iter_mut().for_each(Daemon::wait_until_it_serves);
    for daemon in &daemons {
        eventually("each sees the warm pool", || daemon.status()["available"] == 5);
    }
    let first = daemons[0].assign("u-1").ok();
    let second = daemons[1].assign("u-1").ok();
    assert_eq!((&first["phone_number"], &second["replayed"]), (&second["phone_number"], &json!(true)));
    daemons[1].release("u-1").ok();
    daemons[0].release("u-1").problem(404, "not_assigned");
    // One goes, the other one stays.
    assert_eq!(daemons.remove(0).stop(), Some(0));
    daemons[0].assign("u-2").ok();
    eventually("the pool refilled", || daemons[0].status()["available"] == 8);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_daemon_that_was_killed_is_followed_by_one_that_knows_everything() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    let given = daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    let other = daemon.assign("u-2").ok();
    let before = daemon.status();
    daemon.kill9();
    let daemon = world.daemon();
    assert_eq!(daemon.status(), before);
    let held = daemon.assign("u-2").ok();
    assert_eq!((&held["phone_number"], &held["replayed"]), (&other["phone_number"], &json!(true)));
    assert_ne!(other["phone_number"], given["phone_number"], "it rested");
    let history = daemon.get("/admin/phones/api/assignments").ok();
    assert_eq!(history["items"].as_array().map(Vec::len), Some(2));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn the_log_is_json_with_a_url_that_answers_and_no_secret() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
    let serves = daemon.log_lines().into_iter().find(|line| line["msg"] == "callbunker serves").expect("a line");
    assert_eq!(serves["level"], "info");
    assert_eq!(serves["url"], json!(daemon.url));
    let text = daemon.log_text();
    let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(text.lines().all(is_json), "every line is JSON: {text}");
    for secret in
        [world.twilio.auth_token(), crate::world::ADMIN_KEY, crate::world::SIGNUP_KEY, world.database.owner_url()]
    {
        assert!(!text.contains(secret), "a secret in the log");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_of_the_tests_that_is_killed_leaves_no_daemon() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use crate::world::children;

    const NAME: &str = "operating::lifecycle::a_run_of_the_tests_that_is_killed_leaves_no_daemon";
    // Set in the run that is killed.
    const AGAIN: &str = "TESTS_RUN_AGAIN";
    if std::env::var_os(AGAIN).is_some() {
        let settings = std::env::vars().filter(|(name, _)| name != AGAIN).collect();
        // It goes on when the thread that asked for it has ended.
        let daemon = std::thread::spawn(move || Daemon::start(&settings)).join().expect("a daemon");
        assert!(daemon.status()["available"].is_number());
        println!("it stands in {}", daemon.tasks().parent().expect("a folder of the system's").display());
        loop {
            std::thread::park();
        }
    }
    let world = World::new().quiet();
    let mut run = Command::new(std::env::current_exe().expect("this program"));
    run.args(["--exact", NAME, "--nocapture"]).env_clear().envs(world.settings()).env(AGAIN, "1");
    run.stdout(Stdio::piped());
    let mut run = children::start(run).expect("it runs again");
    let mut lines = BufReader::new(run.stdout.take().expect("its stdout")).lines().map_while(Result::ok);
    let told = lines.find_map(|line| line.split_once("it stands in ").map(|(_, place)| place.to_owned()));
    let stat = format!("{}/stat", told.expect("a daemon of that run"));
    // A corpse that nobody buries has ended, too.
    let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(lives());
    run.kill().expect("it is ours");
    run.wait().expect("it ends");
    eventually("it ended with its run", || !lives());
}
