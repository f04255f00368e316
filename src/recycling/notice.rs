//! Notices on their way to the application: signed as alerts are, four at a time, no lock or connection held meanwhile.
//!
//! How to get it wrong: taking silence for a yes. A number is taken only after the far side said 2xx.

use std::time::Duration;

use super::recycler::Recycler;
use crate::alerts::{SignedReply, post_signed};
use crate::db::DbError;
use crate::db::recyclings::{ClaimedNotice, recycling_claim, recycling_failed, recycling_gone, recycling_noticed};
use crate::telemetry::RecyclingOutcome;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Tries at a time.
const LANES: usize = 4;

/// Tells what is to be told. Never ends.
pub(super) async fn keep_noticing(recycler: Recycler) {
    let lanes = (0..LANES).map(|_lane| keep_a_lane(recycler.clone()));
    futures_util::future::join_all(lanes).await;
}

async fn keep_a_lane(recycler: Recycler) {
    loop {
        match recycler.notice().await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                slog::debug!(recycler.log, "no notice is told for now"; "error" => error.in_full());
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        if recycler.is_stopping() {
            std::future::pending::<()>().await;
        }
    }
}

impl Recycler {
    /// Tells one notice, if one is due.
    async fn notice(&self) -> Result<bool, DbError> {
        let config = self.config.load_full();
        let Some((to, fingerprint)) = config.notices() else { return Ok(false) };
        let (mode, days) = (config.recycling.mode, config.recycling.notice_days);
        let address = fingerprint.clone();
        let claim = self.db.run_patiently("recycling_claim", move |conn| recycling_claim(conn, mode, &address));
        let Some(notice) = claim.await? else { return Ok(false) };
        fail::fail_point!("notice_claimed");
        let trusted = config.outbound().trust().certificates();
        let reply = post_signed(&to, trusted, notice.id, notice.body.clone()).await;
        match reply {
            SignedReply::Taken => {
                fail::fail_point!("notice_taken");
                let id = notice.id;
                self.db.run_patiently("recycling_noticed", move |conn| recycling_noticed(conn, id, days)).await?;
                fail::fail_point!("recycling_noticed");
                self.telemetry.recycling(RecyclingOutcome::Noticed);
                slog::info!(self.log, "it was told that a number is not used"; "notice" => id.to_string());
            }
            SignedReply::Gone { error } => {
                slog::error!(self.log, "recycling.notice_url wants no notices any more, and is told none until it is another one";
                    "error" => &error);
                let gone = move |conn: &mut crate::db::Connection| recycling_gone(conn, &notice, &error, &fingerprint);
                self.db.run_patiently("recycling_gone", gone).await?;
            }
            SignedReply::Failed { error, retry_after } => self.not_told(notice, error, retry_after).await?,
        }
        Ok(true)
    }

    async fn not_told(
        &self,
        notice: ClaimedNotice,
        error: String,
        retry_after: Option<Duration>,
    ) -> Result<(), DbError> {
        let (id, tries, chance) = (notice.id.to_string(), notice.tries, rand::random());
        let said = error.clone();
        let failed =
            move |conn: &mut crate::db::Connection| recycling_failed(conn, &notice, &error, retry_after, chance);
        let next = self.db.run_patiently("recycling_failed", failed).await?;
        let next = next.map_or("never".to_owned(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        slog::warn!(self.log, "a notice was not taken"; "notice" => id, "tries" => tries, "next_try" => next, "error" => said);
        Ok(())
    }
}
