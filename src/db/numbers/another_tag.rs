//! Another environment's tag on a number that somebody has: it stays theirs, and an operator is told until it is decided.
//!
//! How to get it wrong: telling it in a report only. The next comparison may break off before it comes to that number.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// Writes down whether Twilio shows another environment's tag on the number; one that it has shown for long keeps its time.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_note_tag(conn: &mut Connection, id: i64, is_anothers: bool) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers SET another_tag_since = CASE WHEN $2 THEN clock_timestamp() END
          WHERE id = $1 AND (another_tag_since IS NOT NULL) <> $2 AND status <> 'released'",
    )
    .bind::<BigInt, _>(id)
    .bind::<Bool, _>(is_anothers)
    .execute(conn)?;
    Ok(())
}
