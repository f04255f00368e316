//! By an operator's word: a number changes its pool, wherever it stands, and whoever has it keeps it.
//!
//! Invariants: both pools' rows come before the number's, so that neither changes what it wants meanwhile; `configured` stays
//! only where both want the same and the former pool has not changed its mind about it; the lease is told by the database in
//! the same statement (`numbers_have_a_lease`).
//! How to get it wrong: deciding on where the number stood before it was locked. A release may have begun by now.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Text};

use super::notes::number_note_moved;
use super::read::{number_lock, number_read};
use super::row::OwnedNumber;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::pools::wants_of;
use crate::domain::{NumberStatus, NumberType, PoolName, QuarantineReason};

/// What became of a number that an operator wants in another pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It is there, as it is now.
    Done(Box<OwnedNumber>),
    /// It was there before; nothing changed.
    Already,
    /// It does not stand where it may be moved, by this reason or because Twilio has lost it; nothing changed.
    Stuck(Stuck),
}

/// Why a number is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stuck {
    /// An operator has not decided about it yet.
    OnHold(QuarantineReason),
    /// It is being given back to Twilio, or was.
    Leaving,
    /// Twilio does not know it.
    Missing,
    /// It is in this messaging service, or on its way there, and the new pool wants others: it would be stuck there.
    InService(String),
}

impl Stuck {
    /// Why this number is not moved as it stands; `None` = it may be.
    #[must_use]
    pub fn of(number: &OwnedNumber) -> Option<Self> {
        match (number.status(), number.quarantine_reason) {
            (NumberStatus::Released, _) | (_, Some(QuarantineReason::Leaving)) => Some(Self::Leaving),
            _ if number.is_missing() => Some(Self::Missing),
            (_, Some(QuarantineReason::Released) | None) => None,
            (_, Some(reason)) => Some(Self::OnHold(reason)),
        }
    }
}

/// The messaging service of a number, or the one that it is on its way to, if `pool` wants services and not this one.
fn service_unwanted(conn: &mut Connection, id: i64, pool: &PoolName) -> Result<Option<String>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        target: String,
    }
    let row: Option<Row> = sql_query(
        "SELECT a.target FROM attachments a
          WHERE a.number_id = $1 AND a.kind = 'messaging_service' AND a.state IN ('intended', 'sent', 'attached')
            AND EXISTS (SELECT FROM pool_wants w WHERE w.pool = $2 AND w.kind = a.kind)
            AND NOT EXISTS (SELECT FROM pool_wants w WHERE w.pool = $2 AND w.kind = a.kind AND w.target = a.target)",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| row.target))
}

/// Moves a number into `pool`, of whose type it is by now, and which it has all that it wants for. It is apart as that pool was
/// last told what it is. What was configured stays so where both pools want the same; else it is pending or, being somebody's,
/// drifted: their calls go on where they went. Its history says by whose word it moved.
///
/// # Errors
/// When PostgreSQL fails, or the number's row is gone.
pub fn number_move(
    conn: &mut Connection,
    id: i64,
    pool: &PoolName,
    number_type: NumberType,
    by: &str,
) -> Result<Moved, DbError> {
    #[derive(QueryableByName)]
    struct Wants {
        #[diesel(sql_type = Bool)]
        the_same: bool,
    }
    let moved = conn.transaction::<_, DbError, _>(|conn| {
        let Some(before) = number_read(conn, id)? else {
            return Err(DbError::corrupt("number")("it is gone, and rows are kept".to_owned()));
        };
        // In the order of their names, as all that lock several.
        sql_query("SELECT 1 FROM pools WHERE name = ANY($1) ORDER BY name FOR SHARE")
            .bind::<Array<Text>, _>(vec![before.pool.as_str(), pool.as_str()])
            .execute(conn)?;
        let number = number_lock(conn, id)?;
        if number.pool == *pool {
            return Ok(Moved::Already);
        }
        if let Some(stuck) = Stuck::of(&number) {
            return Ok(Moved::Stuck(stuck));
        }
        if let Some(service) = service_unwanted(conn, id, pool)? {
            return Ok(Moved::Stuck(Stuck::InService(service)));
        }
        let wants: Wants = sql_query(format!(
            "SELECT EXISTS (SELECT 1 FROM pools o JOIN pools p ON {} = {}
                             -- Another operator moved it meanwhile: that pool is not locked.
                             WHERE o.name = $1 AND p.name = $2 AND NOT o.unconfirming AND o.name = $3) AS the_same",
            wants_of("o"),
            wants_of("p")
        ))
        .bind::<Text, _>(number.pool.as_str())
        .bind::<Text, _>(pool.as_str())
        .bind::<Text, _>(before.pool.as_str())
        .get_result(conn)?;
        sql_query(
            "UPDATE numbers SET pool = $2, number_type = $3, capable = true,
                    -- In each pool one waits for its user.
                    rests_for = CASE WHEN NOT EXISTS (SELECT 1 FROM numbers o WHERE o.rests_for = numbers.rests_for AND o.pool = $2)
                                     THEN rests_for END,
                    apart = coalesce((SELECT (p.country, p.number_type) <> (numbers.country, $3) FROM pools p WHERE p.name = $2), false),
                    webhook_status = CASE WHEN $4 THEN webhook_status WHEN $5 THEN 'drifted' ELSE 'pending' END,
                    webhooks_in_vain = 0, webhooks_failed_at = CASE WHEN $4 THEN webhooks_failed_at END
              WHERE id = $1",
        )
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(pool.as_str())
        .bind::<Text, _>(number_type.as_str())
        .bind::<Bool, _>(wants.the_same)
        .bind::<Bool, _>(number.user_id.is_some())
        .execute(conn)?;
        number_note_moved(conn, id, (&number.pool, pool), by)?;
        let now = number_read(conn, id)?;
        Ok(now.map_or(Moved::Already, |now| Moved::Done(Box::new(now))))
    })?;
    // Somebody may wait at its new pool.
    if matches!(&moved, Moved::Done(number) if number.ready && number.user_id.is_none()) {
        stock_notify(conn)?;
    }
    Ok(moved)
}
