//! Which PostgreSQL is tested with.

#![allow(clippy::disallowed_methods, reason = "whoever runs the tests says which version it shall be")]

use std::env;

use postgres_fixture::Cluster;

#[test]
fn the_server_is_of_the_version_that_was_asked_for() {
    let Ok(asked) = env::var("POSTGRES_FIXTURE_MAJOR") else { return };
    let told = Cluster::shared().psql("postgres", "SELECT current_setting('server_version_num')::int / 10000").unwrap();
    assert_eq!(told, asked, "POSTGRES_FIXTURE_SERVER names another version's folder");
}
