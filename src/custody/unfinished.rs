//! Releases that nobody works on any more: whoever did died, or Twilio did not answer for long.
//!
//! Invariants: what was sent is sent again until Twilio's clear word, on whichever instance sees it first; what was never
//! sent is taken back. While Twilio refuses the account it is not asked; a pause concerns buying and holds nothing up here.
//! How to get it wrong: taking back a release that was sent. The number may be gone.

use std::time::Duration;

use super::keeper::Custody;
use super::release_to_twilio::ReleaseOutcome;
use crate::db::DbError;
use crate::db::buying_state::buying_state_read;
use crate::db::releases::{release_send, release_withdraw, releases_unfinished};

/// Releases looked at in one go.
const UNFINISHED_MAX: i64 = 20;

/// How long a release must have been silent before somebody else takes it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// After Twilio was asked.
    pub sent: Duration,
    /// Before Twilio was asked.
    pub intended: Duration,
}

impl Default for Silence {
    fn default() -> Self {
        Self { sent: Duration::from_secs(30), intended: Duration::from_secs(60) }
    }
}

impl Custody {
    /// Ends what was left half done, and says how many releases ended.
    ///
    /// # Errors
    /// When PostgreSQL fails; the next look goes on.
    pub async fn finish_releases(&self, silence: Silence) -> Result<u32, DbError> {
        let Silence { sent, intended } = silence;
        let unfinished = self
            .db
            .run("releases_unfinished", move |conn| releases_unfinished(conn, sent, intended, UNFINISHED_MAX))
            .await?;
        if unfinished.is_empty() {
            return Ok(0);
        }
        let mut twilio_answers = !self.db.run("buying_state_read", buying_state_read).await?.silences_twilio();
        let mut ended = 0;
        for release in unfinished {
            let id = release.id;
            if self.is_stopping() {
                break;
            }
            if !release.sent {
                if self.db.run("release_withdraw", move |conn| release_withdraw(conn, id)).await? {
                    slog::warn!(self.log, "a release was taken back: whoever wanted it ended before Twilio was asked";
                        "release" => id.to_string());
                    ended += 1;
                }
                continue;
            }
            if !twilio_answers {
                continue;
            }
            let sending = self.db.run("release_send", move |conn| release_send(conn, id, Some(sent))).await?;
            let Some(sending) = sending else { continue };
            match self.look_and_send(&sending).await? {
                ReleaseOutcome::Released | ReleaseOutcome::Refused(_) | ReleaseOutcome::Conflict(_) => ended += 1,
                // The others would fare no better now.
                ReleaseOutcome::Doubtful(_) => twilio_answers = false,
            }
        }
        Ok(ended)
    }
}
