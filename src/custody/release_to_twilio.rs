//! One number given back to Twilio: as final as buying, and written down as carefully.
//!
//! Invariants: a DELETE follows a committed attempt of an open release of a number that is `leaving`, and names its SID;
//! so repeating one is harmless, and none ever hits a number that somebody has. Only 204 or 404 ends it as released, only
//! a refusal that Twilio makes of its own will brings the number back, after a doubt only if a look shows that it is there;
//! everything else is asked again. Whose the number is was looked up no more than a minute before a DELETE.
//! How to get it wrong: bringing a number back after a doubt. It may be gone, and a signup would get a dead number.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::error::CustodyError;
use super::keeper::{Custody, TagOn};
use crate::db::DbError;
use crate::db::numbers::{OwnedNumber, number_owned};
use crate::db::purchases::items::Reason;
use crate::db::releases::{
    Leaving, Sending, release_doubt, release_hold_tag_conflict, release_intend, release_is_done, release_refuse,
    release_send, release_settle,
};
use crate::domain::{NumberStatus, PhoneNumber, QuarantineReason};
use crate::purchaser::reason;
use crate::twilio::{Gone, TwilioError, Verdict};

/// DELETEs while the caller waits.
const TRIES_MAX: u32 = 3;
/// No further one begins later than this.
const TRIES_WITHIN: Duration = Duration::from_secs(12);
const BACK_OFF_FIRST: Duration = Duration::from_millis(300);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);

/// A DELETE that comes so long after the one before is preceded by another look at the tag: another environment may have
/// taken the number over while nobody asked.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What one DELETE came to.
#[derive(Debug)]
pub(super) enum ReleaseOutcome {
    /// Gone for ever.
    Released,
    /// Twilio wants to keep it with us.
    Refused(TwilioError),
    /// Another environment's tag stands on it, so Twilio was not asked; the number is on hold.
    Conflict(String),
    /// Nobody knows yet.
    Doubtful(TwilioError),
}

impl Custody {
    /// Gives `number` back to Twilio; its id. Repeating it is harmless.
    ///
    /// # Errors
    /// See [`CustodyError`].
    pub async fn release_to_twilio(&self, number: &PhoneNumber, requested_by: &str) -> Result<i64, CustodyError> {
        let wanted = number.clone();
        let owned = self.db.run("number_owned", move |conn| number_owned(conn, &wanted)).await?;
        let owned = owned.ok_or(CustodyError::NotOurs)?;
        match owned.status() {
            NumberStatus::Released => return Ok(owned.id),
            NumberStatus::Assigned => return Err(CustodyError::NumberAssigned),
            NumberStatus::Available | NumberStatus::Quarantined | NumberStatus::Missing => {}
        }
        let leaves_already = owned.quarantine_reason == Some(QuarantineReason::Leaving);
        if !leaves_already {
            self.check_tag(&owned).await?;
        }
        let (id, by) = (owned.id, requested_by.to_owned());
        let release_id = match self.db.run("release_intend", move |conn| release_intend(conn, id, &by)).await? {
            Leaving::Open(release_id) => release_id,
            Leaving::Assigned => return Err(CustodyError::NumberAssigned),
            Leaving::Left => return Ok(id),
            Leaving::Protected => return Err(CustodyError::Protected),
            Leaving::Conflict => return Err(CustodyError::AnotherEnvironments("tag_conflict".to_owned())),
        };
        fail::fail_point!("release_intended");
        slog::info!(self.log, "a number is given back to Twilio"; "phone_number_ends" => number.last_four(),
            "sid" => owned.sid.as_str(), "release" => release_id.to_string(), "by" => requested_by);
        // It is written down that the number leaves: whoever reads "nothing happened" would be misled.
        self.send_until_answered(release_id, leaves_already).await.map(|()| id).map_err(|error| {
            if let CustodyError::Database(error) = error { CustodyError::MayGoOn(error) } else { error }
        })
    }

    /// Another environment may have taken the number over, and perhaps somebody has it there.
    async fn check_tag(&self, owned: &OwnedNumber) -> Result<(), CustodyError> {
        match self.heard(self.twilio.fetch(&owned.sid).await).await? {
            Some(found) => match self.tag_on(&found) {
                TagOn::Another(instance) => Err(CustodyError::AnotherEnvironments(instance)),
                TagOn::Ours(_) | TagOn::Nobody => Ok(()),
            },
            // Gone already: the release says so.
            None => Ok(()),
        }
    }

    /// `looks_first`: whose the number is was looked up for an earlier call, nobody knows how long ago.
    async fn send_until_answered(&self, release_id: Uuid, looks_first: bool) -> Result<(), CustodyError> {
        let began = Instant::now();
        let mut tries = 1;
        loop {
            let sending = self.db.run("release_send", move |conn| release_send(conn, release_id, None)).await?;
            let Some(sending) = sending else { return self.ended_elsewhere(release_id).await };
            fail::fail_point!("release_sent");
            let sent =
                if looks_first && tries == 1 { self.look_and_send(&sending).await } else { self.send(&sending).await };
            match sent? {
                ReleaseOutcome::Released => return Ok(()),
                ReleaseOutcome::Refused(failure) => return Err(CustodyError::Refused(failure)),
                ReleaseOutcome::Conflict(instance) => return Err(CustodyError::AnotherEnvironments(instance)),
                ReleaseOutcome::Doubtful(failure) => {
                    let over = tries >= TRIES_MAX || began.elapsed() > TRIES_WITHIN;
                    if over || !self.back_off(tries, failure.retry_after()).await {
                        return Err(CustodyError::StillLeaving(failure));
                    }
                }
            }
            tries += 1;
        }
    }

    /// Another call, or recovery, was at work on the same release.
    async fn ended_elsewhere(&self, release_id: Uuid) -> Result<(), CustodyError> {
        let is_done = self.db.run("release_is_done", move |conn| release_is_done(conn, release_id)).await?;
        if is_done { Ok(()) } else { Err(CustodyError::Withdrawn) }
    }

    /// A DELETE of a number that this call has looked up, unless that was long ago.
    async fn send(&self, sending: &Sending) -> Result<ReleaseOutcome, DbError> {
        if sending.since_last.is_some_and(|since| since > LOOK_AGAIN_AFTER) {
            return self.look_and_send(sending).await;
        }
        self.delete(sending).await
    }

    /// A DELETE of a number that is looked up just before. When the last attempt was says nothing of when somebody looked: many
    /// that follow each other soon may go back to one look.
    pub(super) async fn look_and_send(&self, sending: &Sending) -> Result<ReleaseOutcome, DbError> {
        match self.look_again(sending).await? {
            Some(answer) => Ok(answer),
            None => self.delete(sending).await,
        }
    }

    /// One DELETE, from its committed attempt to what is written of its answer.
    async fn delete(&self, sending: &Sending) -> Result<ReleaseOutcome, DbError> {
        let outcome = self.twilio.release(&sending.sid).await;
        fail::fail_point!("release_answered");
        match outcome {
            Ok(Gone::Now(request_id) | Gone::Already(request_id)) => self.released(sending, request_id).await,
            Err(failure) => self.not_released(sending, failure).await,
        }
    }

    /// Whose the number is now, long after it was looked up first, or after a doubt; `None` = still there, and ours to give
    /// back.
    async fn look_again(&self, sending: &Sending) -> Result<Option<ReleaseOutcome>, DbError> {
        let id = sending.id;
        let instance = match self.twilio.fetch(&sending.sid).await {
            Ok(None) => return self.released(sending, None).await.map(Some),
            Ok(Some(found)) => match self.tag_on(&found) {
                TagOn::Ours(_) | TagOn::Nobody => return Ok(None),
                TagOn::Another(instance) => instance,
            },
            Err(failure) => {
                self.halt_on(&failure).await;
                slog::warn!(self.log, "a number that is given back could not be looked up";
                    "phone_number_ends" => sending.phone_number.last_four(), "attempt" => sending.attempt,
                    "cause" => failure.for_log(), "request_id" => failure.request_id());
                let reason = reason(&failure);
                self.db.run_patiently("release_doubt", move |conn| release_doubt(conn, id, &reason)).await?;
                return Ok(Some(ReleaseOutcome::Doubtful(failure)));
            }
        };
        slog::error!(self.log, "a number is not given back: another environment's tag stands on it by now";
            "phone_number_ends" => sending.phone_number.last_four(), "sid" => sending.sid.as_str(), "environment" => &instance);
        let reason = Reason {
            code: "tag_conflict".to_owned(),
            message: format!(
                "another environment's tag ({instance}) stands on it; it is held until an operator decides"
            ),
            ..Reason::default()
        };
        self.db
            .run_patiently("release_hold_tag_conflict", move |conn| release_hold_tag_conflict(conn, id, &reason))
            .await?;
        Ok(Some(ReleaseOutcome::Conflict(instance)))
    }

    async fn released(&self, sending: &Sending, request_id: Option<String>) -> Result<ReleaseOutcome, DbError> {
        let (id, logged) = (sending.id, request_id.clone());
        self.db.run_patiently("release_settle", move |conn| release_settle(conn, id, request_id.as_deref())).await?;
        fail::fail_point!("release_settled");
        slog::info!(self.log, "a number was given back to Twilio"; "request_id" => logged,
            "phone_number_ends" => sending.phone_number.last_four(), "sid" => sending.sid.as_str());
        Ok(ReleaseOutcome::Released)
    }

    async fn not_released(&self, sending: &Sending, failure: TwilioError) -> Result<ReleaseOutcome, DbError> {
        let (id, reason) = (sending.id, reason(&failure));
        let halts = self.halt_on(&failure).await;
        slog::warn!(self.log, "a number could not be given back"; "phone_number_ends" => sending.phone_number.last_four(),
            "attempt" => sending.attempt, "cause" => failure.for_log(), "request_id" => failure.request_id());
        // Who is not let in at all learns nothing of what an earlier attempt did.
        let knows = !(halts && sending.attempt > 1);
        let refused = matches!(&failure, TwilioError::Refused(refusal) if refusal.verdict() != Verdict::Retry) && knows;
        // The first word of Twilio's own says that the number is there. A gateway's does not, nor does any after an attempt
        // whose answer was lost: that one may have worked.
        let is_clear = sending.attempt == 1 && failure.twilio_code().is_some();
        if refused
            && !is_clear
            && let Some(answer) = self.look_again(sending).await?
        {
            return Ok(answer);
        }
        if refused {
            self.db.run_patiently("release_refuse", move |conn| release_refuse(conn, id, &reason)).await?;
            return Ok(ReleaseOutcome::Refused(failure));
        }
        self.db.run_patiently("release_doubt", move |conn| release_doubt(conn, id, &reason)).await?;
        Ok(ReleaseOutcome::Doubtful(failure))
    }

    /// `false` = the daemon stops.
    async fn back_off(&self, tries: u32, asked: Option<Duration>) -> bool {
        let wait = asked.unwrap_or(BACK_OFF_FIRST * 2u32.pow(tries.min(8) - 1)).min(BACK_OFF_MAX);
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => !self.is_stopping(),
            _ = stopping.wait_for(|stopping| *stopping) => false,
        }
    }
}
