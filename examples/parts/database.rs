//! PostgreSQL in a folder, with the daemon's database in it.
//!
//! How to get it wrong: dropping it before the daemon has stopped, which makes its last lines look like an outage.

use postgres_fixture::{Cluster, ClusterOptions};

use super::Ended;

/// The daemon's database.
pub const DATABASE: &str = "callbunker";

pub fn start(options: ClusterOptions) -> Result<Cluster, Ended> {
    let cluster = Cluster::start(options).map_err(|error| error.to_string())?;
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'");
    if psql(&cluster, "postgres", &exists)?.is_empty() {
        psql(&cluster, "postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    }
    Ok(cluster)
}

/// Starts it again if somebody killed it; whether that was so.
pub fn revive(cluster: &Cluster) -> Result<bool, Ended> {
    if cluster.is_running() {
        return Ok(false);
    }
    cluster.start_again().map_err(|error| error.to_string())?;
    Ok(true)
}

pub fn psql(cluster: &Cluster, database: &str, sql: &str) -> Result<String, Ended> {
    let answer = cluster.psql(database, sql).map_err(|error| error.to_string())?;
    Ok(answer.trim().to_owned())
}
