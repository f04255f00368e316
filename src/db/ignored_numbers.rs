//! Numbers of the account that an operator does not want to hear of.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{NumberSid, PhoneNumber};

/// Ignores a number from now on; `false` when it is ours, so that there is nothing to ignore. Repeating it is harmless.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_ignore(conn: &mut Connection, number: &PhoneNumber, sid: &NumberSid, by: &str) -> Result<bool, DbError> {
    let written = sql_query(
        "INSERT INTO ignored_numbers (phone_number, sid, ignored_by)
         SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM numbers WHERE phone_number = $1 AND status <> 'released')
         ON CONFLICT (phone_number) DO UPDATE SET sid = excluded.sid",
    )
    .bind::<Text, _>(number.as_str())
    .bind::<Text, _>(sid.as_str())
    .bind::<Text, _>(by)
    .execute(conn)?;
    Ok(written > 0)
}

/// Hears of a number again: it became ours.
pub(super) fn number_heed(conn: &mut Connection, number: &PhoneNumber) -> Result<(), DbError> {
    sql_query("DELETE FROM ignored_numbers WHERE phone_number = $1").bind::<Text, _>(number.as_str()).execute(conn)?;
    Ok(())
}
