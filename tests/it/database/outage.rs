//! PostgreSQL goes away and comes back: signups fail fast and clearly, nothing is bought, nothing acknowledged is lost.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::{Value, json};

use crate::world::command::{callbunker, run};
use crate::world::daemon::{Daemon, Reply};
use crate::world::{World, a_port_of_its_own, eventually};

/// The contract says two seconds; the rest is for a slow machine on which thirty callers, and other tests, want the cores.
const FAST_ENOUGH: Duration = Duration::from_secs(8);
/// Enough for every signup of a test, also for those that a frozen database was told of and does later.
const STOCK: usize = 50;

fn cluster() -> Cluster {
    Cluster::start(ClusterOptions::default()).expect("PostgreSQL")
}

fn readyz(daemon: &Daemon) -> Reply {
    daemon.send("GET", "/readyz", &[], None)
}

/// A signup that fails as the contract says.
fn fails_fast(daemon: &Daemon, user: &str) {
    let began = Instant::now();
    let refused = daemon.assign(user);
    assert!(began.elapsed() < FAST_ENOUGH, "{:?}", began.elapsed());
    assert!(refused.headers["retry-after"].parse::<u32>().unwrap() >= 1);
    refused.problem(503, "database_unavailable");
}

fn check_outage(world: &World, daemon: &Daemon) {
    fails_fast(daemon, "during");
    eventually("readiness names the database", || {
        let readyz = readyz(daemon);
        readyz.status == 503 && readyz.body == json!({"ready": false, "failing": ["database"], "warnings": []})
    });
    assert_eq!(daemon.send("GET", "/healthz", &[], None).status, 200, "the process lives");
    // Many at once do not queue up behind each other.
    thread::scope(|scope| {
        for user in 0..30 {
            scope.spawn(move || fails_fast(daemon, &format!("crowd-{user}")));
        }
    });
    let refused = |answer: Reply| drop(answer.problem(503, "database_unavailable"));
    thread::scope(|scope| {
        for path in ["/admin/phones/api/status", "/admin/phones/api/numbers", "/signup/api/assignments/u-1"] {
            scope.spawn(move || refused(daemon.get(path)));
        }
        for path in ["/admin/phones/api/replenish", "/admin/phones/api/configure-webhooks"] {
            scope.spawn(move || refused(daemon.post_empty(path)));
        }
        scope.spawn(move || {
            let told = daemon.get("/admin/phones/api/attention").ok();
            assert_eq!(told["items"][0]["kind"], "database_away", "{told}");
        });
        scope.spawn(move || {
            let ended = callbunker(daemon, &["status", "--check"]);
            assert_eq!(ended.code, Some(69), "{ended:?}");
            assert!(ended.stdout.starts_with("CRITICAL  The database does not answer.\n"), "{ended:?}");
        });
        scope.spawn(move || refused(daemon.purchase(1)));
        // What a frozen database was told it may still do later: nobody who is looked at afterwards.
        scope.spawn(move || refused(daemon.release("nobody")));
    });
    assert_eq!(world.bought(), STOCK);
}

fn check_recovery(world: &World, daemon: &Daemon, before: &BTreeMap<String, Value>) {
    eventually("signups succeed again", || daemon.assign("after").status == 200);
    eventually("it is ready again", || readyz(daemon).status == 200);
    for (user, number) in before {
        let held = daemon.assign(user).ok();
        assert_eq!((&held["phone_number"], &held["replayed"]), (number, &json!(true)), "{user}");
    }
    assert_eq!(world.bought(), STOCK);
    world.assert_nothing_lost_or_doubled();
}

/// A daemon with stock, two numbers of it assigned.
fn begun(cluster: &Cluster) -> (World, Daemon, BTreeMap<String, Value>) {
    let world = World::on(cluster).quiet();
    let daemon = world.daemon();
    daemon.purchase(u32::try_from(STOCK).unwrap()).ok();
    let before = ["u-1", "u-2"]
        .map(|user| (user.to_owned(), daemon.assign(user).ok()["phone_number"].clone()))
        .into_iter()
        .collect();
    (world, daemon, before)
}

#[test]
fn while_postgresql_is_down_signups_fail_fast_and_nothing_goes_to_twilio() {
    let cluster = cluster();
    let (world, daemon, before) = begun(&cluster);
    let asked = world.asked_of_twilio();
    cluster.stop_immediate().expect("it stops");
    check_outage(&world, &daemon);
    assert_eq!(world.asked_of_twilio(), asked, "not one call");
    cluster.start_again().expect("it starts");
    check_recovery(&world, &daemon, &before);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn while_postgresql_is_frozen_signups_fail_fast_and_nothing_goes_to_twilio() {
    let cluster = cluster();
    let (world, daemon, before) = begun(&cluster);
    let asked = world.asked_of_twilio();
    cluster.freeze().expect("it freezes");
    check_outage(&world, &daemon);
    assert_eq!(world.asked_of_twilio(), asked, "not one call");
    cluster.thaw().expect("it thaws");
    check_recovery(&world, &daemon, &before);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn an_acknowledged_assignment_survives_a_crash_of_postgresql_and_of_the_daemon() {
    let cluster = Cluster::start(ClusterOptions { durable: true, ..ClusterOptions::default() }).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    daemon.purchase(60).ok();
    // Signups run on while PostgreSQL is killed.
    let acknowledged: BTreeMap<String, Value> = thread::scope(|scope| {
        let daemon = &daemon;
        let signups: Vec<_> = (0..4)
            .map(|lane| {
                scope.spawn(move || {
                    let mut given = Vec::new();
                    for turn in 0..12 {
                        let user = format!("u-{lane}-{turn}");
                        let answer = daemon.assign(&user);
                        match answer.status {
                            200 => given.push((user, answer.body["phone_number"].clone())),
                            _ => drop(answer.problem(503, "database_unavailable")),
                        }
                    }
                    given
                })
            })
            .collect();
        eventually("some signups went through", || daemon.log_text().matches("/signup/api/assign").count() >= 8);
        cluster.kill9().expect("it is killed");
        signups.into_iter().flat_map(|lane| lane.join().expect("a lane")).collect()
    });
    assert!(!acknowledged.is_empty());
    daemon.kill9();
    cluster.start_again().expect("it recovers");
    let daemon = world.daemon();
    for (user, number) in &acknowledged {
        let held = daemon.assign(user).ok();
        assert_eq!((&held["phone_number"], &held["replayed"]), (number, &json!(true)), "{user}");
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_monitor_that_cannot_see_the_pool_buys_nothing_until_it_can() {
    let cluster = cluster();
    let world = World::on(&cluster).set("pool.threshold_low", 5).set("pool.total_min", 0);
    let daemon = world.daemon();
    eventually("the pool is filled", || daemon.status()["available"] == 10);
    let asked = world.asked_of_twilio();
    cluster.stop_immediate().expect("it stops");
    eventually("several looks failed", || !daemon.get("/admin/phones/api/status").body["available"].is_u64());
    thread::sleep(Duration::from_secs(2));
    assert_eq!(world.asked_of_twilio(), asked);
    cluster.start_again().expect("it starts");
    eventually("the daemon sees it again", || daemon.get("/admin/phones/api/status").status == 200);
    for user in 0..6 {
        eventually("a signup", || daemon.assign(&format!("u-{user}")).status == 200);
    }
    eventually("the pool refilled by itself", || daemon.get("/admin/phones/api/status").body["available"] == 14);
    world.assert_nothing_lost_or_doubled();
}

/// Where PostgreSQL is, as libpq reads it for each connection anew.
struct ServiceFile(PathBuf);

impl ServiceFile {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("callbunker-service-{}", std::process::id())))
    }

    fn says(&self, host: &str, port: u16, more: &str) {
        let text = format!("[cb]\nhost={host}\nport={port}\n{more}\n");
        let fresh = self.0.with_extension("new");
        std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, &self.0)).expect("the service file");
    }
}

impl Drop for ServiceFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn whoever_is_refused_is_told_why_the_database_is_away_and_nothing_that_names_it() {
    let cluster = cluster();
    let world = World::on(&cluster).quiet();
    let (port, name) = (cluster.port(), world.database.name().to_owned());
    let settings: Vec<(&str, &str)> =
        world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(run(&settings, &["migrate"]).code, Some(0));
    // A limit is for whoever is no superuser.
    cluster.psql("postgres", "CREATE ROLE secret_role LOGIN; GRANT fixture_owner TO secret_role").expect("a role");
    let file = ServiceFile::new();
    let well = format!("dbname={name}\nuser=secret_role");
    file.says("127.0.0.1", port, &well);
    let world = world.set("DATABASE_URL", "service=cb").set("PGSERVICEFILE", file.0.display());
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
    let (nobody, silent) = (a_port_of_its_own(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let silent_port = silent.local_addr().expect("its address").port();
    let full = |limit: i32| {
        cluster.psql("postgres", &format!("ALTER ROLE secret_role CONNECTION LIMIT {limit}")).expect("a limit");
    };
    for (host, port, more, words) in [
        ("secret-host.invalid", port, well.as_str(), "name cannot be resolved"),
        ("127.0.0.1", nobody, &well, "nothing listens at its address"),
        ("127.0.0.1", silent_port, &well, "nothing comes from its address in time"),
        ("127.0.0.1", port, &format!("{well}\nsslmode=require"), "its certificate cannot be checked"),
        ("127.0.0.1", port, &format!("dbname={name}\nuser=secret_nobody"), "refuses the login"),
        ("127.0.0.1", port, "dbname=secret_database\nuser=secret_role", "refuses the login"),
        ("127.0.0.1", port, &format!("{well}\napplication_name=full"), "takes no more connections"),
    ] {
        let is_full = words.contains("no more");
        full(if is_full { 0 } else { -1 });
        file.says(host, port, more);
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'secret_role'";
        cluster.psql("postgres", end).expect("its sessions end");
        let says = |answer: &Reply| {
            answer.status == 503 && answer.body["detail"].as_str().is_some_and(|told| told.contains(words))
        };
        eventually(words, || says(&daemon.assign("u-1")));
        eventually(words, || says(&daemon.get("/admin/phones/api/status")));
        let refused = daemon.assign("u-1").problem(503, "database_unavailable");
        let readyz = readyz(&daemon);
        assert_eq!((readyz.status, &readyz.body["failing"]), (503, &json!(["database"])), "{words}: {readyz:?}");
        let told = daemon.get("/admin/phones/api/attention").ok();
        assert_eq!(told["items"][0]["kind"], "database_away", "{words}: {told}");
        assert_eq!(told["items"][0]["summary"], "The database does not answer.", "{words}: {told}");
        let detail = told["items"][0]["detail"].as_str().unwrap_or_default();
        assert!(!detail.starts_with("Meanwhile"), "{words}: it says why: {detail}");
        for shown in [refused.to_string(), readyz.body.to_string(), told.to_string()] {
            for secret in ["secret", "127.0.0.1", name.as_str()] {
                assert!(!shown.contains(secret), "{words}: {secret} in {shown}");
            }
        }
    }
    full(-1);
    file.says("127.0.0.1", port, &well);
    eventually("signups succeed again", || daemon.assign("u-1").status == 200);
    eventually("it is ready again", || readyz(&daemon).status == 200);
}
