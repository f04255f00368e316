//! What a number was attached to that left for ever is ended at Twilio.
//!
//! Invariants: nothing of a number that is ours is ended; what Twilio does not know any more is ended; what it refuses is asked for
//! again, however long, and keeps nothing else waiting.
//! How to get it wrong: asking first and writing down afterwards that it shall end. The release has written it (`leaving`).

use std::time::{Duration, Instant};

use super::attacher::Attacher;
use super::look_up::{At, Look};
use crate::db::attachments::{AttachmentReason, LeavingAttachment, attachment_left, attachment_stays};
use crate::db::{Connection, DbError};
use crate::twilio::{Gone, TwilioError};

/// None is begun later than this after a round's start.
const WITHIN: Duration = Duration::from_secs(10);
/// What Twilio refuses is asked for again so much later.
const REFUSED_RESTS: Duration = Duration::from_secs(600);

impl Attacher {
    /// Ends each of them, one after the other: nobody waits for it.
    pub(super) async fn leave_all(self, leaving: Vec<LeavingAttachment>, full: bool) {
        let begun = Instant::now();
        for attachment in leaving {
            if begun.elapsed() >= WITHIN || self.is_stopping() {
                return;
            }
            if self.leaving.is_resting(&attachment.target) {
                continue;
            }
            if let Err(error) = self.leave(&attachment).await {
                slog::warn!(self.log, "what a number was in that has left is ended later"; "target" => &attachment.target,
                    "error" => error.in_full());
                return;
            }
        }
        if full {
            self.bell.notify_one();
        }
    }

    async fn leave(&self, attachment: &LeavingAttachment) -> Result<(), DbError> {
        fail::fail_point!("detach_sent");
        let ended = self.end_at_twilio(attachment).await?;
        fail::fail_point!("detach_answered");
        match ended {
            Ok(Gone::Now(request_id) | Gone::Already(request_id)) => {
                let message = "its number left for ever".to_owned();
                let (id, reason) = (attachment.id, AttachmentReason { twilio_code: None, message, request_id });
                let left = move |conn: &mut Connection| attachment_left(conn, id, &reason);
                self.db.run_patiently("attachment_left", left).await?;
                self.leaving.answered(&attachment.target);
                slog::info!(self.log, "what a number was in that has left is ended"; "sid" => attachment.sid.as_str(),
                    "kind" => attachment.kind.as_str(), "target" => &attachment.target);
            }
            Err(failure) => {
                match &failure {
                    TwilioError::Refused(refusal)
                        if refusal.is_throttled() || (failure.halts() && !refusal.forbids_the_number()) =>
                    {
                        self.leaving.rest_for(&attachment.target, REFUSED_RESTS);
                    }
                    TwilioError::Refused(_) if !failure.is_passing() => {
                        self.kept.rest_for(attachment.id, REFUSED_RESTS);
                    }
                    TwilioError::Refused(_) | TwilioError::NotSent(_) | TwilioError::Unknown { .. } => {
                        self.leaving.trouble(&attachment.target, failure.retry_after());
                    }
                }
                let id = attachment.id;
                self.db
                    .run_patiently("attachment_stays", move |conn: &mut Connection| attachment_stays(conn, id))
                    .await?;
                slog::warn!(self.log, "what a number was in that has left is not ended yet; it is asked for again";
                    "sid" => attachment.sid.as_str(), "target" => &attachment.target, "cause" => failure.for_log(),
                    "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            }
        }
        Ok(())
    }

    async fn end_at_twilio(&self, attachment: &LeavingAttachment) -> Result<Result<Gone, TwilioError>, DbError> {
        let at = At::of(attachment.kind, &attachment.target)?;
        Ok(match &at {
            At::Service(service) => match self.twilio.detach(service, &attachment.sid).await {
                // It is no number of the account's any more.
                Err(TwilioError::Refused(refusal)) if refusal.is_about_no_number() => {
                    Ok(Gone::Already(refusal.request_id))
                }
                outcome => outcome,
            },
            At::Trust(kind, bundle) => {
                let told = attachment.assignment_sid.as_deref().and_then(|sid| sid.parse().ok());
                let assignment = match told {
                    Some(sid) => sid,
                    None => match self.look_up(&at, &attachment.sid).await {
                        Look::There(Some(sid)) => sid,
                        Look::There(None) | Look::NotThere | Look::NoTarget(_) => return Ok(Ok(Gone::Already(None))),
                        Look::Failed(failure) => return Ok(Err(failure)),
                    },
                };
                self.twilio.unassign(*kind, bundle, &assignment).await
            }
        })
    }
}
