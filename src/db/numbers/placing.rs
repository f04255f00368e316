//! By an operator's word: a number of ours goes into the pool, or to somebody.
//!
//! Invariants: nobody has two numbers, and no number two users; what goes into the pool was confirmed at Twilio; what is
//! leaving stays on its way.
//! How to get it wrong: giving away what was read before its lease was locked. A signup may have it by now.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::lease::lease_to;
use super::places::ACTIVE;
use super::read::number_lock;
use super::row::OwnedNumber;
use crate::db::attachments::{Whose, attachments_intend, lock};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::pools::{PoolWanted, pool_wants};
use crate::domain::{AssignmentSource, NumberStatus, QuarantineReason, UserId};

/// What became of a number that an operator wants in the pool, or somebody to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is where it was wanted.
    Done,
    /// It was there before; nothing changed.
    Already,
    /// Somebody else has it.
    Assigned,
    /// It is being given back to Twilio, or was.
    Leaving,
    /// It is not ready any more: Twilio must confirm it first.
    NotReady,
}

/// What Twilio confirmed of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Whether it can do what `pool.capabilities` wants; `None` = Twilio keeps silent, and what is recorded stays.
    pub capable: Option<bool>,
    /// What it carries, and the pool that wanted it; if its pool is another one by now, or wants other webhooks, it is not
    /// configured after all.
    pub wanted: PoolWanted,
}

/// Ends an adoption: the number goes into the pool or to `user_id`. `confirmed` is what Twilio's answer says; without it
/// the number must still be ready stock, which Twilio confirmed before.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when the user has another number; then nothing changed.
pub fn number_adopted(
    conn: &mut Connection,
    id: i64,
    user_id: Option<&UserId>,
    confirmed: Option<&Confirmed>,
) -> Result<Placed, DbError> {
    let placed = conn.transaction::<_, DbError, _>(|conn| {
        // The pool before the number: a change of the webhooks, or of what it wants, locks them in this order.
        lock(conn, id)?;
        let wanted = confirmed.map(|confirmed| pool_wants(conn, &confirmed.wanted)).transpose()?;
        let number = number_lock(conn, id)?;
        let is_its_pool = confirmed.is_none_or(|confirmed| confirmed.wanted.pool == number.pool);
        let wanted = wanted.map(|wanted| wanted && is_its_pool);
        if let Some(placed) = is_placed(&number, user_id) {
            return Ok(placed);
        }
        if confirmed.is_none() && !number.ready {
            return Ok(Placed::NotReady);
        }
        found_to_be(conn, id, confirmed.and_then(|confirmed| confirmed.capable), wanted)?;
        becomes_active(conn, id)?;
        if let Some(user_id) = user_id {
            lease_to(conn, id, user_id, AssignmentSource::Adopt, None)?;
            // The operator's word, by which its webhooks are ours as well: it joins what its pool wants.
            attachments_intend(conn, id, Whose::Anybodys)?;
        }
        Ok(Placed::Done)
    })?;
    if placed == Placed::Done && user_id.is_none() {
        stock_notify(conn)?;
    }
    Ok(placed)
}

/// Gives an idle number of ours to the user who had it before, whatever its webhooks are.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when the user has another number; then nothing changed.
pub fn number_import_to(
    conn: &mut Connection,
    id: i64,
    user_id: &UserId,
    since: DateTime<Utc>,
) -> Result<Placed, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = number_lock(conn, id)?;
        if let Some(placed) = is_placed(&number, Some(user_id)) {
            return Ok(placed);
        }
        becomes_active(conn, id)?;
        lease_to(conn, id, user_id, AssignmentSource::Import, Some(since))?;
        Ok(Placed::Done)
    })
}

/// It neither rests nor is on hold any more: its lease comes with this, and is locked until the transaction ends.
fn becomes_active(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query(format!("UPDATE numbers SET {ACTIVE} WHERE id = $1")).bind::<BigInt, _>(id).execute(conn)?;
    Ok(())
}

/// What Twilio's answer says of it, where there was one: it is there, too.
fn found_to_be(conn: &mut Connection, id: i64, capable: Option<bool>, wanted: Option<bool>) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers SET webhook_status = coalesce($3, webhook_status), capable = coalesce($2, capable), missing_since = NULL,
                another_tag_since = CASE WHEN $3 IS NULL THEN another_tag_since END
          WHERE id = $1",
    )
    .bind::<BigInt, _>(id)
    .bind::<Nullable<Bool>, _>(capable)
    .bind::<Nullable<Text>, _>(wanted.map(|wanted| if wanted { "configured" } else { "drifted" }))
    .execute(conn)?;
    Ok(())
}

fn is_placed(number: &OwnedNumber, user_id: Option<&UserId>) -> Option<Placed> {
    match (number.status(), number.quarantine_reason) {
        (NumberStatus::Released, _) | (_, Some(QuarantineReason::Leaving)) => Some(Placed::Leaving),
        (NumberStatus::Assigned, _) if user_id.is_none_or(|user_id| number.is_of(user_id)) => Some(Placed::Already),
        (NumberStatus::Assigned, _) => Some(Placed::Assigned),
        _ => None,
    }
}
