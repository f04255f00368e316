//! How an attachment ends: Twilio has it no more, or its number has left for ever.
//!
//! Invariants: nothing is taken out of a service while its number is ours; what a number that left may still be a member of is
//! told to Twilio until it says that it is not.
//! How to get it wrong: detaching a number that only rests. Its next user would wait days for the carriers. Or keeping what the
//! carriers said of a service that the number is in no more, until it is found in another one.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};

use super::lock::lock_of;
use super::reason::{AttachmentReason, bind_reason, reason_set};
use super::targets::target_has_room;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{number_note_attachments, registration_put_aside};
use crate::domain::{AttachmentKind, NumberSid};

/// A comparison did not find a number of ours in what it was attached to, and asked for it: it has left, and what the carriers said of
/// that membership counts no more. `false` = it was not attached any more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_missed(conn: &mut Connection, id: i64, reason: &AttachmentReason) -> Result<bool, DbError> {
    leave(conn, id, "state = 'attached' AND NOT leaving", reason)
}

/// Twilio has it no more, of a number that has left; `false` = that was known.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_left(conn: &mut Connection, id: i64, reason: &AttachmentReason) -> Result<bool, DbError> {
    leave(conn, id, "leaving", reason)
}

fn leave(conn: &mut Connection, id: i64, from: &str, reason: &AttachmentReason) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: AttachmentKind,
        #[diesel(sql_type = Text)]
        target: String,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        let Some((number_id, _)) = lock_of(conn, id)? else { return Ok(false) };
        let query = sql_query(format!(
            "UPDATE attachments SET state = 'left', since = clock_timestamp(), doubted = false, leaving = false,
                    -- It was there: what was meant of it is done.
                    for_anybody = false, {}
              WHERE id = $1 AND {from} RETURNING kind, target",
            reason_set(2)
        ))
        .bind::<BigInt, _>(id);
        let left: Option<Row> = bind_reason!(query, Some(reason)).get_result(conn).optional()?;
        if let Some(Row { kind, target }) = &left {
            if *kind == AttachmentKind::MessagingService {
                registration_put_aside(conn, number_id)?;
            }
            target_has_room(conn, target)?;
            number_note_attachments(conn, number_id)?;
        }
        Ok(left.is_some())
    })
}

/// Twilio did not let it go: whatever else leaves comes before it. `false` = it is gone.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachment_stays(conn: &mut Connection, id: i64) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        lock_of(conn, id)?;
        let tried = "UPDATE attachments SET last_sent_at = clock_timestamp() WHERE id = $1 AND leaving";
        Ok(sql_query(tried).bind::<BigInt, _>(id).execute(conn)? > 0)
    })
}

/// Its number has left for ever: what Twilio was never asked for is over, and what it may have is to be ended there. The caller has
/// locked the number.
pub(in crate::db) fn attachments_let_go(conn: &mut Connection, number_id: i64) -> Result<(), DbError> {
    sql_query(
        "UPDATE attachments SET state = CASE WHEN state IN ('sent', 'attached') THEN state ELSE 'left' END,
                since = CASE WHEN state IN ('sent', 'attached', 'left') THEN since ELSE clock_timestamp() END,
                leaving = state IN ('sent', 'attached'), refusal_concerns = NULL
          WHERE number_id = $1 AND state <> 'left'",
    )
    .bind::<BigInt, _>(number_id)
    .execute(conn)?;
    Ok(())
}

/// What a number that left may still be in.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct LeavingAttachment {
    /// The attachment.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The number's identity at Twilio.
    #[diesel(sql_type = Text)]
    pub sid: NumberSid,
    /// To what.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
    /// To which.
    #[diesel(sql_type = Text)]
    pub target: String,
    /// Twilio's name for the assignment of a profile or a product; `None` = it was never told.
    #[diesel(sql_type = Nullable<Text>)]
    pub assignment_sid: Option<String>,
}

/// What is to be ended at Twilio, but for what is in one of the `resting` targets and for `alone`: those first that were not asked for
/// the longest, so that one that Twilio keeps does not keep the others.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachments_leaving(
    conn: &mut Connection,
    resting: &[&str],
    alone: &[i64],
    limit: i64,
) -> Result<Vec<LeavingAttachment>, DbError> {
    Ok(sql_query(
        "SELECT a.id, n.sid, a.kind, a.target, a.assignment_sid FROM attachments a JOIN numbers n ON n.id = a.number_id
          WHERE a.leaving AND a.target <> ALL ($1) AND a.id <> ALL ($2) ORDER BY coalesce(a.last_sent_at, a.since), a.id LIMIT $3",
    )
    .bind::<Array<Text>, _>(resting)
    .bind::<Array<BigInt>, _>(alone)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
