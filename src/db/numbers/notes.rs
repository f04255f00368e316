//! What is written down of a number that no other table tells: whose tag was seen on it, who set it back, and who moved it
//! into another pool.
//!
//! What was held or gone for a while writes the database itself, when that is over (`numbers_leave_notes`).
//! How to get it wrong: a note at each comparison. What lasts is one line.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;

/// Another environment's tag was seen on a number that somebody has. While it stays there, that is one note.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_note_conflict(conn: &mut Connection, id: i64, environment: &str) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO number_notes (number_id, note, detail)
         SELECT $1, 'tag_conflict', $2
          WHERE NOT EXISTS (SELECT 1 FROM (SELECT note, detail FROM number_notes
                                            WHERE number_id = $1 AND note IN ('tag_conflict', 'retagged')
                                            ORDER BY id DESC LIMIT 1) AS latest
                             WHERE latest.note = 'tag_conflict' AND latest.detail = $2)",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(environment)
    .execute(conn)?;
    Ok(())
}

/// Another environment's tag was overwritten with ours, by this operator's word.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_note_retagged(conn: &mut Connection, id: i64, environment: &str, by: &str) -> Result<(), DbError> {
    sql_query("INSERT INTO number_notes (number_id, note, detail, noted_by) VALUES ($1, 'retagged', $2, $3)")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(environment)
        .bind::<Text, _>(by)
        .execute(conn)?;
    Ok(())
}

/// A number moved from a pool into another, by this operator's word. Both stand in the detail; a name has no blank.
///
/// # Errors
/// When PostgreSQL fails.
pub(super) fn number_note_moved(
    conn: &mut Connection,
    id: i64,
    (from, to): (&PoolName, &PoolName),
    by: &str,
) -> Result<(), DbError> {
    sql_query("INSERT INTO number_notes (number_id, note, detail, noted_by) VALUES ($1, 'moved', $2 || ' ' || $3, $4)")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(from.as_str())
        .bind::<Text, _>(to.as_str())
        .bind::<Text, _>(by)
        .execute(conn)?;
    Ok(())
}
