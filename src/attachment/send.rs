//! One attachment, from its committed attempt to what Twilio is found to have.
//!
//! Invariants: what may have been sent before is looked up first; what its pool wants no more, what would take the SMS of somebody who
//! got the number since, and what is known to be full, is not asked for; where an answer says too little, one more look is made, and what that does not show is doubt.
//! How to get it wrong: sending what was intended long ago without a look at what is wanted now. A number never changes its
//! messaging service by our hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use super::attacher::Attacher;
use super::judge::{Meaning, meaning, meaning_of_a_look};
use super::look_up::{At, Look};
use crate::config::Config;
use crate::db::DbError;
use crate::db::attachments::{
    AttachmentEnd, AttachmentReason, Closed, DueAttachment, SendingAttachment, attachment_send,
};
use crate::domain::{AssignmentSid, MessagingServiceSid, RefusedFor, Target};
use crate::twilio::TwilioError;

/// Calls to one target at a time.
const AT_A_TIME: usize = 4;
/// None is begun later than this after a round's start.
const WITHIN: Duration = Duration::from_secs(10);

/// An attempt.
pub(super) struct Asked<'a> {
    pub(super) sending: &'a SendingAttachment,
    /// What was in force when it began.
    pub(super) config: &'a Arc<Config>,
}

/// What is to be written of an attempt.
#[derive(Debug)]
pub(super) enum Found {
    /// An end.
    End(AttachmentEnd),
    /// The number is in this one.
    InAnother(Target),
    /// The target takes none, by this word of Twilio's.
    Closed(Closed, AttachmentReason),
    /// The target is known to take none.
    KnownClosed(AttachmentReason),
    /// Our key may not do this.
    NotAllowed(TwilioError),
    /// Twilio throttles us.
    Throttled(TwilioError),
    /// It is asked again when the target has rested.
    Later(TwilioError),
    /// It is asked again, and the target has nothing to do with it.
    NotKnownYet(TwilioError),
}

impl Attacher {
    /// Takes up what is due at one target; `full` = there may be more.
    pub(super) async fn attach_all(self, target: String, due: Vec<DueAttachment>, full: bool) {
        let begun = Instant::now();
        let attaching = stream::iter(due).for_each_concurrent(AT_A_TIME, |due| {
            let (attacher, target) = (&self, &target);
            async move {
                if begun.elapsed() >= WITHIN || attacher.is_stopping() || attacher.joining.is_resting(target) {
                    return;
                }
                if let Err(error) = attacher.attach(&due).await {
                    slog::warn!(attacher.log, "an attachment waits: the ledger could not be read or written";
                        "target" => target, "error" => error.in_full());
                }
            }
        });
        attaching.await;
        if full {
            self.bell.notify_one();
        }
    }

    async fn attach(&self, due: &DueAttachment) -> Result<(), DbError> {
        let (id, silent_for) = (due.id, self.silent_for());
        // What comes of it counts under what is configured now, whatever is reloaded meanwhile.
        let config = self.config.load_full();
        let send = move |conn: &mut crate::db::Connection| attachment_send(conn, id, silent_for);
        let Some(sending) = self.db.run("attachment_send", send).await? else { return Ok(()) };
        fail::fail_point!("attach_sent");
        let at = At::of(sending.kind, &sending.target)?;
        let found = self.find(&sending, &at).await?;
        self.write(&Asked { sending: &sending, config: &config }, found).await
    }

    /// What Twilio has, and is asked for.
    async fn find(&self, sending: &SendingAttachment, at: &At) -> Result<Found, DbError> {
        if sending.may_be_there {
            match self.look_up(at, &sending.sid).await {
                Look::There(assignment) => return Ok(attached(assignment)),
                Look::NotThere => {}
                Look::NoTarget(failure) => return Ok(Found::Closed(Closed::Unknown, reason(&failure))),
                Look::Failed(failure) => return Ok(looked_in_vain(failure)),
            }
        }
        if !sending.is_wanted {
            return Ok(never_mind("its pool wants it no more"));
        }
        if sending.takes_sms_away {
            return Ok(never_mind("the number is somebody's by now, and the service would take their inbound SMS"));
        }
        if let Some(message) = &sending.closed {
            let message = message.clone();
            return Ok(Found::KnownClosed(AttachmentReason { message, ..AttachmentReason::default() }));
        }
        let answer = match at {
            At::Service(service) => self.twilio.attach(service, &sending.sid).await.map(|_member| None),
            At::Trust(kind, bundle) => {
                self.twilio.assign(*kind, bundle, &sending.sid).await.map(|answered| Some(answered.body.sid))
            }
        };
        fail::fail_point!("attach_answered");
        match answer {
            Ok(assignment) => Ok(attached(assignment)),
            Err(failure) => self.hear(sending, at, failure).await,
        }
    }

    /// What a failure means, after one more look where it says too little.
    async fn hear(&self, sending: &SendingAttachment, at: &At, failure: TwilioError) -> Result<Found, DbError> {
        let is_young = sending.is_young;
        Ok(match (meaning(sending.kind, &failure), at) {
            (Meaning::Already, _) => attached(None),
            (Meaning::Full, _) => Found::Closed(Closed::Full, reason(&failure)),
            (Meaning::NoNumber, _) => no_number(is_young, failure),
            (Meaning::NotAllowed, _) => Found::NotAllowed(failure),
            (Meaning::Throttled, _) => Found::Throttled(failure),
            (Meaning::Later, _) => Found::Later(failure),
            (Meaning::NoServiceOrNoNumber, At::Service(service)) => {
                self.service_or_number(service, is_young, failure).await
            }
            (Meaning::InAnotherService, At::Service(service)) => self.elsewhere(sending, service, failure).await?,
            (Meaning::LookUp, _) => match self.look_up(at, &sending.sid).await {
                Look::There(assignment) => attached(assignment),
                Look::NoTarget(failure) => Found::Closed(Closed::Unknown, reason(&failure)),
                Look::Failed(failure) => looked_in_vain(failure),
                Look::NotThere if is_of_no_number(&failure) => no_number(is_young, failure),
                Look::NotThere => refused(&failure),
            },
            (Meaning::Refused | Meaning::NoServiceOrNoNumber | Meaning::InAnotherService, _) => refused(&failure),
        })
    }

    /// A 404: of the service, or of the number.
    async fn service_or_number(&self, service: &MessagingServiceSid, is_young: bool, failure: TwilioError) -> Found {
        match self.twilio.service(service).await {
            Ok(None) => Found::Closed(Closed::Unknown, reason(&failure)),
            Ok(Some(_)) => no_number(is_young, failure),
            Err(failure) => looked_in_vain(failure),
        }
    }

    /// The number is in another service: in one that its pool wants as well, or in somebody else's.
    async fn elsewhere(
        &self,
        sending: &SendingAttachment,
        service: &MessagingServiceSid,
        failure: TwilioError,
    ) -> Result<Found, DbError> {
        Ok(match self.look_elsewhere(&sending.pool, service, &sending.sid).await? {
            Ok(Some(target)) => Found::InAnother(target),
            Ok(None) => Found::End(AttachmentEnd::Conflict(reason(&failure))),
            Err(failure) => looked_in_vain(failure),
        })
    }
}

fn attached(assignment: Option<AssignmentSid>) -> Found {
    Found::End(AttachmentEnd::Attached(assignment.map(|sid| sid.as_str().to_owned())))
}

/// It is not asked for any more.
fn never_mind(why: &str) -> Found {
    let reason = AttachmentReason { message: why.to_owned(), ..AttachmentReason::default() };
    Found::End(AttachmentEnd::Left(reason))
}

fn refused(failure: &TwilioError) -> Found {
    Found::End(AttachmentEnd::Refused(RefusedFor::Number, reason(failure)))
}

fn is_of_no_number(failure: &TwilioError) -> bool {
    matches!(failure, TwilioError::Refused(refusal) if refusal.is_about_no_number())
}

/// What was bought a moment ago may be unknown to Twilio's messaging for a while.
fn no_number(is_young: bool, failure: TwilioError) -> Found {
    if is_young { Found::NotKnownYet(failure) } else { refused(&failure) }
}

fn looked_in_vain(failure: TwilioError) -> Found {
    match meaning_of_a_look(&failure) {
        Meaning::NotAllowed => Found::NotAllowed(failure),
        Meaning::Throttled => Found::Throttled(failure),
        Meaning::Already
        | Meaning::Full
        | Meaning::NoServiceOrNoNumber
        | Meaning::InAnotherService
        | Meaning::LookUp
        | Meaning::NoNumber
        | Meaning::Refused
        | Meaning::Later => Found::Later(failure),
    }
}

/// What Twilio said, for the ledger.
pub(super) fn reason(failure: &TwilioError) -> AttachmentReason {
    AttachmentReason {
        twilio_code: failure.twilio_code(),
        message: failure.to_string(),
        request_id: failure.request_id().map(str::to_owned),
    }
}
