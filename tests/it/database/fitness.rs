//! What cannot carry callbunker is refused with 64 and a sentence: poolers, engines, schemas of another time.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use postgres_fixture::{Cluster, ClusterOptions};

use crate::world::pooler::Pooler;
use crate::world::session::Session;
use crate::world::{World, a_port_of_its_own, eventually};

fn run(arguments: &[&str], settings: &BTreeMap<String, String>) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
    let Output { status, stdout, stderr } =
        command.args(arguments).env_clear().envs(settings).output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    (status.code(), text(stdout), text(stderr))
}

/// Refused by all commands that use the database, with `words` in the sentence.
fn is_refused(world: &World, words: &[&str]) {
    for command in ["check-config", "migrate", "serve"] {
        let (code, stdout, stderr) = run(&[command], world.settings());
        assert_eq!((code, stdout.as_str()), (Some(64), ""), "{command}: {stderr}");
        let sentence = stderr.lines().last().unwrap_or_default();
        words.iter().for_each(|word| assert!(sentence.contains(word), "{command}: {word}: {sentence}"));
    }
    assert_eq!(run(&["check-config", "--offline"], world.settings()).0, Some(0), "it does not look");
}

#[test]
fn a_pooler_that_shares_sessions_by_transaction_is_refused() {
    let world = World::unmigrated().quiet();
    let pooler = Pooler::start(&world, "transaction");
    let world = world.set("DATABASE_URL", &pooler.url);
    is_refused(&world, &["DATABASE_URL", "pooler", "pool_mode = session"]);
    assert_eq!(world.sql("SELECT to_regnamespace('callbunker') IS NULL"), "t", "nothing was begun");
    // None of our settings stays behind in a session that strangers use.
    let (_code, path, _) = psql(&pooler.url, "SHOW search_path");
    assert!(path.contains("public"), "{path}");
    // Somebody who is busy there changes nothing.
    let url = pooler.url.clone();
    let busy = std::thread::spawn(move || psql(&url, "SELECT pg_sleep(2)"));
    is_refused(&world, &["pooler"]);
    busy.join().expect("it slept");
}

#[test]
fn a_pooled_address_of_a_provider_is_told_the_direct_one() {
    let world = World::unmigrated().quiet();
    let pooler = Pooler::start(&world, "transaction");
    // Names lead nowhere here, so the address stands beside it.
    let (_, place) = pooler.url.rsplit_once(':').expect("a port");
    let url = format!("postgres://u:secret-word@ep-cool-1-pooler.eu.example.com:{place}?hostaddr=127.0.0.1");
    let world = world.set("DATABASE_URL", url);
    is_refused(
        &world,
        &["pool_mode = session", "the host ep-cool-1.eu.example.com instead of ep-cool-1-pooler.eu.example.com"],
    );
    let (_, _, stderr) = run(&["serve"], world.settings());
    assert!(!stderr.contains("secret-word"), "{stderr}");
    let world = world.set("DATABASE_URL", "postgres://u:p@db.abc.supabase.co:6543/d?pgbouncer=true");
    for command in ["check-config", "migrate", "serve"] {
        let (code, _, stderr) = run(&[command], world.settings());
        assert_eq!(code, Some(64), "{command}: {stderr}");
        assert!(
            stderr.contains("pgbouncer") && stderr.contains("port 5432 of db.abc.supabase.co"),
            "{command}: {stderr}"
        );
    }
}

#[test]
fn a_pooler_that_gives_sessions_away_whole_is_welcome() {
    let world = World::unmigrated().quiet();
    let pooler = Pooler::start(&world, "session");
    let world = world.set("DATABASE_URL", &pooler.url);
    assert_eq!(run(&["check-config"], world.settings()).0, Some(0));
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-1").ok();
    drop(daemon);
}

fn psql(url: &str, sql: &str) -> (Option<i32>, String, String) {
    let program = postgres_fixture::Cluster::shared().bin_dir().join("psql");
    let output = Command::new(program).args([url, "-Atqc", sql]).output().expect("psql starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_engine_whose_advisory_locks_exclude_nobody_or_are_not_there_is_refused() {
    let world = World::unmigrated().quiet();
    world.sql(
        "SET allow_system_table_mods = on;
         CREATE OR REPLACE FUNCTION pg_catalog.pg_try_advisory_xact_lock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    );
    is_refused(&world, &["advisory locks", "exclude nobody", "PostgreSQL"]);
    world.sql(
        "SET allow_system_table_mods = on; ALTER FUNCTION pg_catalog.pg_try_advisory_xact_lock(bigint) RENAME TO of_another_name",
    );
    is_refused(&world, &["advisory locks", "are not there (function", "PostgreSQL"]);
}

#[test]
fn a_schema_that_a_newer_version_left_behind_is_refused_by_name() {
    let world = World::unmigrated().quiet();
    assert_eq!(run(&["migrate"], world.settings()).0, Some(0));
    world.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231235959')");
    is_refused(&world, &["20991231235959", "newer callbunker"]);
}

#[test]
fn a_role_without_the_rights_is_refused_with_whom_to_take_until_there_is_nothing_to_do() {
    let world = World::unmigrated().quiet();
    let owner = world.database.url().to_owned();
    let database = world.database.name().to_owned();
    let role = format!("rightless_{}", database.replace('-', "_"));
    world.sql(&format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON DATABASE \"{database}\" FROM public"));
    let place = owner.split_once('@').expect("it names its user").1.to_owned();
    let mut world = world.set("DATABASE_URL", format!("postgres://{role}@{place}"));
    is_refused(&world, &["may not create a schema", "GRANT CREATE ON DATABASE"]);
    world.change("DATABASE_URL", owner.clone());
    assert_eq!(run(&["migrate"], world.settings()).0, Some(0));
    world.change("DATABASE_URL", format!("postgres://{role}@{place}"));
    is_refused(&world, &["belongs to another role", "GRANT USAGE ON SCHEMA callbunker"]);
    world.sql(&format!("GRANT USAGE ON SCHEMA callbunker TO {role}"));
    is_refused(&world, &["may not read it"]);
    world.sql(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA callbunker TO {role}"));
    let (code, stdout, stderr) = run(&["check-config"], world.settings());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "nothing is lacking");
    assert!(!stdout.contains("# Note"), "{stdout}");
    assert_eq!(run(&["migrate"], world.settings()).0, Some(0));
    // As after an upgrade of the program alone.
    world.sql(
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)",
    );
    is_refused(&world, &["the tables lack what this version needs", "callbunker migrate"]);
    world.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn an_unreachable_database_is_a_note_to_check_config() {
    let port = a_port_of_its_own();
    let world = World::unmigrated().set("DATABASE_URL", format!("postgres://postgres:secret-word@127.0.0.1:{port}/x"));
    let (code, stdout, stderr) = run(&["check-config"], world.settings());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("# Note: the database could not be looked at") && stdout.contains("refused"), "{stdout}");
    assert!(!stdout.contains("secret-word"), "{stdout}");
    let (code, stdout, _) = run(&["check-config", "--offline"], world.settings());
    assert!(code == Some(0) && !stdout.contains("# Note"), "{stdout}");
    // What a provider's address shows is told before anybody answers there, and it is not shown.
    for (place, instead) in [
        ("ep-cool-1-pooler.eu.neon.invalid/x", "the host ep-cool-1.eu.neon.invalid instead of"),
        ("db.abc.supabase.com:6543/x", "port 5432 of db.abc.supabase.com instead of 6543"),
    ] {
        let world = World::unmigrated().set("DATABASE_URL", format!("postgres://app:secret-word@{place}"));
        let (code, stdout, stderr) = run(&["check-config", "--offline"], world.settings());
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.contains("# Note: DATABASE_URL looks like the address of a pooler."), "{stdout}");
        assert!(stdout.contains(instead) && !stdout.contains("secret-word"), "{stdout}");
    }
}

#[test]
fn a_password_that_is_refused_is_told_as_that_and_not_shown() {
    let world = World::unmigrated();
    let role = format!("guarded_{}", world.database.name());
    world.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'right' CONNECTION LIMIT 0"));
    let place = world.database.url().split_once('@').expect("it names its user").1.to_owned();
    let world = world.set("DATABASE_URL", format!("postgres://{role}:secret-word@{place}"));
    let (code, stdout, stderr) = run(&["check-config"], world.settings());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let note = stdout.lines().find(|line| line.starts_with("# Note")).expect("a note");
    // The server's own words: this one trusts everybody, so that it refuses the connection and not the password.
    assert!(note.contains("could not be looked at") && note.contains(&format!("role \"{role}\"")), "{note}");
    assert!(!stdout.contains("secret-word"), "{stdout}");
    world.sql(&format!("DROP ROLE {role}"));
}

#[test]
fn what_leads_to_no_server_that_takes_writes_is_refused_with_what_to_take() {
    for (parameter, words) in [
        ("target_session_attrs=standby", ["target_session_attrs", "read-write"]),
        ("target_session_attrs=read-only", ["target_session_attrs", "read-write"]),
        ("require_auth=scram", ["require_auth", "scram-sha-256"]),
    ] {
        let world = World::unmigrated();
        let url = format!("{}?{parameter}", world.database.owner_url());
        let world = world.set("DATABASE_URL", url);
        for command in ["check-config", "migrate", "serve"] {
            let (code, _, stderr) = run(&[command], world.settings());
            assert_eq!(code, Some(64), "{parameter}: {stderr}");
            words.iter().for_each(|word| assert!(stderr.contains(word), "{command}: {word}: {stderr}"));
        }
    }
}

/// Runs the program until it ends, two minutes at most.
fn run_to_its_end(arguments: &[&str], settings: &BTreeMap<String, String>) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_callbunker"))
        .args(arguments)
        .env_clear()
        .envs(settings)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let until = Instant::now() + Duration::from_secs(120);
    while child.try_wait().expect("its state").is_none() {
        if Instant::now() > until {
            child.kill().expect("it ends");
            child.wait().expect("it is dead");
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("its words");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Makes whoever changes the schema do `statements` first.
fn before_each_change(world: &World, statements: &str) {
    world.sql(&format!(
        "CREATE FUNCTION public.first() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {statements} END $$;
         CREATE EVENT TRIGGER first ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'CREATE TYPE', 'CREATE FUNCTION', 'CREATE INDEX')
             EXECUTE FUNCTION public.first()"
    ));
}

#[test]
fn a_server_that_stands_still_in_the_middle_of_a_migration_ends_it() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    before_each_change(&world, "PERFORM pg_sleep(600);");
    std::thread::scope(|scope| {
        let migration = scope.spawn(|| run_to_its_end(&["migrate"], world.settings()));
        eventually("it migrates", || {
            world.count("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1
        });
        cluster.freeze().expect("it freezes");
        let (code, stderr) = migration.join().expect("it ends");
        assert_eq!(code, Some(69), "{stderr}");
        assert!(stderr.contains("PostgreSQL is unavailable"), "{stderr}");
    });
    cluster.thaw().expect("it thaws");
}

#[test]
fn a_migration_that_fails_late_is_told_as_its_failure_and_not_as_a_lock() {
    let world = World::unmigrated().quiet();
    before_each_change(&world, "PERFORM pg_sleep(2.5); RAISE EXCEPTION 'such a table is not wanted here';");
    let (code, stderr) = run_to_its_end(&["migrate"], world.settings());
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("such a table is not wanted here") && !stderr.contains("holds a lock"), "{stderr}");
}

#[test]
fn a_connection_that_is_lost_while_the_migrations_are_listed_is_no_fault_of_the_schema() {
    let world = World::unmigrated().quiet();
    assert_eq!(run(&["migrate"], world.settings()).0, Some(0));
    let holder = Session::open(&world, "LOCK TABLE __diesel_schema_migrations IN ACCESS EXCLUSIVE MODE");
    let waits = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    std::thread::scope(|scope| {
        let lost = scope.spawn(|| run_to_its_end(&["migrate"], world.settings()));
        eventually("it waits", || world.count(&format!("SELECT count(*) {waits}")) == 1);
        world.sql(&format!("SELECT pg_terminate_backend(pid) {waits}"));
        let (code, stderr) = lost.join().expect("it ends");
        assert_eq!(code, Some(69), "{stderr}");
        assert!(stderr.contains("PostgreSQL is unavailable"), "{stderr}");
        // Whoever only has to wait waits.
        let patient = scope.spawn(|| run_to_its_end(&["migrate"], world.settings()));
        eventually("it waits", || world.count(&format!("SELECT count(*) {waits}")) == 1);
        std::thread::sleep(Duration::from_secs(3));
        drop(holder);
        assert_eq!(patient.join().expect("it ends").0, Some(0));
    });
}

#[test]
fn a_migration_that_takes_long_uses_up_no_patience_of_the_next_one() {
    let world = World::unmigrated().quiet();
    assert_eq!(run(&["migrate"], world.settings()).0, Some(0));
    // As if two had not been run: one that takes longer than anybody waits for a lock, and one whose table somebody holds.
    let (slow, next) = (
        include_str!("../../../migrations/2026-11-22-150000_audit_acts/down.sql"),
        include_str!("../../../migrations/2026-12-02-400000_ways_down_take_confirmations_back/down.sql"),
    );
    world.sql(&format!(
        "BEGIN; {next}; {slow}; COMMIT; DELETE FROM __diesel_schema_migrations WHERE version IN ('20261122150000', '20261202400000')"
    ));
    before_each_change(&world, "IF tg_tag = 'CREATE INDEX' THEN PERFORM pg_sleep(21); END IF;");
    let holder = Session::open(&world, "LOCK TABLE pools IN SHARE MODE");
    let waits = || world.count("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pools'::regclass") > 0;
    std::thread::scope(|scope| {
        let migration = scope.spawn(|| run_to_its_end(&["migrate"], world.settings()));
        eventually("it waits for the table", waits);
        eventually("it leaves the others alone", || !waits());
        eventually("it comes back", waits);
        drop(holder);
        let (code, stderr) = migration.join().expect("it ends");
        assert_eq!(code, Some(0), "{stderr}");
    });
}

#[test]
fn a_migration_lets_others_pass_while_it_waits_for_a_table() {
    let world = World::unmigrated().quiet();
    assert_eq!(run(&["migrate"], world.settings()).0, Some(0));
    // As if this one had not been run: it wants an index on a table that somebody else writes to meanwhile.
    let last = include_str!("../../../migrations/2026-11-22-150000_audit_acts/down.sql");
    world.sql(&format!("{last}; DELETE FROM __diesel_schema_migrations WHERE version = '20261122150000'"));
    let writer = Session::open(&world, "LOCK TABLE audit IN ROW EXCLUSIVE MODE");
    std::thread::scope(|scope| {
        let migration = scope.spawn(|| run(&["migrate"], world.settings()));
        eventually("it waits for the table", || {
            world.count("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'audit'::regclass") > 0
        });
        // Whoever comes later stands behind it, but not until the first writer is done.
        world.sql("SET statement_timeout = '20s'; BEGIN; LOCK TABLE audit IN ROW EXCLUSIVE MODE; COMMIT");
        drop(writer);
        let (code, stdout, stderr) = migration.join().expect("it ends");
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.contains("20261122150000"), "{stdout}");
    });
}
