//! Events with a wrong signature, by the minute, over all instances.
//!
//! How to get it wrong: a row for each. Anybody can send them, by the thousand.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// Adds what an instance refused of late.
///
/// # Errors
/// When PostgreSQL fails; then nothing was added.
pub fn event_refusals_add(conn: &mut Connection, count: u64) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO event_refusals AS e (minute, count) VALUES (date_trunc('minute', clock_timestamp(), 'UTC'), $1)
         ON CONFLICT (minute) DO UPDATE SET count = e.count + excluded.count",
    )
    .bind::<BigInt, _>(i64::try_from(count).unwrap_or(i64::MAX))
    .execute(conn)?;
    Ok(())
}
