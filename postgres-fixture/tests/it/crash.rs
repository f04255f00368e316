//! Crashes, stops and silence of the server.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use postgres_fixture::{Cluster, ClusterOptions, FixtureError};

use crate::world::{postmaster_id, process_runs};

fn durable() -> Cluster {
    Cluster::start(ClusterOptions {
        durable: true,
        settings: vec![("work_mem".to_owned(), "5MB".to_owned())],
        ..ClusterOptions::default()
    })
    .unwrap()
}

#[test]
fn what_was_committed_survives_every_kind_of_end() {
    let cluster = durable();
    let port = cluster.port();
    let database = cluster.create_database().unwrap();
    database.psql("CREATE TABLE number (n int)").unwrap();
    assert_eq!(database.psql("SHOW fsync").unwrap(), "on");
    assert_eq!(database.psql("SHOW work_mem").unwrap(), "5MB");

    let ends = [Cluster::kill9, Cluster::stop_immediate, Cluster::stop_fast, Cluster::restart];
    for (n, end) in ends.iter().enumerate() {
        database.psql(&format!("INSERT INTO number VALUES ({n})")).unwrap();
        let before = postmaster_id(cluster.dir());
        end(&cluster).unwrap();
        assert!(!process_runs(before));
        cluster.start_again().unwrap();
        assert!(cluster.is_running());
        assert_eq!(cluster.port(), port);
        let count = database.psql("SELECT count(*) FROM number").unwrap();
        assert_eq!(count, (n + 1).to_string());
    }
}

#[test]
fn a_stopped_cluster_says_so_and_can_be_dropped() {
    let cluster = durable();
    let database = cluster.create_database().unwrap();
    cluster.kill9().unwrap();
    assert!(!cluster.is_running());
    assert!(matches!(cluster.kill9(), Err(FixtureError::NotRunning)));
    assert!(matches!(cluster.freeze(), Err(FixtureError::NotRunning)));
    cluster.stop_fast().unwrap();
    assert!(matches!(database.psql("SELECT 1"), Err(FixtureError::Command { .. })));
    drop(database);
    drop(cluster);
}

#[test]
fn a_frozen_server_accepts_but_does_not_answer() {
    let cluster = durable();
    cluster.freeze().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, cluster.port()));
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).unwrap();
    let begin = Instant::now();
    assert!(cluster.psql("postgres", "SELECT 1").is_err());
    assert!(begin.elapsed() > Duration::from_secs(1));

    cluster.thaw().unwrap();
    assert_eq!(cluster.psql("postgres", "SELECT 1").unwrap(), "1");
    cluster.freeze().unwrap();
    drop(cluster);
}
