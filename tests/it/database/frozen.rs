//! Somebody makes the database read-only (`default_transaction_read_only`): that is obeyed at once and whole, until they take it
//! back.

use std::collections::BTreeMap;

use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::command::{callbunker, run};
use crate::world::daemon::{Daemon, Reply};
use crate::world::freezing::{SETTING, says};
use crate::world::pooler::Pooler;
use crate::world::{World, eventually};

/// Refused because it is frozen, in so many words.
fn is_told(answer: &Reply) -> bool {
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    answer.status == 503 && detail.contains(SETTING) && detail.contains("frozen")
}

/// The daemon obeys: it says so, and no session of it is left.
fn obeys(world: &World, daemon: &Daemon) {
    eventually("whoever asks is told that it is frozen", || is_told(&daemon.get("/admin/phones/api/status")));
    eventually("no session from before is left", || {
        world.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'callbunker%'",
        ) == 0
    });
}

/// Everything that stands in the database.
fn everything(world: &World) -> BTreeMap<String, String> {
    let tables = world.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'callbunker' AND table_type = 'BASE TABLE'",
    );
    let table = |name: &str| {
        world.sql(&format!("SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM callbunker.{name} t"))
    };
    tables.lines().map(|name| (name.to_owned(), table(name))).collect()
}

fn freezes_told(daemon: &Daemon) -> Vec<Value> {
    let is_one = |line: &Value| line["msg"].as_str().is_some_and(|text| text.starts_with("the database is frozen"));
    daemon.log_lines().into_iter().filter(is_one).collect()
}

#[test]
fn a_database_that_somebody_freezes_is_written_by_nobody_until_it_thaws() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(5).ok();
    let number = daemon.assign("u-1").ok()["phone_number"].clone();
    world.freeze();
    obeys(&world, &daemon);
    let (stands, asked) = (everything(&world), world.asked_of_twilio());
    for refused in [
        daemon.assign("u-1"),
        daemon.assign("u-2"),
        daemon.release("u-1"),
        daemon.purchase(1),
        daemon.post_empty("/admin/phones/api/replenish"),
        daemon.post_empty("/admin/phones/api/configure-webhooks"),
        daemon.post_empty("/admin/phones/api/pause"),
        daemon.post_empty("/admin/phones/api/reconcile"),
        daemon.get("/admin/phones/api/status"),
    ] {
        assert!(is_told(&refused), "{refused:?}");
        refused.problem(503, "database_unavailable");
    }
    let ready = daemon.send("GET", "/readyz", &[], None);
    assert_eq!((ready.status, &ready.body["failing"]), (503, &json!(["database"])), "{ready:?}");
    let told = daemon.get("/admin/phones/api/attention").ok();
    let item = &told["items"][0];
    assert_eq!(
        (&item["kind"], &item["summary"]),
        (&json!("database_away"), &json!("The database is frozen: it takes no writes."))
    );
    assert!(item["todo"].as_str().is_some_and(|todo| todo.contains("off again")), "{item}");
    let ended = callbunker(&daemon, &["status", "--check"]);
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.stdout.starts_with("CRITICAL  The database is frozen: it takes no writes.\n"), "{ended:?}");
    // It goes on looking, and writes nothing for it.
    let tries = || daemon.log_text().matches("not listening to other instances").count();
    let before = tries();
    eventually("it has looked again", || tries() >= before + 2);
    assert_eq!(everything(&world), stands, "not one row");
    assert_eq!(world.asked_of_twilio(), asked, "not one call");
    assert_eq!(freezes_told(&daemon).len(), 1, "{}", daemon.log_text());
    assert!(freezes_told(&daemon)[0]["level"].as_str().is_some_and(|level| level.starts_with("crit")));
    world.thaw();
    eventually("signups succeed again", || daemon.assign("u-2").status == 200);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], number);
    eventually("it is ready again", || daemon.send("GET", "/readyz", &[], None).status == 200);
    eventually("its log says so", || daemon.has_logged("the database takes writes again"));
    assert_eq!(world.bought(), 5);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_freeze_of_the_role_of_the_role_in_the_database_or_of_the_server_is_obeyed_as_well() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    let (name, place) =
        (world.database.name().to_owned(), world.database.url().split_once('@').expect("a user").1.to_owned());
    says(&cluster, "CREATE ROLE app LOGIN; GRANT fixture_owner TO app");
    // libpq would tell a frozen server from none.
    let world = world.set("DATABASE_URL", format!("postgres://app@{place}?target_session_attrs=read-write"));
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
    let role_there = format!("ALTER ROLE app IN DATABASE {name}");
    let whole_server = |word: &str| format!("ALTER SYSTEM {word}; SELECT pg_reload_conf()");
    let thawed = || daemon.log_text().matches("the database takes writes again").count();
    for (on, off) in [
        (format!("ALTER ROLE app SET {SETTING} = true"), format!("ALTER ROLE app RESET {SETTING}")),
        (format!("{role_there} SET {SETTING} = on"), format!("{role_there} RESET {SETTING}")),
        (format!("ALTER ROLE ALL SET {SETTING} = on"), format!("ALTER ROLE ALL RESET {SETTING}")),
        (whole_server(&format!("SET {SETTING} = on")), whole_server(&format!("RESET {SETTING}"))),
    ] {
        let frozen_before = freezes_told(&daemon).len();
        says(&cluster, &on);
        obeys(&world, &daemon);
        // Whoever listens may have been cut by another session that saw it first.
        eventually("its log says so", || freezes_told(&daemon).len() == frozen_before + 1);
        assert!(is_told(&daemon.assign("u-1")), "{on}");
        let before = thawed();
        says(&cluster, &off);
        eventually("it goes on", || daemon.assign("u-1").status == 200 && thawed() > before);
    }
    assert_eq!(freezes_told(&daemon).len(), 4, "{}", daemon.log_text());
    // What is said of the role in this database goes before what is said of the database.
    says(&cluster, &format!("ALTER DATABASE {name} SET {SETTING} = on; {role_there} SET {SETTING} = off"));
    assert_eq!(daemon.stop(), Some(0));
    let daemon = world.daemon();
    daemon.assign("u-1").ok();
    drop(daemon);
}

#[test]
fn a_database_that_is_frozen_already_is_told_by_whoever_starts_there() {
    let world = World::new().quiet();
    world.freeze();
    let settings: Vec<(&str, &str)> =
        world.settings().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let migrated = run(&settings, &["migrate"]);
    let sentence = migrated.sentence(69);
    assert!(sentence.contains(SETTING) && sentence.contains("somebody froze it"), "{sentence}");
    assert!(!sentence.contains("check DATABASE_URL"), "{sentence}");
    let checked = run(&settings, &["check-config"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let note = checked.stdout.lines().find(|line| line.starts_with("# Note") && line.contains(SETTING));
    assert!(note.is_some(), "{}", checked.stdout);
    // `serve` waits a minute for it.
    let mut daemon = Daemon::spawn(world.settings());
    eventually("it waits", || daemon.log_text().contains(SETTING));
    world.thaw();
    daemon.wait_until_it_serves();
    daemon.purchase(1).ok();
}

#[test]
fn a_create_that_hangs_while_somebody_freezes_the_database_is_settled_after_the_thaw() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 5000).set("purchase.unknown_settle_secs", 1);
    let world = world.set("http.sync_order_secs", 5);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenHang));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(1));
        eventually("Twilio has sold it", || world.bought() == 1);
        world.freeze();
        obeys(&world, &daemon);
        let stands = everything(&world);
        let answer = order.join().expect("an answer");
        assert_ne!(answer.status, 200, "{answer:?}");
        assert_eq!(everything(&world), stands, "not one row");
        assert_eq!(world.bought(), 1, "nothing more is bought meanwhile");
    });
    world.thaw();
    eventually("it is in the pool", || world.count("SELECT count(*) FROM numbers") == 1);
    world.settle();
    assert_eq!(world.bought(), 1);
    world.assert_nothing_lost_or_doubled();
}

/// What the setting is in a session that the pooler hands out.
fn handed_out(cluster: &Cluster, pooler: &Pooler) -> String {
    let psql = std::process::Command::new(cluster.bin_dir().join("psql"))
        .args([&pooler.url, "-Atqc", &format!("SHOW {SETTING}")])
        .output()
        .expect("psql runs");
    String::from_utf8_lossy(&psql.stdout).trim().to_owned()
}

#[test]
fn a_freeze_and_its_end_are_seen_through_a_pooler_that_hands_out_sessions_from_before() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    let pooler = Pooler::start_on(&cluster, &world, "session");
    let world = world.set("DATABASE_URL", &pooler.url);
    let daemon = world.daemon();
    daemon.purchase(4).ok();
    daemon.assign("u-1").ok();
    let told = |answer: &str| daemon.log_text().matches(answer).count();
    let database = format!("ALTER DATABASE {}", world.database.name());
    let reset = format!("{database} RESET {SETTING}");
    for (round, thaw) in [&reset, &format!("{database} SET {SETTING} = off"), &reset].into_iter().enumerate() {
        let frozen_before = freezes_told(&daemon).len();
        says(&cluster, &format!("{database} SET {SETTING} = on"));
        eventually("it obeys", || is_told(&daemon.get("/admin/phones/api/status")));
        eventually("its log says so", || freezes_told(&daemon).len() == frozen_before + 1);

        let (stands, asked) = (everything(&world), world.asked_of_twilio());
        assert_eq!(daemon.send("GET", "/readyz", &[], None).status, 503);
        for refused in [daemon.assign("u-9"), daemon.release("u-1"), daemon.purchase(1)] {
            assert!(is_told(&refused), "{refused:?}");
        }
        // Those from before end, so that the next ones are read-only from their beginning.
        world.sql(&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
            world.database.name()
        ));
        eventually("sessions from the freeze are there", || handed_out(&cluster, &pooler) == "on");
        let before = told("not listening to other instances");
        eventually("it has looked again", || told("not listening to other instances") >= before + 2);
        assert_eq!(everything(&world), stands, "not one row");
        assert_eq!(world.asked_of_twilio(), asked, "not one call");
        says(&cluster, thaw);
        let user = format!("u-{}", round + 2);
        eventually("signups succeed again", || daemon.assign(&user).status == 200);
        eventually("it is ready again", || daemon.send("GET", "/readyz", &[], None).status == 200);
        eventually("its log says so", || told("the database takes writes again") == round + 1);
    }
    // No session of a freeze serves on: it would not hear what the server itself says next.
    let server = |word: &str| says(&cluster, &format!("ALTER SYSTEM {word}; SELECT pg_reload_conf()"));
    server(&format!("SET {SETTING} = on"));
    eventually("it obeys the server's own setting", || is_told(&daemon.get("/admin/phones/api/status")));
    server(&format!("RESET {SETTING}"));
    eventually("it goes on", || daemon.assign("u-1").status == 200);
    assert_eq!(world.bought(), 4);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_freeze_is_obeyed_where_the_connection_string_names_no_host() {
    let world = World::new().quiet();
    let (_, place) = world.database.url().split_once('@').expect("a user");
    let (host, port) = place.split_once('/').and_then(|(place, _)| place.rsplit_once(':')).expect("a port");
    let (host, port) = (host.to_owned(), port.to_owned());
    let url = format!("postgresql:///{}?user=fixture_owner&target_session_attrs=read-write", world.database.name());
    let world = world.set("DATABASE_URL", url).set("PGHOST", host).set("PGPORT", port);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
    world.freeze();
    obeys(&world, &daemon);
    assert!(is_told(&daemon.assign("u-1")));
    // Whoever listens may have been cut by another session that saw it first.
    eventually("its log says so", || freezes_told(&daemon).len() == 1);
    world.thaw();
    eventually("it goes on", || daemon.assign("u-1").status == 200);
}
