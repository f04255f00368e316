//! Two clusters of which one follows the other.
//!
//! Invariants: a standby has its primary's data and settings, but waits for no standby of its own; a former primary goes on waiting
//! for one until it [follows](Cluster::follow) another cluster.
//!
//! How one could get it wrong: looking at the standby right after a commit on a primary that is not
//! [`synchronous`](Cluster::synchronous). It may not have it yet.

use std::{
    fs,
    sync::{Mutex, atomic::AtomicU64},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    Cluster, FixtureError,
    base_backup::{self, Source},
    cluster_folder::ClusterFolder,
    server::Server,
    watchdog::Watchdog,
};

const FOLLOWS_WITHIN: Duration = Duration::from_secs(60);

impl Cluster {
    /// A standby of this cluster, which follows it by streaming and answers reads until it is promoted.
    pub fn standby(&self) -> Result<Self, FixtureError> {
        let home = ClusterFolder::temporary(&self.installation, self.durable)?;
        let watchdog = Watchdog::start(&home)?;
        base_backup::make(&self.source(), &home, &self.installation)?;
        let server = Server::start(&self.installation, &home, &self.settings, None, &watchdog)?;
        Ok(Self {
            installation: self.installation.clone(),
            home,
            settings: self.settings.clone(),
            copy: self.copy,
            durable: self.durable,
            password: self.password.clone(),
            port: server.port(),
            server: Mutex::new(Some(server)),
            watchdog: Some(watchdog),
            databases_created: AtomicU64::new(0),
            has_owner: Mutex::default(),
        })
    }

    /// Becomes a standby of `other`, whatever it was: it stops, its data go, and it begins anew from a copy, on its own port.
    pub fn follow(&self, other: &Self) -> Result<(), FixtureError> {
        self.stop(Signal::SIGQUIT)?;
        let data = self.home.data();
        fs::remove_dir_all(&data).map_err(FixtureError::io(format!("removing {}", data.display())))?;
        base_backup::make(&other.source(), &self.home, &self.installation)?;
        self.start_again()
    }

    /// From now on it acknowledges no commit that no standby has, also as a former primary that nobody follows any more. Returns when
    /// a standby follows it so.
    pub fn synchronous(&self) -> Result<(), FixtureError> {
        self.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf()")?;
        let deadline = Instant::now() + FOLLOWS_WITHIN;
        let followed = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'";
        while self.psql("postgres", followed)?.trim() == "0" {
            if Instant::now() >= deadline {
                return Err(FixtureError::Timeout {
                    waiting_for: "a standby that follows".to_owned(),
                    limit: FOLLOWS_WITHIN,
                });
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Makes a primary of a standby; returns when it takes writes.
    pub fn promote(&self) -> Result<(), FixtureError> {
        self.psql("postgres", "SELECT pg_promote(true, 30)").map(drop)
    }

    fn source(&self) -> Source {
        Source { psql: self.psql_client(), data: self.home.data() }
    }
}
