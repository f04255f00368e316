//! Numbers of the account that an operator does not want to hear of.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::slice::{Counted, Slice, counted_sql};
use crate::domain::{NumberSid, PhoneNumber};

/// A number that is ignored.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct IgnoredNumber {
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Twilio's.
    #[diesel(sql_type = Text)]
    pub sid: NumberSid,
    /// By whose word.
    #[diesel(sql_type = Text)]
    pub ignored_by: String,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub ignored_at: DateTime<Utc>,
}

const SELECT: &str = "SELECT phone_number, sid, ignored_by, ignored_at FROM ignored_numbers";
const DIGITS: &str = "substr(phone_number, 2)::bigint";

/// One of them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn ignored_read(conn: &mut Connection, number: &PhoneNumber) -> Result<Option<IgnoredNumber>, DbError> {
    Ok(sql_query(format!("{SELECT} WHERE phone_number = $1"))
        .bind::<Text, _>(number.as_str())
        .get_result(conn)
        .optional()?)
}

/// A page of them, by their digits, which are their key.
///
/// # Errors
/// When PostgreSQL fails.
pub fn ignored_list(conn: &mut Connection, slice: Slice<i64>, limit: i64) -> Result<Vec<IgnoredNumber>, DbError> {
    let (than, direction) = slice.reading(false);
    let outermost = if than == ">" { 0 } else { i64::MAX };
    let rows = sql_query(format!("{SELECT} WHERE {DIGITS} {than} $1 ORDER BY {DIGITS} {direction} LIMIT $2"))
        .bind::<BigInt, _>(slice.key().unwrap_or(outermost))
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    Ok(slice.in_order(rows))
}

/// How many there are, and how many before `first`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn ignored_count(conn: &mut Connection, first: i64) -> Result<Counted, DbError> {
    Ok(sql_query(counted_sql(&format!("SELECT {DIGITS} < $1 AS ahead FROM ignored_numbers")))
        .bind::<BigInt, _>(first)
        .get_result(conn)?)
}

/// Those that begin with one of `beginnings` (with their `+`), end in `ending`, or have this SID; people ignore few.
///
/// # Errors
/// When PostgreSQL fails.
pub fn ignored_like(
    conn: &mut Connection,
    beginnings: &[String],
    ending: Option<&str>,
    sid: Option<&NumberSid>,
    limit: i64,
) -> Result<Vec<IgnoredNumber>, DbError> {
    Ok(sql_query(format!(
        "{SELECT} WHERE EXISTS (SELECT 1 FROM unnest($1) AS b WHERE starts_with(phone_number, b)) OR starts_with(reverse(phone_number), reverse($2)) OR sid = $3
          ORDER BY ignored_at DESC LIMIT $4"
    ))
    .bind::<diesel::sql_types::Array<Text>, _>(beginnings)
    .bind::<Nullable<Text>, _>(ending)
    .bind::<Nullable<Text>, _>(sid.map(NumberSid::as_str))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// Hears of a number again, by an operator's word; what was ignored, or `None` when it was not.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_unignore(conn: &mut Connection, number: &PhoneNumber) -> Result<Option<IgnoredNumber>, DbError> {
    Ok(sql_query(
        "DELETE FROM ignored_numbers WHERE phone_number = $1 RETURNING phone_number, sid, ignored_by, ignored_at",
    )
    .bind::<Text, _>(number.as_str())
    .get_result(conn)
    .optional()?)
}

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
