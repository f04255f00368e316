//! What Twilio answered, or what it was found to have.
//!
//! Invariants: an end is written once, with its count of failures in the same transaction; an attempt after which another one began
//! says nothing but that Twilio has the number; what makes a number ready rings those who wait for stock.
//! How to get it wrong: counting a success of joining where the carriers' word decides, or where something else of the number fails.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use super::lock::{lock, lock_of, locked};
use super::reason::{AttachmentReason, bind_reason, reason_set};
use super::send::AttachmentAttempt;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::numbers::{number_note_attachments, registration_put_aside};
use crate::db::pool_failures::{failures_add_of, failures_forget};
use crate::db::pool_wants::pool_needs;
use crate::domain::{AttachmentKind, AttachmentState, AttachmentStatus, PoolName, RefusedFor, Target};

/// How Twilio was found to stand to an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentEnd {
    /// It is there; of a profile or a product with Twilio's name for the assignment.
    Attached(Option<String>),
    /// Twilio does not take it.
    Refused(RefusedFor, AttachmentReason),
    /// The number is in a messaging service of somebody else's.
    Conflict(AttachmentReason),
    /// The number is in another one that its pool wants, or nothing wants this one any more.
    Left(AttachmentReason),
}

/// An attachment as it stands when an end of it is heard.
#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = Text)]
    kind: AttachmentKind,
    #[diesel(sql_type = Text)]
    target: String,
    #[diesel(sql_type = Text)]
    state: AttachmentState,
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

impl Standing {
    fn of(conn: &mut Connection, id: i64) -> Result<Self, DbError> {
        Ok(sql_query("SELECT kind, target, state, attempts FROM attachments WHERE id = $1")
            .bind::<BigInt, _>(id)
            .get_result(conn)?)
    }

    /// Whether what this attempt came to counts. That Twilio has the number is so whichever attempt did it, also if a later one was
    /// refused since; all else is said by the last one only.
    fn ends_with(&self, end: &AttachmentEnd, attempt: AttachmentAttempt) -> bool {
        use AttachmentState::{Conflict, Intended, Refused, Sent};
        match end {
            AttachmentEnd::Attached(_) => matches!(self.state, Intended | Sent | Refused | Conflict),
            AttachmentEnd::Refused(..) | AttachmentEnd::Conflict(_) | AttachmentEnd::Left(_) => {
                self.state == Sent && self.attempts == attempt.nth
            }
        }
    }

    /// Whether the number may have been sent to another messaging service since.
    fn was_over(&self) -> bool {
        self.kind == AttachmentKind::MessagingService
            && matches!(self.state, AttachmentState::Refused | AttachmentState::Conflict)
    }
}

/// Writes the end of an attempt at an attachment, and counts it for the pool that its number is in, under that pool's keys
/// (`fingerprint`); `false` = it was over already, or a later attempt has the word.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_settle(
    conn: &mut Connection,
    attempt: AttachmentAttempt,
    end: &AttachmentEnd,
    fingerprint: impl Fn(&PoolName) -> String,
) -> Result<bool, DbError> {
    let id = attempt.attachment;
    let ready = conn.transaction::<_, DbError, _>(|conn| {
        let Some((number_id, number)) = lock_of(conn, id)? else { return Ok(None) };
        let standing = Standing::of(conn, id)?;
        if !standing.ends_with(end, attempt) {
            return Ok(None);
        }
        if standing.was_over() {
            leave_the_others(conn, number_id, &standing.target)?;
        }
        let (state, concerns, assignment, reason) = match end {
            AttachmentEnd::Attached(assignment) => ("attached", None, assignment.as_deref(), None),
            AttachmentEnd::Refused(concerns, reason) => ("refused", Some(*concerns), None, Some(reason)),
            AttachmentEnd::Conflict(reason) => ("conflict", Some(RefusedFor::Number), None, Some(reason)),
            AttachmentEnd::Left(reason) => ("left", None, None, Some(reason)),
        };
        let query = sql_query(format!(
            "UPDATE attachments SET state = $2, since = clock_timestamp(), doubted = false, refusal_concerns = $3, assignment_sid = $4,
                    -- What Twilio did not take needs no end there.
                    leaving = leaving AND $2 = 'attached', {}
              WHERE id = $1",
            reason_set(5)
        ))
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(state)
        .bind::<Nullable<Text>, _>(concerns.map(RefusedFor::as_str))
        .bind::<Nullable<Text>, _>(assignment);
        bind_reason!(query, reason).execute(conn)?;
        match (end, reason) {
            // One that joins its service and is refused by a product is no success.
            (AttachmentEnd::Attached(_), _)
                if !pool_needs(conn, &number.pool)?.registered
                    && locked(conn, number_id)?.attachment_status == AttachmentStatus::Attached =>
            {
                failures_forget(conn, &number.pool)?;
            }
            (AttachmentEnd::Refused(RefusedFor::Number, _) | AttachmentEnd::Conflict(_), Some(reason)) => {
                failures_add_of(conn, &number.pool, standing.kind, &fingerprint(&number.pool), &reason.message)?;
            }
            _ => {}
        }
        number_note_attachments(conn, number_id)?;
        Ok(Some(locked(conn, number_id)?.is_stock()))
    })?;
    if ready == Some(true) {
        stock_notify(conn)?;
    }
    Ok(ready.is_some())
}

/// An attempt is over and had no clear answer: it stays open, and Twilio is asked what it has before it is told again, as soon as
/// whoever asks wants to. `false` = it was over already, or another attempt has begun since.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_doubt(
    conn: &mut Connection,
    attempt: AttachmentAttempt,
    reason: &AttachmentReason,
) -> Result<bool, DbError> {
    not_yet(conn, attempt, "doubted = true", reason)
}

/// The same of one that is to be left alone for as long as one that nobody heard of.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_put_off(
    conn: &mut Connection,
    attempt: AttachmentAttempt,
    reason: &AttachmentReason,
) -> Result<bool, DbError> {
    not_yet(conn, attempt, "last_sent_at = clock_timestamp()", reason)
}

fn not_yet(
    conn: &mut Connection,
    attempt: AttachmentAttempt,
    set: &str,
    reason: &AttachmentReason,
) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        lock_of(conn, attempt.attachment)?;
        let query = sql_query(format!(
            "UPDATE attachments SET {set}, {} WHERE id = $1 AND state = 'sent' AND attempts = $2",
            reason_set(3)
        ))
        .bind::<BigInt, _>(attempt.attachment)
        .bind::<Integer, _>(attempt.nth);
        Ok(bind_reason!(query, Some(reason)).execute(conn)? > 0)
    })
}

/// A number is in one service at most: it is in no other. What the carriers said of a former one counts no more.
fn leave_the_others(conn: &mut Connection, number_id: i64, target: &str) -> Result<(), DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        was_attached: bool,
    }
    let left: Vec<Row> = sql_query(
        "WITH others AS (SELECT id, state = 'attached' AS was_attached FROM attachments
                          WHERE number_id = $1 AND kind = 'messaging_service' AND target <> $2 AND state IN ('intended', 'sent', 'attached'))
         UPDATE attachments a SET state = 'left', since = clock_timestamp(), doubted = false, leaving = false,
                message = 'it is in another one', twilio_code = NULL, request_id = NULL
           FROM others WHERE a.id = others.id RETURNING others.was_attached",
    )
    .bind::<BigInt, _>(number_id)
    .bind::<Text, _>(target)
    .load(conn)?;
    if left.iter().any(|row| row.was_attached) {
        registration_put_aside(conn, number_id)?;
    }
    Ok(())
}

/// Twilio has a number of ours in `target`, whatever stands here; `false` = that was known.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_found(
    conn: &mut Connection,
    number_id: i64,
    target: &Target,
    assignment_sid: Option<&str>,
) -> Result<bool, DbError> {
    let (found, ready) = conn.transaction::<_, DbError, _>(|conn| {
        lock(conn, number_id)?;
        if target.kind() == AttachmentKind::MessagingService {
            leave_the_others(conn, number_id, target.sid())?;
        }
        let written = sql_query(
            "INSERT INTO attachments (number_id, kind, target, state, assignment_sid) VALUES ($1, $2, $3, 'attached', $4)
             ON CONFLICT (number_id, kind, target) DO UPDATE
                SET state = 'attached', since = clock_timestamp(), doubted = false, assignment_sid = excluded.assignment_sid,
                    twilio_code = NULL, message = NULL, request_id = NULL, refusal_concerns = NULL
              WHERE attachments.state <> 'attached'",
        )
        .bind::<BigInt, _>(number_id)
        .bind::<Text, _>(target.kind().as_str())
        .bind::<Text, _>(target.sid())
        .bind::<Nullable<Text>, _>(assignment_sid)
        .execute(conn)?;
        number_note_attachments(conn, number_id)?;
        Ok((written > 0, locked(conn, number_id)?.is_stock()))
    })?;
    if found && ready {
        stock_notify(conn)?;
    }
    Ok(found)
}
