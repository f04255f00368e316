//! An operator's word that a number is neither taken from its user for want of use, nor given back to Twilio.
//!
//! Invariant: what was told of the number ends in the same transaction.
//! How to get it wrong: keeping its user from giving it back. The word is for operators and programs.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::read::number_lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::recyclings::recyclings_end_protected;
use crate::domain::NumberStatus;

/// What became of the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protected {
    /// It is so from now on.
    Done,
    /// It was so already.
    Already,
    /// The number has left, or is on its way.
    Leaving,
}

/// Protects a number of ours.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_protect(conn: &mut Connection, id: i64, by: &str) -> Result<Protected, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = number_lock(conn, id)?;
        let is_leaving = number.quarantine_reason == Some(crate::domain::QuarantineReason::Leaving);
        if is_leaving || number.status() == NumberStatus::Released {
            return Ok(Protected::Leaving);
        }
        if number.protected_at.is_some() {
            return Ok(Protected::Already);
        }
        sql_query("UPDATE numbers SET protected_at = clock_timestamp(), protected_by = $2 WHERE id = $1")
            .bind::<BigInt, _>(id)
            .bind::<Text, _>(by)
            .execute(conn)?;
        recyclings_end_protected(conn, id)?;
        note(conn, id, "protected", by)?;
        Ok(Protected::Done)
    })
}

/// Takes that back.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_unprotect(conn: &mut Connection, id: i64, by: &str) -> Result<Protected, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = number_lock(conn, id)?;
        if number.protected_at.is_none() {
            return Ok(Protected::Already);
        }
        sql_query("UPDATE numbers SET protected_at = NULL, protected_by = NULL WHERE id = $1")
            .bind::<BigInt, _>(id)
            .execute(conn)?;
        note(conn, id, "unprotected", by)?;
        Ok(Protected::Done)
    })
}

fn note(conn: &mut Connection, id: i64, what: &str, by: &str) -> Result<(), DbError> {
    sql_query("INSERT INTO number_notes (number_id, note, noted_by) VALUES ($1, $2, $3)")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(what)
        .bind::<Text, _>(by)
        .execute(conn)?;
    Ok(())
}
