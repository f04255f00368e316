//! The rounds of recycling: what was told comes to its end, what nobody uses is told of.
//!
//! Invariant: a round decides nothing itself; each number is judged anew under its locks (`db::recyclings`).
//! How to get it wrong: going on when the day is full. Every later one would be asked in vain.

use std::time::Duration;

use super::recycler::Recycler;
use crate::config::Config;
use crate::db::DbError;
use crate::db::recyclings::{
    Notices, Taken, recycling_intend, recycling_take, recyclings_suggest, recyclings_to_look_at,
};
use crate::domain::recycling::{Later, RecyclingMode};
use crate::telemetry::RecyclingOutcome;

const ROUND_EVERY: Duration = Duration::from_secs(1);
/// New ones are looked for in each of so many rounds once.
const SUGGESTED_EVERY: u32 = 10;
/// Numbers of one round.
const MOST: i64 = 100;

/// Rounds. Never ends.
pub(super) async fn keep_recycling(recycler: Recycler) {
    for round in 0.. {
        tokio::time::sleep(ROUND_EVERY).await;
        if recycler.is_stopping() {
            std::future::pending::<()>().await;
        }
        if let Err(error) = recycler.round(round % SUGGESTED_EVERY == 0).await {
            slog::debug!(recycler.log, "no round of recycling for now"; "error" => error.in_full());
        }
    }
}

/// How notices are written by this configuration.
pub(crate) fn notices_of(config: &Config, by: Option<String>) -> Notices {
    let recycling = &config.recycling;
    Notices { rules: config.recycling_rules(), by_touch: recycling.by_touch, notice_days: recycling.notice_days, by }
}

impl Recycler {
    async fn round(&self, suggests: bool) -> Result<(), DbError> {
        let config = self.config.load_full();
        let mode = config.recycling.mode;
        let notices = notices_of(&config, None);
        let look = move |conn: &mut crate::db::Connection| recyclings_to_look_at(conn, mode, MOST);
        for id in self.db.run_patiently("recyclings_to_look_at", look).await? {
            let (config, notices) = (std::sync::Arc::clone(&config), notices.clone());
            let take = move |conn: &mut crate::db::Connection| {
                recycling_take(conn, id, &notices, |pool| config.quarantine_of(pool))
            };
            match self.db.run_patiently("recycling_take", take).await? {
                Taken::Now(pool) => {
                    fail::fail_point!("recycling_taken");
                    self.telemetry.released(&pool);
                    self.telemetry.recycling(RecyclingOutcome::Taken);
                    slog::info!(self.log, "a number that nobody used was taken from its user, and rests"; "notice" => id.to_string());
                }
                Taken::Ended(why) => {
                    self.telemetry.recycling(RecyclingOutcome::Ended);
                    slog::info!(self.log, "a number that was told of stays with its user"; "notice" => id.to_string(), "why" => why.as_str());
                }
                // The same is so for all others.
                Taken::Later(Later::PerDayMax | Later::NoData) => break,
                Taken::Later(Later::Notice) | Taken::Over => {}
            }
        }
        if suggests && mode == RecyclingMode::Apply {
            self.suggest(&config, &notices).await?;
        }
        Ok(())
    }

    async fn suggest(&self, config: &Config, notices: &Notices) -> Result<(), DbError> {
        if config.notices().is_none() {
            return Ok(());
        }
        let wanted = notices.clone();
        let found =
            self.db.run_patiently("recyclings_suggest", move |conn| recyclings_suggest(conn, &wanted, MOST)).await?;
        for number in found {
            let notices = notices.clone();
            let intended =
                self.db.run_patiently("recycling_intend", move |conn| recycling_intend(conn, number, &notices)).await?;
            if intended.is_ok() {
                fail::fail_point!("recycling_intended");
            }
        }
        Ok(())
    }
}
