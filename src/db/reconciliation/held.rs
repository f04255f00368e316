//! Numbers that are held until an operator decides.
//!
//! How to get it wrong: telling of a number that was taken in a moment ago. Whoever adopts it may still be at it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// A number that is held for long.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Held {
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: String,
    /// `adopting`, `unknown_item` or `tag_conflict`.
    #[diesel(sql_type = Text)]
    pub reason: String,
}

/// Numbers that have been held for longer than ten minutes, the oldest first, at most `limit`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_held_long(conn: &mut Connection, limit: i64) -> Result<Vec<Held>, DbError> {
    Ok(sql_query(
        "SELECT phone_number, quarantine_reason AS reason FROM numbers
          WHERE status = 'quarantined' AND quarantine_reason IN ('adopting', 'unknown_item', 'tag_conflict')
            AND coalesce(held_since, '-infinity') < clock_timestamp() - interval '10 minutes'
          ORDER BY id LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
