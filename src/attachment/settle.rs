//! What is written of an attempt, and what follows from it.
//!
//! Invariants: what was found is written before anything follows from it; a target that is full or unknown is written down before the
//! number is sent to the next one, which is tried at once; a number that does not succeed is counted, and never bought again for.
//! How to get it wrong: halting a pool because Twilio refuses the account. Creates notice that by themselves, and a probe ends it.

use std::time::Duration;

use super::attacher::Attacher;
use super::send::{Found, reason};
use crate::db::attachments::{
    AttachmentEnd, AttachmentReason, Closed, SendingAttachment, Whose, attachment_doubt, attachment_found,
    attachment_put_off, attachment_settle, attachments_intend, target_close,
};
use crate::db::{Connection, DbError};
use crate::domain::{PoolName, RefusedFor, Target};
use crate::twilio::{TwilioError, hide_numbers};

/// A target rests so long when our key may not use it: somebody must change that.
const NOT_ALLOWED_RESTS: Duration = Duration::from_secs(300);
/// And so long when Twilio throttles, which it does for what was refused again and again.
const THROTTLED_RESTS: Duration = Duration::from_secs(600);

impl Attacher {
    /// Writes what was found.
    pub(super) async fn write(&self, sending: &SendingAttachment, found: Found) -> Result<(), DbError> {
        match &found {
            // Of the last one Twilio was not asked.
            Found::Later(_) | Found::NotAllowed(_) | Found::Throttled(_) | Found::KnownClosed(_) => {}
            Found::End(_) | Found::InAnother(_) | Found::Closed(..) | Found::NotKnownYet(_) => {
                self.joining.answered(&sending.target);
            }
        }
        match found {
            Found::End(end) => self.end(sending, end).await,
            Found::InAnother(target) => self.found_in(sending, target).await,
            Found::Closed(why, reason) => self.closed(sending, why, reason).await,
            Found::KnownClosed(reason) => self.next(sending, reason).await,
            Found::NotAllowed(failure) => self.not_allowed(sending, &failure).await,
            Found::Throttled(failure) => {
                self.joining.rest_for(&sending.target, THROTTLED_RESTS);
                self.doubt(sending, &failure).await
            }
            Found::Later(failure) => {
                self.joining.trouble(&sending.target, failure.retry_after());
                self.doubt(sending, &failure).await
            }
            Found::NotKnownYet(failure) => {
                let (id, reason) = (sending.id, reason(&failure));
                let put_off = move |conn: &mut Connection| attachment_put_off(conn, id, &reason);
                self.db.run_patiently("attachment_put_off", put_off).await?;
                self.log_failure(
                    "Twilio's messaging does not know a new number yet; it is asked again",
                    sending,
                    &failure,
                );
                Ok(())
            }
        }
    }

    async fn settle(&self, sending: &SendingAttachment, end: AttachmentEnd) -> Result<bool, DbError> {
        let (id, config) = (sending.id, self.config.load_full());
        // Under which keys it failed, if it did; those of a pool that is not configured halt nobody.
        let fingerprint = move |pool: &PoolName| {
            config.wants_keys_of(pool).map(|keys| keys.fingerprint.to_string()).unwrap_or_default()
        };
        let settle = move |conn: &mut Connection| attachment_settle(conn, id, &end, fingerprint);
        self.db.run_patiently("attachment_settle", settle).await
    }

    async fn end(&self, sending: &SendingAttachment, end: AttachmentEnd) -> Result<(), DbError> {
        let (written, told) = (self.settle(sending, end.clone()).await?, end);
        match told {
            AttachmentEnd::Attached(_) => {
                fail::fail_point!("attach_settled");
                self.stock.notify_one();
                // What waited for this one, such as a product for its profile.
                self.bell.notify_one();
                if written {
                    slog::info!(self.log, "a number is attached"; "phone_number_ends" => sending.phone_number.last_four(),
                        "kind" => sending.kind.as_str(), "target" => &sending.target, "attempt" => sending.attempt);
                }
            }
            AttachmentEnd::Refused(_, reason) | AttachmentEnd::Conflict(reason) => {
                fail::fail_point!("attach_refused_written");
                // A pool for which nothing succeeds halts.
                self.bell.notify_one();
                slog::error!(self.log, "a number cannot be attached, and its pool hands it out only if it may lack that";
                    "phone_number_ends" => sending.phone_number.last_four(), "sid" => sending.sid.as_str(),
                    "kind" => sending.kind.as_str(), "target" => &sending.target, "cause" => hide_numbers(&reason.message),
                    "twilio_code" => reason.twilio_code, "request_id" => reason.request_id);
            }
            AttachmentEnd::Left(_) => self.bell.notify_one(),
        }
        Ok(())
    }

    async fn found_in(&self, sending: &SendingAttachment, target: Target) -> Result<(), DbError> {
        slog::info!(self.log, "a number is in another messaging service that its pool names";
            "phone_number_ends" => sending.phone_number.last_four(), "target" => target.sid());
        let number_id = sending.number_id;
        let found = move |conn: &mut Connection| attachment_found(conn, number_id, &target, None);
        self.db.run_patiently("attachment_found", found).await?;
        fail::fail_point!("attach_settled");
        self.stock.notify_one();
        Ok(())
    }

    async fn closed(&self, sending: &SendingAttachment, why: Closed, reason: AttachmentReason) -> Result<(), DbError> {
        let (target, told) = (sending.target.clone(), reason.clone());
        let close = move |conn: &mut Connection| target_close(conn, &target, why, &told);
        if self.db.run_patiently("target_close", close).await? {
            let what = match why {
                Closed::Full => "a messaging service is full; numbers join the next one that their pool names",
                Closed::Unknown => "Twilio does not know what numbers shall be attached to; check its SID",
            };
            slog::error!(self.log, "{}", what; "kind" => sending.kind.as_str(), "target" => &sending.target,
                "twilio_code" => reason.twilio_code, "request_id" => reason.request_id.clone());
        }
        self.next(sending, reason).await
    }

    /// Its target takes none: the next one, if there is one; else the round halts the pool.
    async fn next(&self, sending: &SendingAttachment, reason: AttachmentReason) -> Result<(), DbError> {
        self.settle(sending, AttachmentEnd::Refused(RefusedFor::Target, reason)).await?;
        fail::fail_point!("attach_full_written");
        // What a purchase brought goes on to its service, the next one as well, whoever has it by now.
        let whose = if sending.for_anybody { Whose::Anybodys } else { self.whose() };
        let number_id = sending.number_id;
        let intend = move |conn: &mut Connection| attachments_intend(conn, number_id, whose);
        self.db.run_patiently("attachments_intend", intend).await?;
        self.bell.notify_one();
        Ok(())
    }

    /// Whose numbers are attached unasked.
    pub(super) fn whose(&self) -> Whose {
        if self.config.load().reconcile.repair_assigned { Whose::Anybodys } else { Whose::Nobodys }
    }

    async fn doubt(&self, sending: &SendingAttachment, failure: &TwilioError) -> Result<(), DbError> {
        let (id, reason) = (sending.id, reason(failure));
        let doubt = move |conn: &mut Connection| attachment_doubt(conn, id, &reason);
        self.db.run_patiently("attachment_doubt", doubt).await?;
        self.log_failure("a number is not attached yet; it is looked up and tried again", sending, failure);
        Ok(())
    }

    /// Twilio lets the account in and refuses this: then the key lacks a right, and every other number would be refused alike. If it
    /// refuses the account, that is nothing of the pool's.
    async fn not_allowed(&self, sending: &SendingAttachment, failure: &TwilioError) -> Result<(), DbError> {
        self.doubt(sending, failure).await?;
        match self.twilio.probe().await {
            Ok(()) => {
                self.joining.rest_for(&sending.target, NOT_ALLOWED_RESTS);
                let Some(keys) = self.config.load().keys_of(&sending.pool) else { return Ok(()) };
                let message = format!(
                    "this key may not attach numbers to {}: give it the right to, or use another key, then resume the pool ({failure})",
                    sending.target
                );
                self.halt(keys, sending.kind, (failure.twilio_code(), message), None).await
            }
            Err(_of_the_account) => {
                self.joining.trouble(&sending.target, failure.retry_after());
                Ok(())
            }
        }
    }

    fn log_failure(&self, what: &str, sending: &SendingAttachment, failure: &TwilioError) {
        slog::warn!(self.log, "{}", what; "phone_number_ends" => sending.phone_number.last_four(),
            "kind" => sending.kind.as_str(), "target" => &sending.target, "attempt" => sending.attempt,
            "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
    }
}
