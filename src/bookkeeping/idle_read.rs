//! For how long numbers lay idle, read from the database.
//!
//! How to get it wrong: reading it for each who looks. It takes every number and the assignments of a month.

use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::bookkeeper::Bookkeeper;
use super::idle::Idle;
use crate::db::DbError;
use crate::db::charges::idle_read;
use crate::domain::money::Month;

/// What took longer than this to read is kept for a while.
const DEAR: Duration = Duration::from_millis(300);
const KEPT: Duration = Duration::from_secs(60);

impl Bookkeeper {
    /// That of a month, as far as it has passed.
    pub(super) async fn idle(&self, month: Month) -> Result<Idle, DbError> {
        // Whoever comes second waits here, and finds what the first one read.
        let mut remembered = self.idle.lock().await;
        if let Some((at, of, idle)) = &*remembered
            && *of == month
            && at.elapsed() < KEPT
        {
            return Ok(idle.clone());
        }
        let (from, until) = (month.begins_at(), month.ends_at().min(Utc::now()));
        if from >= until {
            return Ok(Idle::default());
        }
        let began = Instant::now();
        let rows = self.db.run_patiently("idle_read", move |conn| idle_read(conn, from, until)).await?;
        let passed_seconds = (until - from).num_seconds().unsigned_abs();
        let idle = Idle { rows, passed_seconds };
        *remembered = (began.elapsed() > DEAR).then(|| (Instant::now(), month, idle.clone()));
        Ok(idle)
    }
}
