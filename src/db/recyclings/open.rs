//! A notice that is out.
//!
//! How to get it wrong: one of an earlier user's. What was told of a number that is somebody else's by now says nothing of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// How far the notice of a number has come.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct OpenNotice {
    /// `intended` or `noticed`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// When it was told.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub noticed_at: Option<DateTime<Utc>>,
    /// Until when there is time to answer.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub take_after: Option<DateTime<Utc>>,
}

/// The notice of a number to whoever has it now, if one is out.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recycling_open(conn: &mut Connection, number_id: i64) -> Result<Option<OpenNotice>, DbError> {
    Ok(sql_query(
        "SELECT r.state, r.noticed_at, r.take_after FROM recyclings r
           JOIN leases l ON l.number_id = r.number_id AND l.assignment_id = r.assignment_id
          WHERE r.number_id = $1 AND r.state IN ('intended', 'noticed')",
    )
    .bind::<BigInt, _>(number_id)
    .get_result(conn)
    .optional()?)
}
