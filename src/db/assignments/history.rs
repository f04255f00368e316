//! Who has a number, who had one, and the end of an assignment.
//!
//! How to get it wrong: a number that goes straight back into stock. What still comes in for its user would reach the next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text, Timestamptz};

use super::row::{Assignment, AssignmentRow, Source, tighten};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{AreaCode, PhoneNumber, UserId};

/// The live assignments of those of `user_ids` that have one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_held(conn: &mut Connection, user_ids: &[&str]) -> Result<Vec<Assignment>, DbError> {
    let rows: Vec<AssignmentRow> = sql_query(
        "SELECT a.user_id, n.phone_number, n.area_code, a.assigned_at, a.source, n.missing_since IS NOT NULL AS missing
           FROM assignments a JOIN numbers n ON n.id = a.number_id
          WHERE a.user_id = ANY($1) AND a.released_at IS NULL",
    )
    .bind::<Array<Text>, _>(user_ids)
    .load(conn)?;
    tighten(rows)
}

/// An assignment that ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Release {
    /// Whose it was.
    pub user_id: UserId,
    /// Which number.
    pub phone_number: PhoneNumber,
    /// When it ended.
    pub released_at: DateTime<Utc>,
}

/// Ends a user's assignment and lays the number to rest for `quarantine`; `None` when the user has none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignment_release(
    conn: &mut Connection,
    user_id: &UserId,
    quarantine: Duration,
) -> Result<Option<Release>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        phone_number: String,
        #[diesel(sql_type = Timestamptz)]
        released_at: DateTime<Utc>,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        // What rested for this user before makes way: only the latest number waits for them. A release that finds
        // nothing to release changes nothing.
        sql_query(
            "UPDATE numbers SET rests_for = NULL WHERE rests_for = $1
                AND EXISTS (SELECT 1 FROM assignments WHERE user_id = $1 AND released_at IS NULL)",
        )
        .bind::<Text, _>(user_id.as_str())
        .execute(conn)?;
        let row: Option<Row> = sql_query(
            "WITH ended AS (UPDATE assignments SET released_at = greatest(clock_timestamp(), assigned_at)
                             WHERE user_id = $1 AND released_at IS NULL RETURNING number_id, user_id, released_at)
             UPDATE numbers n SET status = 'quarantined', quarantine_reason = 'released', rests_for = ended.user_id,
                    quarantined_until = ended.released_at + make_interval(secs => $2)
               FROM ended WHERE n.id = ended.number_id RETURNING n.phone_number, ended.released_at",
        )
        .bind::<Text, _>(user_id.as_str())
        .bind::<Double, _>(quarantine.as_secs_f64())
        .get_result(conn)
        .optional()?;
        row.map(|row| {
            let phone_number =
                row.phone_number.parse().map_err(|_| DbError::corrupt("number")("it is not E.164".to_owned()))?;
            Ok(Release { user_id: user_id.clone(), phone_number, released_at: row.released_at })
        })
        .transpose()
    })
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, serde::Serialize, utoipa::ToSchema)]
pub struct AssignmentLine {
    /// Newest first.
    #[diesel(sql_type = BigInt)]
    #[serde(skip)]
    pub id: i64,
    /// Whose.
    #[diesel(sql_type = Text)]
    #[schema(value_type = UserId)]
    pub user_id: String,
    /// Which.
    #[diesel(sql_type = Text)]
    #[schema(value_type = PhoneNumber)]
    pub phone_number: String,
    /// Its area code.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(required, value_type = Option<AreaCode>)]
    pub area_code: Option<String>,
    /// Where the number came from.
    #[diesel(sql_type = Text)]
    #[schema(value_type = Source)]
    pub source: String,
    /// From.
    #[diesel(sql_type = Timestamptz)]
    pub assigned_at: DateTime<Utc>,
    /// Until; `None` = live.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    #[schema(required)]
    pub released_at: Option<DateTime<Utc>>,
}

/// The history, newest first, from below `before`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_list(
    conn: &mut Connection,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<AssignmentLine>, DbError> {
    Ok(sql_query(
        "SELECT a.id, a.user_id, n.phone_number, n.area_code, a.source, a.assigned_at, a.released_at
           FROM assignments a JOIN numbers n ON n.id = a.number_id
          WHERE $1 IS NULL OR a.id < $1 ORDER BY a.id DESC LIMIT $2",
    )
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
