//! Somebody makes the database of a world read-only, as operators do before they move one.

use postgres_fixture::Cluster;

use crate::world::{World, eventually};

/// What they set.
pub const SETTING: &str = "default_transaction_read_only";

/// What an operator says of a database, a role or the server, from a session that may.
pub fn says(cluster: &Cluster, what: &str) {
    cluster.psql("postgres", &format!("SET {SETTING} = off; {what}")).expect("an operator says it");
}

impl World {
    /// New sessions are read-only from now on; those that are there are as they were.
    pub fn freeze(&self) {
        says(Cluster::shared(), &format!("ALTER DATABASE {} SET {SETTING} = on", self.database.name()));
    }

    /// New sessions may write again.
    pub fn thaw(&self) {
        says(Cluster::shared(), &format!("ALTER DATABASE {} RESET {SETTING}", self.database.name()));
    }

    /// Ends all sessions of daemons, as operators do after that, and waits until they are gone.
    pub fn end_sessions(&self) {
        let theirs = "FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'callbunker%'";
        let there = self.sql(&format!("SELECT string_agg(pid::text, ', '), count(pg_terminate_backend(pid)) {theirs}"));
        let (pids, _count) = there.split_once('|').expect("two columns");
        if !pids.is_empty() {
            eventually("they are gone", || {
                self.count(&format!("SELECT count(*) FROM pg_stat_activity WHERE pid IN ({pids})")) == 0
            });
        }
    }
}
