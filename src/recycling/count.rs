//! How many numbers nobody uses, counted for machines now and then.
//!
//! How to get it wrong: counting silence where nothing is known. It is not a number then.

use std::time::Duration;

use super::recycler::Recycler;
use crate::db::uses::{inactive_counts, uses_evidence};
use crate::db::{Connection, DbError};
use crate::domain::recycling::Window;

/// Everything else comes first when a process starts,
const FIRST_AFTER: Duration = Duration::from_secs(5);
/// and it reads all leases.
const COUNTED_EVERY: Duration = Duration::from_secs(900);
/// Where the database gave no answer.
const COUNTED_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Counts. Never ends.
pub(super) async fn keep_counting(recycler: Recycler) {
    tokio::time::sleep(FIRST_AFTER).await;
    loop {
        if recycler.is_stopping() {
            std::future::pending::<()>().await;
        }
        let next = match recycler.count().await {
            Ok(()) => COUNTED_EVERY,
            Err(error) => {
                slog::debug!(recycler.log, "what is not used could not be counted"; "error" => error.in_full());
                COUNTED_AGAIN_AFTER
            }
        };
        tokio::time::sleep(next).await;
    }
}

impl Recycler {
    async fn count(&self) -> Result<(), DbError> {
        let config = self.config.load_full();
        let (days, by_touch) = (config.recycling.inactive_days, config.recycling.by_touch);
        let look = move |conn: &mut Connection| {
            let (evidence, now) = uses_evidence(conn, days, by_touch)?;
            let window = Window::before(now, days);
            if !evidence.covers(window) {
                return Ok(None);
            }
            inactive_counts(conn, window.from).map(Some)
        };
        let counts = self.db.run_patiently("inactive_counts", look).await?;
        for (pool, _) in config.pools() {
            let of_pool =
                counts.as_ref().map(|counts| counts.iter().find(|one| one.pool == *pool).map_or(0, |one| one.count));
            self.telemetry.inactive(pool, of_pool);
        }
        Ok(())
    }
}
