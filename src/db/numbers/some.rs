//! Numbers of which something is told: how many, since when, and the first of them.
//!
//! How to get it wrong: counting all of a million, once many are not as they should be.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PhoneNumber;

/// A pool that wants other services has all of its stock in the wrong ones; how many more nobody needs to know.
pub(in crate::db) const COUNTED_AT_MOST: i64 = 10_000;

/// How many numbers, since when the longest, and which the first of them are.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct SomeNumbers {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Since when the first of them; `None` = none, or nobody wrote it down.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
    /// The first of them.
    #[diesel(sql_type = Array<Text>)]
    pub numbers: Vec<PhoneNumber>,
}

/// The columns of [`SomeNumbers`] over rows `w` (`id`, `phone_number`, `since`), of which so many are named.
pub(in crate::db) fn some_numbers_sql(named: i64) -> String {
    format!(
        "count(*) AS count, min(w.since) AS since,
         coalesce((array_agg(w.phone_number ORDER BY w.since, w.id))[1:{named}], '{{}}') AS numbers"
    )
}

/// The numbers that these words select: `id`, `phone_number`, `since`; so many of them are named.
pub(in crate::db) fn some_numbers(conn: &mut Connection, which: &str, named: i64) -> Result<SomeNumbers, DbError> {
    let columns = some_numbers_sql(named);
    Ok(sql_query(format!("SELECT {columns} FROM ({which} LIMIT {COUNTED_AT_MOST}) AS w")).get_result(conn)?)
}
