//! How Twilio is asked: a committed attempt first.
//!
//! Invariants: of two who are at one attachment, one sends; whoever repeats what was sent before looks first what Twilio has; a
//! trust product is asked for only when its number is of the profile, and let go when nobody wants it any more.
//! How to get it wrong: one slow service whose attachments are all that is taken up. Or the oldest first: four for which Twilio never
//! answers well would be all that is ever tried at their service.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text};

use super::lock::lock_of;
use super::targets::LEAVES_SMS;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::FREE;
use crate::domain::{AttachmentKind, NumberSid, PhoneNumber, PoolName};

/// SQL, of an attachment `a`: it is Twilio's turn to be asked; silent for `$1` seconds if it was, unless its attempt is known to be over.
/// What was sent in the future was so before the clock was set back.
const DUE: &str = "a.state IN ('intended', 'sent') AND NOT a.leaving
    AND (a.state = 'intended' OR a.doubted OR a.last_sent_at < clock_timestamp() - make_interval(secs => $1) OR a.last_sent_at > clock_timestamp())
    AND (a.kind <> 'trust_product'
         OR EXISTS (SELECT FROM attachments p WHERE p.number_id = a.number_id AND p.kind = 'customer_profile' AND p.state = 'attached')
         OR NOT EXISTS (SELECT FROM numbers m JOIN pool_wants w ON w.pool = m.pool
                         WHERE m.id = a.number_id AND w.kind = a.kind AND w.target = a.target))";

/// SQL: a number that was bought so lately may be unknown to Twilio's messaging.
const YOUNG: &str = "10 minutes";

/// An open attachment that nobody seems to work on.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct DueAttachment {
    /// The attachment.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// To what.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
    /// To which.
    #[diesel(sql_type = Text)]
    pub target: String,
}

/// Open attachments that were silent for so long, or never sent: of each target but the `resting` ones at most `of_each`, those first
/// that wait the longest since they came or were sent: what fails again and again keeps nothing else waiting.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachments_due(
    conn: &mut Connection,
    silent_for: Duration,
    resting: &[&str],
    of_each: i64,
) -> Result<Vec<DueAttachment>, DbError> {
    Ok(sql_query(format!(
        // Target by target, a stretch of the index each, however many attachments wait at one.
        "WITH RECURSIVE t AS (
             (SELECT target FROM attachments WHERE {OPEN} ORDER BY target LIMIT 1)
             UNION ALL
             SELECT (SELECT target FROM attachments WHERE {OPEN} AND target > t.target ORDER BY target LIMIT 1) FROM t WHERE t.target IS NOT NULL)
         SELECT due.* FROM t CROSS JOIN LATERAL (
                SELECT a.id, a.kind, a.target FROM attachments a
                 WHERE a.target = t.target AND (a.state IN ('intended', 'sent') OR a.leaving) AND {DUE}
                   AND EXISTS (SELECT FROM numbers WHERE numbers.id = a.number_id AND {FREE} AND missing_since IS NULL)
                 ORDER BY coalesce(a.last_sent_at, a.since), a.id LIMIT $3) AS due
          WHERE t.target IS NOT NULL AND t.target <> ALL ($2)"
    ))
    .bind::<Double, _>(silent_for.as_secs_f64())
    .bind::<Array<Text>, _>(resting)
    .bind::<BigInt, _>(of_each)
    .load(conn)?)
}

/// SQL: as the index on open attachments has it.
const OPEN: &str = "(state IN ('intended', 'sent') OR leaving)";

/// What is asked of Twilio.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct SendingAttachment {
    /// The attachment.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Which number.
    #[diesel(sql_type = BigInt)]
    pub number_id: i64,
    /// Twilio's identity of it.
    #[diesel(sql_type = Text)]
    pub sid: NumberSid,
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// To what.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
    /// To which.
    #[diesel(sql_type = Text)]
    pub target: String,
    /// Which attempt this is.
    #[diesel(sql_type = Integer)]
    pub attempt: i32,
    /// Whether an earlier attempt may have worked: Twilio is asked what it has before it is told again.
    #[diesel(sql_type = Bool)]
    pub may_be_there: bool,
    /// Whether its pool wants it still.
    #[diesel(sql_type = Bool)]
    pub is_wanted: bool,
    /// Whether it is to go on whoever has the number.
    #[diesel(sql_type = Bool)]
    pub for_anybody: bool,
    /// Whether it would take the inbound SMS of somebody who got the number since, and nobody said that it may.
    #[diesel(sql_type = Bool)]
    pub takes_sms_away: bool,
    /// Why the target takes no number, as far as is known by now; `None` = it may.
    #[diesel(sql_type = Nullable<Text>)]
    pub closed: Option<String>,
    /// Whether the number is so new that Twilio's messaging may not know it yet.
    #[diesel(sql_type = Bool)]
    pub is_young: bool,
}

/// One asking of Twilio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachmentAttempt {
    /// The attachment.
    pub attachment: i64,
    /// Which of its attempts, however often it began anew.
    pub nth: i32,
}

impl SendingAttachment {
    /// Whose answer is to be written.
    #[must_use]
    pub fn asking(&self) -> AttachmentAttempt {
        AttachmentAttempt { attachment: self.id, nth: self.attempt }
    }
}

/// Commits the next attempt; `None` = it is over, somebody sent it a moment ago, or its number may not be touched.
///
/// # Errors
/// When PostgreSQL fails; then Twilio must not be asked.
pub fn attachment_send(
    conn: &mut Connection,
    id: i64,
    silent_for: Duration,
) -> Result<Option<SendingAttachment>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let Some((_, number)) = lock_of(conn, id)? else { return Ok(None) };
        if !number.is_free {
            return Ok(None);
        }
        Ok(sql_query(format!(
            "WITH before AS (SELECT a.id, a.state = 'sent' AS may_be_there FROM attachments a WHERE a.id = $2 AND {DUE})
             UPDATE attachments a SET state = 'sent', attempts = attempts + 1, last_sent_at = clock_timestamp(), doubted = false,
                    since = CASE a.state WHEN 'sent' THEN a.since ELSE clock_timestamp() END
               FROM before, numbers n
              WHERE a.id = before.id AND n.id = a.number_id
             RETURNING a.id, a.number_id, n.sid, n.phone_number, n.pool, a.kind, a.target, a.attempts AS attempt, before.may_be_there,
                       EXISTS (SELECT FROM pool_wants w WHERE w.pool = n.pool AND w.kind = a.kind AND w.target = a.target) AS is_wanted,
                       a.for_anybody, a.kind = 'messaging_service' AND NOT a.for_anybody
                           AND EXISTS (SELECT FROM leases l WHERE l.number_id = n.id AND l.user_id IS NOT NULL)
                           AND NOT EXISTS (SELECT FROM attachment_targets t WHERE t.target = a.target AND {LEAVES_SMS}) AS takes_sms_away,
                       (SELECT t.message FROM attachment_targets t
                         WHERE t.target = a.target AND coalesce(t.full_since, t.unknown_since) IS NOT NULL) AS closed,
                       n.purchased_at > clock_timestamp() - interval '{YOUNG}' AS is_young"
        ))
        .bind::<Double, _>(silent_for.as_secs_f64())
        .bind::<BigInt, _>(id)
        .get_result(conn)
        .optional()?)
    })
}
