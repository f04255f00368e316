//! Two clusters: one follows the other, takes its place, and what it left follows in turn.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    thread,
    time::Duration,
};

use postgres_fixture::{Cluster, ClusterOptions, Database};

use crate::world::eventually;

fn numbers(cluster: &Cluster, database: &Database) -> String {
    cluster.psql(database.name(), "SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM number").unwrap()
}

#[test]
fn what_a_synchronous_primary_acknowledged_survives_it_and_it_follows_whoever_took_its_place() {
    let first = Cluster::start(ClusterOptions { password: Some("secret".to_owned()), ..ClusterOptions::default() });
    let first = first.unwrap();
    let database = first.create_database().unwrap();
    database.psql("CREATE TABLE number (n int)").unwrap();
    let second = first.standby().unwrap();
    first.synchronous().unwrap();
    let insert = |cluster: &Cluster, n: u32| {
        cluster.psql(database.name(), &format!("INSERT INTO number VALUES ({n})")).unwrap();
    };
    (0..20).for_each(|n| insert(&first, n));
    first.kill9().unwrap();
    second.promote().unwrap();
    let all: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(numbers(&second, &database), all.join(" "), "nothing that was acknowledged is lost");
    insert(&second, 20);

    // What was the primary comes back, and acknowledges nothing: nobody follows it.
    first.start_again().unwrap();
    let waits = thread::scope(|scope| {
        let writes = scope.spawn(|| first.psql(database.name(), "INSERT INTO number VALUES (99)"));
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        eventually("it waits for a standby", || first.psql("postgres", waits).unwrap() == "1");
        first.stop_immediate().unwrap();
        writes.join().unwrap()
    });
    assert!(waits.is_err(), "{waits:?}");

    first.follow(&second).unwrap();
    second.synchronous().unwrap();
    insert(&second, 21);
    second.stop_fast().unwrap();
    first.promote().unwrap();
    let all: Vec<String> = (0..22).map(|n| n.to_string()).collect();
    assert_eq!(numbers(&first, &database), all.join(" "), "and back again");
    insert(&first, 22);
}

#[test]
fn a_way_goes_dark_and_what_was_sent_meanwhile_arrives_when_it_is_open_again() {
    let cluster = Cluster::shared();
    let way = cluster.way().unwrap();
    // How a client asks for TLS: one letter comes back.
    let question = [0, 0, 0, 8, 4, 210, 22, 47];
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, way.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream.write_all(&question).unwrap();
        stream
    };
    let answers = |stream: &mut TcpStream| stream.read(&mut [0]).is_ok_and(|count| count == 1);
    assert!(answers(&mut ask()));
    let mut before = TcpStream::connect((Ipv4Addr::LOCALHOST, way.port())).unwrap();
    before.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    way.goes_dark(true);
    before.write_all(&question).unwrap();
    let mut since = ask();
    assert!(!answers(&mut before) && !answers(&mut since), "nothing comes through");
    way.goes_dark(false);
    eventually("what was held back arrives", || answers(&mut since));
    eventually("also of those who were there", || answers(&mut before));
    // Nobody says anything any more, in the dark, when it ends.
    eventually("somebody is there", || answers(&mut ask()));
    let mut idle = ask();
    eventually("and has an answer", || answers(&mut idle));
    way.goes_dark(true);
    let port = way.port();
    drop(way);
    idle.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert!(!idle.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "it ends with the way");
    eventually("it is gone", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}
