//! A number's lease: the slim row that says whose the number is, in a table of its own, so that a signup writes nothing else.
//!
//! The database makes it with the number, keeps what it copies from there in step, and takes it away when the number rests,
//! is put on hold, leaves or is gone; see the migration that made the table for what guards what.
//! Invariant: whoever moves a number that is nobody's locks the number, then its lease, and decides afterwards
//! ([`super::read::number_lock`]). A signup locks the lease alone, and passes by what is locked.
//! How to get it wrong: deciding by a lease that was read before it was locked.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{AssignmentSource, UserId};

/// What a lease says when somebody gets the number, beside whose it is, since when and why.
macro_rules! leased {
    () => {
        "assignment_id = nextval('assignment_ids')"
    };
}
pub(in crate::db) use leased;

/// Nobody's, ready, and of its pool's kind: what a signup takes that asks for nothing.
macro_rules! stock {
    () => {
        "user_id IS NULL AND ready AND NOT apart"
    };
}
pub(in crate::db) use stock;

/// Locks a number's lease until the transaction ends: a signup takes another one, and who has the number keeps it.
pub(super) fn lease_lock(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query("SELECT 1 FROM leases WHERE number_id = $1 FOR UPDATE").bind::<BigInt, _>(id).execute(conn)?;
    Ok(())
}

/// Whose a number is by now.
pub(super) fn lease_user(conn: &mut Connection, id: i64) -> Result<Option<String>, DbError> {
    use crate::db::engine::schema::leases;
    let user: Option<Option<String>> = leases::table.find(id).select(leases::user_id).first(conn).optional()?;
    Ok(user.flatten())
}

/// Gives an active number that is nobody's to a user by an operator's word, whatever it lacks; `since` = now if not told.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when the user has another number, with `SomebodysMeanwhile` when another
/// user has this one.
pub(super) fn lease_to(
    conn: &mut Connection,
    id: i64,
    user_id: &UserId,
    source: AssignmentSource,
    since: Option<DateTime<Utc>>,
) -> Result<(), DbError> {
    // Lists go by the id: it tells when an assignment of earlier began.
    let given = sql_query(
        "UPDATE leases SET user_id = $2, source = $3, assigned_at = coalesce($4, clock_timestamp()),
                assignment_id = assignment_id_of($4)
          WHERE number_id = $1",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(user_id.as_str())
    .bind::<Text, _>(source.as_str())
    .bind::<Nullable<Timestamptz>, _>(since)
    .execute(conn)?;
    match given {
        0 => Err(DbError::corrupt("number")("it is active and has no lease".to_owned())),
        _ => Ok(()),
    }
}
