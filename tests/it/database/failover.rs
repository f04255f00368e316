//! A primary that stands still, is cut off or is replaced: whoever is writable now serves, and no thread is left behind.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres_fixture::{Cluster, ClusterOptions};

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

const STOCK: usize = 60;
/// Two seconds are wanted; a machine may do other things too. Who tried the frozen one again and again would need far longer.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// One for each place at the database; and for each host one of whoever seeks a connection, which are the pool's three, the
/// listener and the holder of the purchase lock. However many statements are given up, there are never more.
const THREADS_MORE: usize = 8 + 2 * (3 + 1 + 1);

fn cluster() -> Cluster {
    Cluster::start(ClusterOptions::default()).expect("PostgreSQL")
}

fn url(world: &World, ports: [u16; 2]) -> String {
    let [first, second] = ports;
    let name = world.database.name();
    format!("postgres://fixture_owner@127.0.0.1:{first},127.0.0.1:{second}/{name}?target_session_attrs=read-write")
}

/// A primary with a standby that follows it, and a daemon that knows both.
struct Pair {
    primary: Cluster,
    standby: Cluster,
}

impl Pair {
    fn begun() -> (Self, World, Daemon) {
        let primary = cluster();
        let world = World::on(&primary).quiet();
        let standby = primary.standby().expect("a standby");
        let world = {
            let url = url(&world, [primary.port(), standby.port()]);
            world.set("DATABASE_URL", url)
        };
        let daemon = world.daemon();
        daemon.purchase(u32::try_from(STOCK).unwrap()).ok();
        let pair = Self { primary, standby };
        eventually("the standby has it all", || {
            pair.at_standby(&world, "SELECT count(*) FROM numbers") == STOCK as i64
        });
        (pair, world, daemon)
    }

    fn at_standby(&self, world: &World, sql: &str) -> i64 {
        let sql = format!("SET search_path = callbunker; {sql}");
        let answer = self.standby.psql(world.database.name(), &sql).expect("the standby answers");
        answer.trim().lines().last().unwrap_or_default().parse().expect("a number")
    }
}

/// How many threads a daemon has at most, as long as this lives.
struct Crowd {
    before: usize,
    most: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
}

impl Crowd {
    fn watched(daemon: &Daemon) -> Self {
        let (tasks, before) = (daemon.tasks(), daemon.threads());
        let crowd = Self { before, most: Arc::new(AtomicUsize::new(before)), ends: Arc::default() };
        let (most, ends) = (Arc::clone(&crowd.most), Arc::clone(&crowd.ends));
        thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                let now = std::fs::read_dir(&tasks).map_or(0, Iterator::count);
                most.fetch_max(now, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        crowd
    }

    /// At first, and at most.
    fn most(&self) -> (usize, usize) {
        (self.before, self.most.load(Ordering::Relaxed))
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_frozen_primary_is_left_as_soon_as_its_standby_is_promoted() {
    let (pair, world, daemon) = Pair::begun();
    let crowd = Crowd::watched(&daemon);
    pair.primary.freeze().expect("it freezes");
    // Every place and every session is lost to it, again and again.
    let ask = &|user: String| (daemon.assign(&user).status, daemon.get("/admin/phones/api/status").status);
    for wave in 0..2 {
        thread::scope(|scope| {
            for user in 0..12 {
                scope.spawn(move || assert_eq!(ask(format!("during-{wave}-{user}")).0, 503));
            }
        });
    }
    daemon.assign("during").problem(503, "database_unavailable");
    // It is promoted while statements wait for the frozen one on all of them.
    let back = thread::scope(|scope| {
        for user in 0..12 {
            scope.spawn(move || ask(format!("meanwhile-{user}")));
        }
        thread::sleep(Duration::from_millis(200));
        pair.standby.promote().expect("it is promoted");
        let promoted = Instant::now();
        let served = (0..).find(|turn| daemon.assign(&format!("after-{turn}")).status == 200);
        assert!(served.is_some());
        promoted.elapsed()
    });
    let (before, most) = crowd.most();
    println!("served {back:?} after the promotion; {before} threads before it all, {most} at most");
    assert!(back < BACK_WITHIN, "{back:?}");
    assert!(most <= before + THREADS_MORE, "{most} threads, {before} before it all");
    // The former primary is still frozen, and nobody tries it first: neither signups nor purchases.
    for user in 0..10 {
        daemon.assign(&format!("later-{user}")).ok();
    }
    daemon.purchase(3).ok();
    // It comes back to life, takes writes, and gets none.
    pair.primary.thaw().expect("it thaws");
    for user in 10..20 {
        daemon.assign(&format!("later-{user}")).ok();
    }
    assert_eq!(pair.at_standby(&world, "SELECT count(*) FROM assignments_ever WHERE user_id LIKE 'later-%'"), 20);
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever WHERE user_id LIKE 'later-%'"), 0);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn statements_that_nobody_waits_for_any_more_leave_no_thread_and_no_session_behind() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(5).ok();
    let threads = daemon.threads();
    let session = crate::world::session::Session::open(&world, "LOCK TABLE numbers IN ACCESS EXCLUSIVE MODE");
    for round in 0..3 {
        thread::scope(|scope| {
            for reader in 0..10 {
                let daemon = &daemon;
                scope.spawn(move || daemon.get(&format!("/admin/phones/api/numbers?limit={}", 1 + reader + round)));
            }
        });
    }
    eventually("no thread is left behind", || daemon.threads() <= threads + 12);
    eventually("no session is left behind", || {
        world.count(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'callbunker%' AND datname = current_database()",
        ) <= 12
    });
    drop(session);
    eventually("it serves at once", || daemon.assign("u-1").status == 200);
}

#[test]
fn a_statement_that_is_cut_costs_its_own_session_and_no_other() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let sessions = || -> Vec<String> {
        let pids =
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'callbunker' AND datname = current_database()";
        world.sql(pids).lines().map(str::to_owned).collect()
    };
    let busy = || {
        thread::scope(|scope| {
            for _reader in 0..16 {
                scope.spawn(|| daemon.status());
            }
        });
    };
    eventually("it has sessions to lose", || {
        busy();
        sessions().len() >= 6
    });
    let before = sessions();
    let session = crate::world::session::Session::open(&world, "LOCK TABLE audit IN ACCESS EXCLUSIVE MODE");
    daemon.get("/admin/phones/api/audit").problem(503, "database_unavailable");
    drop(session);
    busy();
    // Its backend ends when it hears of it.
    eventually("one was lost", || {
        let now = sessions();
        before.iter().any(|pid| !now.contains(pid))
    });
    let after = sessions();
    // The one that was cut, and one more for whoever wrote to the trail meanwhile.
    let lost: Vec<_> = before.iter().filter(|pid| !after.contains(pid)).collect();
    assert!(!lost.is_empty() && lost.len() <= 3, "lost {lost:?} of {before:?}");
}

#[test]
fn a_restart_of_postgresql_costs_no_more_than_a_statement_or_two() {
    let cluster = cluster();
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    daemon.purchase(5).ok();
    thread::scope(|scope| {
        for _reader in 0..16 {
            scope.spawn(|| daemon.status());
        }
    });
    cluster.stop_fast().expect("it stops");
    cluster.start_again().expect("it starts");
    let refused = (0..5).filter(|user| daemon.assign(&format!("u-{user}")).status != 200).count();
    assert!(refused <= 2, "{refused} refused");
}

#[test]
fn the_first_host_is_not_tried_again_and_again_when_the_second_one_is_good() {
    // It takes connections and says nothing, as a host does that stands still.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its address").port();
    let tried = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tried);
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in silent.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            kept.push(stream);
        }
    });
    let cluster = Cluster::shared();
    let world = World::on(cluster).quiet();
    let url = url(&world, [port, cluster.port()]);
    let world = world.set("DATABASE_URL", url);
    let daemon = world.daemon();
    let before = tried.load(Ordering::Relaxed);
    assert!(before > 0, "it was tried first");
    // Each takes the lock over a connection of its own.
    for _order in 0..8 {
        daemon.purchase(1).ok();
    }
    let again = tried.load(Ordering::Relaxed) - before;
    assert!(again < 8, "tried {again} times more");
}

#[test]
fn a_standby_alone_is_no_database_to_serve_from() {
    let (pair, world, daemon) = Pair::begun();
    drop(daemon);
    let alone = format!("postgres://fixture_owner@127.0.0.1:{}/{}", pair.standby.port(), world.database.name());
    let mut world = world;
    // It restarts as a standby while the daemon serves: what was writable takes reads only.
    world.change("DATABASE_URL", &alone);
    pair.standby.promote().expect("it is promoted");
    let daemon = world.daemon();
    daemon.assign("u-1").ok();
    let data = pair.standby.dir().join("data/standby.signal");
    std::fs::write(&data, "").expect("the signal");
    pair.standby.stop_immediate().expect("it stops");
    pair.standby.start_again().expect("it starts");
    eventually("readiness names the database", || {
        let readyz = daemon.send("GET", "/readyz", &[], None);
        readyz.status == 503 && readyz.body["failing"] == serde_json::json!(["database"])
    });
    daemon.assign("u-2").problem(503, "database_unavailable");
    pair.standby.promote().expect("it is promoted again");
    eventually("it serves again", || daemon.assign("u-2").status == 200);
}
