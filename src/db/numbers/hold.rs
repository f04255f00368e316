//! Numbers on hold: out of stock until an operator decides, or until an operator's own act has told Twilio.
//!
//! Invariant: more than can be true are not held for another environment's tag, or as contested, without somebody being called
//! first, however slowly it goes: what was held for this in the last day and still is counts.
//! How to get it wrong: holding one by one whatever somebody renamed, or set back. A pool that is held is bought anew.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text};

use super::places::{EXPECTED, EXPECTED_COUNT, IDLE};
use super::read::number_lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{QuarantineReason, too_many};

/// Why a number is on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    /// Its tag names an item that the ledger does not know.
    UnknownItem,
    /// Another environment's tag stands on it.
    TagConflict,
    /// Somebody else sets its webhooks back again and again.
    Contested,
    /// An operator takes it in, or gives it to somebody.
    Adopting,
}

impl HoldReason {
    /// The stored spelling.
    pub(super) fn as_str(self) -> &'static str {
        QuarantineReason::from(self).as_str()
    }
}

impl From<HoldReason> for QuarantineReason {
    fn from(reason: HoldReason) -> Self {
        match reason {
            HoldReason::UnknownItem => Self::UnknownItem,
            HoldReason::TagConflict => Self::TagConflict,
            HoldReason::Contested => Self::Contested,
            HoldReason::Adopting => Self::Adopting,
        }
    }
}

/// From where a number is put on hold; from anywhere else it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::db) enum HoldFrom {
    /// Nobody's: in the pool, or at rest.
    Idle,
    /// On its way back to Twilio.
    Leaving,
}

/// Nobody is given the number from here on. `false` = it did not stand there, and nothing was changed.
pub(in crate::db) fn number_put_on_hold(
    conn: &mut Connection,
    id: i64,
    reason: HoldReason,
    from: HoldFrom,
) -> Result<bool, DbError> {
    let stands = match from {
        HoldFrom::Idle => IDLE,
        HoldFrom::Leaving => "quarantine_reason = 'leaving'",
    };
    conn.transaction::<_, DbError, _>(|conn| {
        number_lock(conn, id)?;
        let held = sql_query(format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = $2, quarantined_until = NULL, rests_for = NULL,
                    held_since = clock_timestamp()
              WHERE id = $1 AND {stands}"
        ))
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(reason.as_str())
        .execute(conn)?;
        Ok(held > 0)
    })
}

/// What became of a number that carries another environment's tag, or is contested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagHold {
    /// Nobody is given it until an operator decides.
    OnHold,
    /// It is somebody's, on hold, leaving or gone: nothing was changed.
    NotIdle,
    /// With it so many would be held in a day, of so many, which is more than can be true: nothing was changed.
    TooMany(usize, i64),
}

/// Another environment's tag stands on an idle number: nobody is given it until an operator decides. `whatever_the_count` =
/// an operator said that it is so, or was called and buying is halted.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_hold_tag_conflict(conn: &mut Connection, id: i64, whatever_the_count: bool) -> Result<TagHold, DbError> {
    hold_counted(conn, id, HoldReason::TagConflict, whatever_the_count)
}

/// Somebody else set an idle number's webhooks back again and again: nobody is given it until an operator decides, and what was
/// counted begins anew. `whatever_the_count` as above.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_hold_contested(conn: &mut Connection, id: i64, whatever_the_count: bool) -> Result<TagHold, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let hold = hold_counted(conn, id, HoldReason::Contested, whatever_the_count)?;
        if hold == TagHold::OnHold {
            sql_query("UPDATE numbers SET webhooks_set_back_at = '{}' WHERE id = $1")
                .bind::<BigInt, _>(id)
                .execute(conn)?;
        }
        Ok(hold)
    })
}

fn hold_counted(
    conn: &mut Connection,
    id: i64,
    reason: HoldReason,
    whatever_the_count: bool,
) -> Result<TagHold, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        held: i64,
        #[diesel(sql_type = BigInt)]
        live: i64,
        #[diesel(sql_type = Bool)]
        counts: bool,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        if !whatever_the_count {
            // One counts after the other, and sees what those before held.
            sql_query("SELECT only_one FROM installation FOR NO KEY UPDATE").execute(conn)?;
            let row: Row = sql_query(format!(
                "SELECT (SELECT count(*) FROM numbers WHERE quarantine_reason = $2 AND id <> $1
                            AND held_since > clock_timestamp() - interval '24 hours' AND {EXPECTED}) AS held,
                        {EXPECTED_COUNT} AS live,
                        EXISTS (SELECT 1 FROM numbers WHERE id = $1 AND {IDLE} AND {EXPECTED}) AS counts"
            ))
            .bind::<BigInt, _>(id)
            .bind::<Text, _>(reason.as_str())
            .get_result(conn)?;
            let would_be = usize::try_from(row.held).unwrap_or_default() + 1;
            if row.counts && too_many(would_be, row.live) {
                return Ok(TagHold::TooMany(would_be, row.live));
            }
        }
        let held = number_put_on_hold(conn, id, reason, HoldFrom::Idle)?;
        Ok(if held { TagHold::OnHold } else { TagHold::NotIdle })
    })
}
