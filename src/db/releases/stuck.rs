//! Releases that Twilio does not answer for.
//!
//! How to get it wrong: counting attempts. Who calls by hand makes three within seconds.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PhoneNumber;

/// Releases that have been open for more than an hour, by the oldest.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct StuckReleases {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Since when the oldest.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
    /// Its number.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// How often Twilio was asked.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// What came of it the last time.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_words: Option<String>,
}

/// Those that have been open for long; `None` = none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn releases_stuck(conn: &mut Connection) -> Result<Option<StuckReleases>, DbError> {
    Ok(sql_query(
        "SELECT count(*) OVER () AS count, r.intended_at AS since, n.phone_number, r.attempts, r.error_message AS last_words
           FROM releases r JOIN numbers n ON n.id = r.number_id
          WHERE r.state IN ('intended', 'sent') AND r.intended_at < clock_timestamp() - interval '1 hour'
          ORDER BY r.intended_at LIMIT 1",
    )
    .get_result(conn)
    .optional()?)
}
