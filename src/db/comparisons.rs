//! Comparisons with Twilio: which there were, what they found, and the right to begin one.
//!
//! How to get it wrong: asking "did one begin just now?" without the lock. Instances that start together all hear "no".

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Integer, Jsonb, Nullable, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::reconciliations;
use crate::domain::Occasion;

/// How many comparisons are kept.
const KEPT: i64 = 200;

/// Begins a comparison; its id. `None` = it comes by itself, and one that has not failed began less than `apart` ago on any
/// instance.
///
/// # Errors
/// When PostgreSQL fails.
pub fn reconciliation_begin(
    conn: &mut Connection,
    occasion: Occasion,
    apart: Duration,
) -> Result<Option<i64>, DbError> {
    #[derive(QueryableByName)]
    struct Begun {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        // Instances decide one after the other; the next statement sees what those before have written.
        sql_query("SELECT only_one FROM installation FOR NO KEY UPDATE").execute(conn)?;
        let begun: Option<Begun> = sql_query(
            "INSERT INTO reconciliations (trigger) SELECT $1
              WHERE $1 = 'manual' OR NOT EXISTS (
                    SELECT 1 FROM reconciliations
                     -- One that began in the future began before somebody set the clock back.
                     WHERE error IS NULL AND started_at BETWEEN clock_timestamp() - make_interval(secs => $2) AND clock_timestamp())
             RETURNING id",
        )
        .bind::<Text, _>(occasion.as_str())
        .bind::<Double, _>(apart.as_secs_f64())
        .get_result(conn)
        .optional()?;
        Ok(begun.map(|begun| begun.id))
    })
}

/// Writes down what a comparison found, and forgets the oldest ones.
///
/// # Errors
/// When PostgreSQL fails.
pub fn reconciliation_end(
    conn: &mut Connection,
    id: i64,
    report: &serde_json::Value,
    error: Option<&str>,
) -> Result<(), DbError> {
    sql_query("UPDATE reconciliations SET ended_at = clock_timestamp(), report = $2, error = $3 WHERE id = $1")
        .bind::<BigInt, _>(id)
        .bind::<Jsonb, _>(report)
        .bind::<Nullable<Text>, _>(error)
        .execute(conn)?;
    sql_query(
        "DELETE FROM reconciliations WHERE id <= (SELECT id FROM reconciliations ORDER BY id DESC OFFSET $1 LIMIT 1)",
    )
    .bind::<BigInt, _>(KEPT)
    .execute(conn)?;
    Ok(())
}

/// How many numbers that cannot be read an operator has accepted, and comparisons since found again.
///
/// # Errors
/// When PostgreSQL fails.
pub fn reconciliation_unreadable_accepted(conn: &mut Connection) -> Result<u32, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        accepted: i32,
    }
    let row: Option<Row> = sql_query(
        "SELECT (report->>'unreadable_accepted')::integer AS accepted FROM reconciliations
          WHERE report ? 'unreadable_accepted' ORDER BY id DESC LIMIT 1",
    )
    .get_result(conn)
    .optional()?;
    Ok(row.map_or(0, |row| u32::try_from(row.accepted).unwrap_or_default()))
}

/// The latest comparison with Twilio that ended.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = reconciliations, check_for_backend(diesel::pg::Pg))]
pub struct Comparison {
    /// What set it off.
    pub trigger: Occasion,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it found.
    pub report: Option<serde_json::Value>,
    /// Why it found nothing.
    pub error: Option<String>,
}

/// Reads it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn reconciliation_latest(conn: &mut Connection) -> Result<Option<Comparison>, DbError> {
    Ok(reconciliations::table
        .filter(reconciliations::ended_at.is_not_null())
        .order(reconciliations::id.desc())
        .select(Comparison::as_select())
        .first(conn)
        .optional()?)
}
