//! What is written of an attempt, and what follows from it.
//!
//! Invariants: what was found is written before anything follows from it; a target that is full or unknown is written down before the
//! number is sent to the next one, which is tried at once; a number that does not succeed is counted, under what its pool wanted when
//! it was sent, and never bought again for; nothing follows from an attempt after which a later one has the word.
//! How to get it wrong: halting a pool because Twilio refuses the account. Creates notice that by themselves, and a probe ends it.

use std::sync::Arc;
use std::time::Duration;

use super::attacher::Attacher;
use super::send::{Asked, Found, reason};
use crate::config::Config;
use crate::db::attachments::{
    AttachmentEnd, AttachmentReason, Closed, SendingAttachment, Whose, attachment_doubt, attachment_found,
    attachment_put_off, attachment_settle, attachments_intend, target_close,
};
use crate::db::{Connection, DbError};
use crate::domain::{PoolName, RefusedFor, Target};
use crate::telemetry::AttachmentOutcome;
use crate::twilio::{TwilioError, hide_numbers};

/// A target rests so long when our key may not use it: somebody must change that.
const NOT_ALLOWED_RESTS: Duration = Duration::from_secs(300);
/// And so long when Twilio throttles, which it does for what was refused again and again.
const THROTTLED_RESTS: Duration = Duration::from_secs(600);

impl Attacher {
    /// Writes what was found.
    pub(super) async fn write(&self, asked: &Asked<'_>, found: Found) -> Result<(), DbError> {
        let (sending, outcome) = (asked.sending, outcome(&found));
        match &found {
            // Of the last one Twilio was not asked.
            Found::Later(_) | Found::NotAllowed(_) | Found::Throttled(_) | Found::KnownClosed(_) => {}
            Found::End(_) | Found::InAnother(_) | Found::Closed(..) | Found::NotKnownYet(_) => {
                self.joining.answered(&sending.target);
            }
        }
        let is_written = match found {
            Found::End(end) => self.end(asked, end).await?,
            Found::InAnother(target) => self.found_in(sending, target).await?,
            Found::Closed(why, reason) => self.closed(asked, why, reason).await?,
            Found::KnownClosed(reason) => self.next(asked, reason).await?,
            Found::NotAllowed(failure) => self.not_allowed(asked, &failure).await?,
            Found::Throttled(failure) => {
                self.joining.rest_for(&sending.target, THROTTLED_RESTS);
                self.doubt(sending, &failure).await?
            }
            Found::Later(failure) => {
                self.joining.trouble(&sending.target, failure.retry_after());
                self.doubt(sending, &failure).await?
            }
            Found::NotKnownYet(failure) => self.put_off(sending, &failure).await?,
        };
        if is_written {
            self.telemetry.attachment_tried(sending.kind, outcome);
        }
        Ok(())
    }

    async fn settle(&self, asked: &Asked<'_>, end: AttachmentEnd) -> Result<bool, DbError> {
        let attempt = asked.sending.asking();
        let (began, now) = (Arc::clone(asked.config), self.config.load_full());
        // Under which keys it failed, if it did. Those of a pool that is not configured halt nobody, and what was asked for under keys
        // that the pool has no more says nothing of those that it has.
        let fingerprint = move |pool: &PoolName| {
            let of = |config: &Config| config.wants_keys_of(pool).map(|keys| keys.fingerprint.to_string());
            of(&began).filter(|fingerprint| of(&now).as_ref() == Some(fingerprint)).unwrap_or_default()
        };
        let settle = move |conn: &mut Connection| attachment_settle(conn, attempt, &end, fingerprint);
        self.db.run_patiently("attachment_settle", settle).await
    }

    /// `false` = another attempt has the word.
    async fn end(&self, asked: &Asked<'_>, end: AttachmentEnd) -> Result<bool, DbError> {
        let sending = asked.sending;
        if !self.settle(asked, end.clone()).await? {
            return Ok(false);
        }
        match end {
            AttachmentEnd::Attached(_) => {
                fail::fail_point!("attach_settled");
                self.stock.notify_one();
                slog::info!(self.log, "a number is attached"; "phone_number_ends" => sending.phone_number.last_four(),
                    "kind" => sending.kind.as_str(), "target" => &sending.target, "attempt" => sending.attempt);
            }
            AttachmentEnd::Refused(_, reason) | AttachmentEnd::Conflict(reason) => {
                fail::fail_point!("attach_refused_written");
                slog::error!(self.log, "a number cannot be attached, and its pool hands it out only if it may lack that";
                    "phone_number_ends" => sending.phone_number.last_four(), "sid" => sending.sid.as_str(),
                    "kind" => sending.kind.as_str(), "target" => &sending.target, "cause" => hide_numbers(&reason.message),
                    "twilio_code" => reason.twilio_code, "request_id" => reason.request_id);
            }
            AttachmentEnd::Left(_) => {}
        }
        // What waited for this one, such as a product for its profile; and a pool for which nothing succeeds halts.
        self.bell.notify_one();
        Ok(true)
    }

    async fn found_in(&self, sending: &SendingAttachment, target: Target) -> Result<bool, DbError> {
        slog::info!(self.log, "a number is in another messaging service that its pool names";
            "phone_number_ends" => sending.phone_number.last_four(), "target" => target.sid());
        let number_id = sending.number_id;
        let found = move |conn: &mut Connection| attachment_found(conn, number_id, &target, None);
        let is_new = self.db.run_patiently("attachment_found", found).await?;
        fail::fail_point!("attach_settled");
        self.stock.notify_one();
        Ok(is_new)
    }

    async fn closed(&self, asked: &Asked<'_>, why: Closed, reason: AttachmentReason) -> Result<bool, DbError> {
        let sending = asked.sending;
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
        self.next(asked, reason).await
    }

    /// Its target takes none: the next one, if there is one; else the round halts the pool.
    async fn next(&self, asked: &Asked<'_>, reason: AttachmentReason) -> Result<bool, DbError> {
        let sending = asked.sending;
        if !self.settle(asked, AttachmentEnd::Refused(RefusedFor::Target, reason)).await? {
            return Ok(false);
        }
        fail::fail_point!("attach_full_written");
        // What a purchase brought goes on to its service, the next one as well, whoever has it by now.
        let whose = if sending.for_anybody { Whose::Anybodys } else { self.whose() };
        let number_id = sending.number_id;
        let intend = move |conn: &mut Connection| attachments_intend(conn, number_id, whose);
        self.db.run_patiently("attachments_intend", intend).await?;
        self.bell.notify_one();
        Ok(true)
    }

    /// Whose numbers are attached unasked.
    pub(super) fn whose(&self) -> Whose {
        if self.config.load().reconcile.repair_assigned { Whose::Anybodys } else { Whose::Nobodys }
    }

    async fn doubt(&self, sending: &SendingAttachment, failure: &TwilioError) -> Result<bool, DbError> {
        let (attempt, reason) = (sending.asking(), reason(failure));
        let doubt = move |conn: &mut Connection| attachment_doubt(conn, attempt, &reason);
        let is_written = self.db.run_patiently("attachment_doubt", doubt).await?;
        self.log_failure("a number is not attached yet; it is looked up and tried again", sending, failure);
        Ok(is_written)
    }

    async fn put_off(&self, sending: &SendingAttachment, failure: &TwilioError) -> Result<bool, DbError> {
        let (attempt, reason) = (sending.asking(), reason(failure));
        let put_off = move |conn: &mut Connection| attachment_put_off(conn, attempt, &reason);
        let is_written = self.db.run_patiently("attachment_put_off", put_off).await?;
        self.log_failure("Twilio's messaging does not know a new number yet; it is asked again", sending, failure);
        Ok(is_written)
    }

    /// Twilio lets the account in and refuses this: then the key lacks a right, and every other number would be refused alike. If it
    /// refuses the account, that is nothing of the pool's.
    async fn not_allowed(&self, asked: &Asked<'_>, failure: &TwilioError) -> Result<bool, DbError> {
        let sending = asked.sending;
        let is_written = self.doubt(sending, failure).await?;
        match self.twilio.probe().await {
            Ok(()) => {
                self.joining.rest_for(&sending.target, NOT_ALLOWED_RESTS);
                // Those under which it was asked: others may name what this key may use.
                let Some(keys) = asked.config.keys_of(&sending.pool) else { return Ok(is_written) };
                let message = format!(
                    "this key may not attach numbers to {}: give it the right to, or use another key, then resume the pool ({failure})",
                    sending.target
                );
                self.halt(keys, sending.kind, (failure.twilio_code(), message), None).await?;
            }
            Err(_of_the_account) => self.joining.trouble(&sending.target, failure.retry_after()),
        }
        Ok(is_written)
    }

    fn log_failure(&self, what: &str, sending: &SendingAttachment, failure: &TwilioError) {
        slog::warn!(self.log, "{}", what; "phone_number_ends" => sending.phone_number.last_four(),
            "kind" => sending.kind.as_str(), "target" => &sending.target, "attempt" => sending.attempt,
            "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
    }
}

/// What an attempt counts as.
fn outcome(found: &Found) -> AttachmentOutcome {
    match found {
        Found::End(AttachmentEnd::Attached(_)) | Found::InAnother(_) => AttachmentOutcome::Attached,
        Found::End(AttachmentEnd::Refused(..)) => AttachmentOutcome::Refused,
        Found::End(AttachmentEnd::Conflict(_)) => AttachmentOutcome::Conflict,
        Found::End(AttachmentEnd::Left(_)) => AttachmentOutcome::Left,
        Found::Closed(..) | Found::KnownClosed(_) => AttachmentOutcome::Closed,
        Found::NotAllowed(_) => AttachmentOutcome::NotAllowed,
        Found::Later(_) | Found::Throttled(_) | Found::NotKnownYet(_) => AttachmentOutcome::Unclear,
    }
}
