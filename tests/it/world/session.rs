//! A session of somebody else's in the database, which holds on to something until it is let go.

use std::thread::JoinHandle;

use crate::world::{World, eventually};

/// Somebody who holds locks, in the role that daemons have; they are given back, and the transaction rolled back, when this is dropped.
pub struct Session<'a> {
    world: &'a World,
    pid: i64,
    thread: Option<JoinHandle<()>>,
}

impl<'a> Session<'a> {
    /// Runs `statement` in a transaction that stays open. Waits until it has run.
    pub fn open(world: &'a World, statement: &str) -> Self {
        let sleepers =
            "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(600)%'";
        let before = world.count(&format!("SELECT count(*) {sleepers}"));
        let script = format!("SET search_path = callbunker; BEGIN; {statement}; SELECT pg_sleep(600);");
        let name = world.database.name().to_owned();
        let thread = std::thread::spawn(move || {
            // It ends by being terminated, which psql reports as a failure.
            let _ = postgres_fixture::Cluster::shared().psql_as_owner(&name, &script);
        });
        eventually("somebody else holds their lock", || {
            world.count(&format!("SELECT count(*) {sleepers} AND wait_event = 'PgSleep'")) == before + 1
        });
        let pid = world.count(&format!("SELECT pid {sleepers} ORDER BY backend_start DESC LIMIT 1"));
        Self { world, pid, thread: Some(thread) }
    }

    /// The purchase lock, taken as the earlier service takes it.
    pub fn holding_the_purchase_lock(world: &'a World) -> Self {
        Self::open(world, "SELECT pg_advisory_lock(12345)")
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.world.sql(&format!("SELECT pg_terminate_backend({})", self.pid));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
