//! Several instances that start at once on an old schema: each migration is applied once, and all serve, however long one of them takes.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use postgres_fixture::Cluster;
use serde_json::json;

use super::{assert_owned_is_known, known_at_twilio};
use crate::database::{LEASES, MIGRATIONS, earlier};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World, eventually};

/// The schema before leases, with its rows; no instance is told of other webhooks than it has.
fn old() -> World {
    let world = earlier().quiet();
    world.sql(&format!(
        "UPDATE installation SET voice_url = '{ORIGIN}/twilio/voice', sms_url = '{ORIGIN}/twilio/sms', status_callback = '{ORIGIN}/twilio/status'"
    ));
    known_at_twilio(&world);
    world
}

/// The migrations that an instance says it has applied.
fn applied(daemon: &Daemon) -> Vec<String> {
    let lines = daemon.log_lines();
    let told = lines.iter().filter(|line| line["msg"] == "the database was migrated");
    let versions = told.flat_map(|line| line["applied"].as_str().expect("their versions").split(", "));
    versions.map(str::to_owned).collect()
}

#[test]
fn of_four_that_start_at_once_on_an_old_schema_each_migration_is_applied_by_one_and_all_serve() {
    let world = old();
    // Somebody who has a number from before.
    let before = world.sql(
        "SELECT a.user_id, n.phone_number FROM assignments a JOIN numbers n ON n.id = a.number_id
          WHERE a.released_at IS NULL AND n.missing_since IS NULL ORDER BY a.id LIMIT 1",
    );
    let (user, number) = before.split_once('|').expect("somebody has a number");
    let mut daemons: Vec<Daemon> = (0..4).map(|_| Daemon::spawn(world.settings())).collect();
    daemons.iter_mut().for_each(Daemon::wait_until_it_serves);
    let mut versions: Vec<String> = daemons.iter().flat_map(applied).collect();
    versions.sort();
    let expected: Vec<&str> =
        MIGRATIONS.iter().map(|(version, ..)| *version).filter(|version| *version >= LEASES).collect();
    assert_eq!(versions, expected, "each once, by whoever came first");
    let mut numbers = BTreeSet::new();
    for (n, daemon) in daemons.iter().enumerate() {
        assert_eq!(daemon.assign(user).ok()["phone_number"], json!(number));
        let given = daemon.assign(&format!("new-{n}")).ok();
        assert!(numbers.insert(given["phone_number"].as_str().expect("a number").to_owned()), "{given}");
    }
    assert_owned_is_known(&world);
}

/// Somebody who began to migrate this database, and goes on as `then` says; longer than anybody waits for what stands still.
fn migrates(world: &World, then: &str) -> JoinHandle<()> {
    let script = format!("SELECT pg_advisory_lock(x'63616c6c'::int, 1);\n{then}\n");
    let name = world.database.name().to_owned();
    let other =
        thread::spawn(move || drop(Cluster::shared().psql_as_owner(&name, &script).expect("it ends by itself")));
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("somebody has begun", || world.count(held) == 1);
    other
}

#[test]
fn an_instance_waits_for_another_ones_migration_however_long_it_takes_and_says_so_to_systemd() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    systemd.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let world = World::unmigrated().quiet().set("NOTIFY_SOCKET", path.display());
    let other = migrates(&world, "SELECT pg_sleep(24);");
    let mut daemon = Daemon::spawn(world.settings());
    let mut message = [0; 512];
    let length = systemd.recv(&mut message).expect("it is told");
    assert_eq!(String::from_utf8_lossy(&message[..length]).trim(), "EXTEND_TIMEOUT_USEC=60000000");
    daemon.wait_until_it_serves();
    assert!(!daemon.has_logged("waiting for PostgreSQL"), "{}", daemon.log_text());
    other.join().expect("it ended");
}

#[test]
fn who_began_a_migration_and_does_nothing_any_more_is_told_and_not_waited_for() {
    let world = World::unmigrated().quiet();
    let other = migrates(&world, "\\! sleep 30");
    let output = Command::new(env!("CARGO_BIN_EXE_callbunker"))
        .arg("migrate")
        .env_clear()
        .envs(world.settings())
        .output()
        .expect("the program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{stderr}");
    assert!(stderr.contains("began to migrate the database and does nothing any more"), "{stderr}");
    assert!(!other.is_finished(), "it was there all the while");
    other.join().expect("it ended");
}
