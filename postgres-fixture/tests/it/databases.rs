//! Databases of one's own in the shared cluster.

use std::thread;

use postgres_fixture::{Cluster, FixtureError};

use crate::world::eventually;

#[test]
fn each_database_is_one_s_own() {
    let one = Cluster::shared().create_database().unwrap();
    let other = Cluster::shared().create_database().unwrap();
    one.psql("CREATE TABLE number (e164 text)").unwrap();

    assert_ne!(one.url(), other.url());
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'number'";
    assert_eq!(one.psql(tables).unwrap(), "1");
    assert_eq!(other.psql(tables).unwrap(), "0");
}

#[test]
fn a_dropped_database_is_gone_even_while_somebody_is_connected() {
    let cluster = Cluster::shared();
    let database = cluster.create_database().unwrap();
    let name = database.name().to_owned();
    let url = database.url().to_owned();
    let psql = cluster.bin_dir().join("psql");
    let mut visitor = std::process::Command::new(psql)
        .args(["-X", "-q", "-d", &url, "-c", "SELECT pg_sleep(60)"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let visitors = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
    while cluster.psql("postgres", &visitors).unwrap() == "0" {
        thread::yield_now();
    }

    drop(database);

    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(cluster.psql("postgres", &left).unwrap(), "0");
    assert!(!visitor.wait().unwrap().success());
}

#[test]
fn a_template_is_copied_with_its_content() {
    let template = Cluster::shared().create_database().unwrap();
    template.psql("CREATE TABLE number (e164 text); INSERT INTO number VALUES ('+14155550100')").unwrap();
    let copies: Vec<_> = (0..4).map(|_| Cluster::shared().create_database_from(&template).unwrap()).collect();
    for copy in &copies {
        assert_eq!(copy.psql("SELECT e164 FROM number").unwrap(), "+14155550100");
    }
}

#[test]
fn many_at_once_get_along() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let database = Cluster::shared().create_database().unwrap();
                assert_eq!(database.psql("SELECT 1, NULL, 'x'").unwrap(), "1||x");
            });
        }
    });
}

#[test]
fn the_first_sql_error_ends_it_and_is_shown() {
    let database = Cluster::shared().create_database().unwrap();
    let error = database.psql("SELECT 1; SELECT wrong; CREATE TABLE never ()").unwrap_err();
    assert!(matches!(error, FixtureError::Command { .. }));
    assert!(error.to_string().contains("column \"wrong\" does not exist"), "{error}");
    let never = "SELECT count(*) FROM pg_tables WHERE tablename = 'never'";
    assert_eq!(database.psql(never).unwrap(), "0");
}

#[test]
fn no_question_finds_what_an_earlier_one_set_began_or_locked() {
    let database = Cluster::shared().create_database().unwrap();
    database.psql("CREATE TABLE number (e164 text)").unwrap();
    let told = "SELECT current_setting('search_path'), current_user, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')";
    let before = database.psql(told).unwrap();
    database.psql("SET search_path = nowhere; SET ROLE fixture_owner; SELECT pg_advisory_lock(7)").unwrap();
    assert_eq!(database.psql(told).unwrap(), before);
    // Not even a transaction: nobody ended it, so it came to nothing, and another one may have the table at once.
    database.psql("BEGIN; LOCK TABLE number; INSERT INTO number VALUES ('+14155550100')").unwrap();
    assert_eq!(database.psql("BEGIN; LOCK TABLE number NOWAIT; SELECT count(*) FROM number; COMMIT").unwrap(), "0");
}

#[test]
fn a_session_that_somebody_ends_is_another_one_at_the_next_question() {
    let database = Cluster::shared().create_database().unwrap();
    let session = database.psql("SELECT pg_backend_pid()").unwrap();
    assert_eq!(database.psql("SELECT pg_backend_pid()").unwrap(), session, "it stays");
    let ask = |what: &str| Cluster::shared().psql("postgres", what).unwrap();
    ask(&format!("SELECT pg_terminate_backend({session})"));
    let is_there = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {session}");
    eventually("it is gone", || ask(&is_there) == "0");
    assert_ne!(database.psql("SELECT pg_backend_pid()").unwrap(), session);
}

#[test]
fn whoever_asks_while_another_one_is_answered_is_answered_too() {
    let database = Cluster::shared().create_database().unwrap();
    database.psql("CREATE TABLE number (e164 text)").unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            // Until somebody else writes a row.
            database.psql("DO $$ BEGIN WHILE (SELECT count(*) FROM number) = 0 LOOP COMMIT; END LOOP; END $$").unwrap()
        });
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DO %'";
        while database.psql(asked).unwrap() == "0" {
            thread::yield_now();
        }
        database.psql("INSERT INTO number VALUES ('+14155550100')").unwrap();
        assert_eq!(waiting.join().unwrap(), "");
    });
}

#[test]
fn the_cluster_is_what_the_tests_presume() {
    let setting = |name: &str| Cluster::shared().psql("postgres", &format!("SHOW {name}")).unwrap();
    assert_eq!(setting("listen_addresses"), "127.0.0.1");
    assert_eq!(setting("max_connections"), "300");
    assert_eq!(setting("server_encoding"), "UTF8");
    assert_eq!(setting("timezone"), "UTC");
    assert_eq!(setting("fsync"), "off");
    // A commit reaches the operating system before it is answered, so it survives a crash of PostgreSQL.
    assert_eq!(setting("synchronous_commit"), "on");
    assert!(Cluster::shared().bin_dir().join("pgbench").is_file());
}
