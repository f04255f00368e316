//! What Twilio answered, or what it was found to have.
//!
//! Invariants: an end is written once, with its count of failures in the same transaction; what makes a number ready rings those
//! who wait for stock.
//! How to get it wrong: counting a success of joining where the carriers' word decides.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::lock::{lock, lock_of, locked};
use super::reason::{AttachmentReason, bind_reason, reason_set};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::pool_failures::{failures_add, failures_forget};
use crate::db::pool_wants::pool_needs;
use crate::domain::{AttachmentKind, RefusedFor, Target};

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

/// Writes the end of an open attachment, and counts it for the pool under these keys; `false` = it was over already.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_settle(
    conn: &mut Connection,
    id: i64,
    end: &AttachmentEnd,
    fingerprint: &str,
) -> Result<bool, DbError> {
    let ready = conn.transaction::<_, DbError, _>(|conn| {
        let Some((number_id, number)) = lock_of(conn, id)? else { return Ok(None) };
        let (state, concerns, assignment, reason) = match end {
            AttachmentEnd::Attached(assignment) => ("attached", None, assignment.as_deref(), None),
            AttachmentEnd::Refused(concerns, reason) => ("refused", Some(*concerns), None, Some(reason)),
            AttachmentEnd::Conflict(reason) => ("conflict", Some(RefusedFor::Number), None, Some(reason)),
            AttachmentEnd::Left(reason) => ("left", None, None, Some(reason)),
        };
        let query = sql_query(format!(
            "UPDATE attachments SET state = $2, since = clock_timestamp(), doubted = false, refusal_concerns = $3, assignment_sid = $4, {}
              WHERE id = $1 AND state IN ('intended', 'sent')",
            reason_set(5)
        ))
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(state)
        .bind::<Nullable<Text>, _>(concerns.map(RefusedFor::as_str))
        .bind::<Nullable<Text>, _>(assignment);
        if bind_reason!(query, reason).execute(conn)? == 0 {
            return Ok(None);
        }
        match (end, reason) {
            (AttachmentEnd::Attached(_), _) if !pool_needs(conn, &number.pool)?.registered => {
                failures_forget(conn, &number.pool)?;
            }
            (AttachmentEnd::Refused(RefusedFor::Number, _) | AttachmentEnd::Conflict(_), Some(reason)) => {
                failures_add(conn, &number.pool, fingerprint, &reason.message)?;
            }
            _ => {}
        }
        Ok(Some(locked(conn, number_id)?.is_stock()))
    })?;
    if ready == Some(true) {
        stock_notify(conn)?;
    }
    Ok(ready.is_some())
}

/// An attempt had no clear answer: it stays open, and Twilio is asked what it has before it is told again. `false` = it was over
/// already.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_doubt(conn: &mut Connection, id: i64, reason: &AttachmentReason) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        lock_of(conn, id)?;
        let query = sql_query(format!(
            "UPDATE attachments SET doubted = true, {} WHERE id = $1 AND state = 'sent'",
            reason_set(2)
        ))
        .bind::<BigInt, _>(id);
        Ok(bind_reason!(query, Some(reason)).execute(conn)? > 0)
    })
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
            // A number is in one service at most: it is in no other.
            sql_query(
                "UPDATE attachments SET state = 'left', since = clock_timestamp(), doubted = false, message = 'it is in another one',
                        twilio_code = NULL, request_id = NULL
                  WHERE number_id = $1 AND kind = 'messaging_service' AND target <> $2 AND state IN ('intended', 'sent', 'attached')",
            )
            .bind::<BigInt, _>(number_id)
            .bind::<Text, _>(target.sid())
            .execute(conn)?;
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
        Ok((written > 0, locked(conn, number_id)?.is_stock()))
    })?;
    if found && ready {
        stock_notify(conn)?;
    }
    Ok(found)
}
