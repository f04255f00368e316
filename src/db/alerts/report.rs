//! The weekly report: an alert that is closed from its birth, once a week over all instances.
//!
//! Invariant: `alerts_one_report_per_week`, whoever writes.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use uuid::Uuid;

use super::audience::{channels_of_use, gathering_due};
use super::tell::{Alert, Teller, Telling, alert_write, notify, transition_write};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::alerts;
use crate::db::installation::database_now;
use crate::domain::PoolName;
use crate::domain::alert::{AlertEvent, AlertKind, AlertSeverity, AlertWords};

/// Whether the report of a week that ended at `to` is still to be written: nobody wrote it, and the installation is older.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_report_is_due(conn: &mut Connection, week: &str, to: DateTime<Utc>) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Due {
        #[diesel(sql_type = Bool)]
        due: bool,
    }
    let row: Due = sql_query(
        "SELECT EXISTS (SELECT FROM installation WHERE created_at < $2)
            AND NOT EXISTS (SELECT FROM alerts WHERE kind = 'report.weekly' AND subject = $1) AS due",
    )
    .bind::<Text, _>(week)
    .bind::<Timestamptz, _>(to)
    .get_result(conn)?;
    Ok(row.due)
}

/// Writes the report of a week, from when to when it was; `false` = somebody else did.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_report_write(
    conn: &mut Connection,
    teller: &Teller,
    week: &str,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    words: &AlertWords,
) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // One who writes messages at a time, as whoever judges.
        sql_query("SELECT FROM alert_round FOR UPDATE").execute(conn)?;
        if !alert_report_is_due(conn, week, to)? {
            return Ok(false);
        }
        let now = database_now(conn)?;
        let alert = Alert {
            id: Uuid::now_v7(),
            kind: AlertKind::ReportWeekly,
            subject: week.to_owned(),
            pool: None,
            severity: AlertSeverity::Info,
            opened_at: from.min(now),
            closed_at: Some(now),
        };
        alert_write(conn, &alert, words, now)?;
        let telling = Telling { alert: &alert, no: 1, event: AlertEvent::Raised, words, at: now };
        transition_write(conn, teller, &telling)?;
        for channel in channels_of_use(conn, &teller.channels)? {
            notify(conn, channel, (alert.id, 1), now)?;
        }
        gathering_due(conn, &[])?;
        Ok(true)
    })
}

/// What became of a pool in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct PoolWeek {
    /// Which.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Numbers that signups got,
    #[diesel(sql_type = BigInt)]
    pub signups: i64,
    /// those of them that were waited for,
    #[diesel(sql_type = BigInt)]
    pub waited: i64,
    /// signups that got none,
    #[diesel(sql_type = BigInt)]
    pub refused: i64,
    /// and numbers that were bought.
    #[diesel(sql_type = BigInt)]
    pub bought: i64,
}

/// What became of each pool from one instant until another; a pool of which nothing became is left out.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_weeks(conn: &mut Connection, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PoolWeek>, DbError> {
    Ok(sql_query(
        "SELECT pool, sum(signups)::bigint AS signups, sum(waited)::bigint AS waited, sum(refused)::bigint AS refused,
                sum(bought)::bigint AS bought
           FROM (SELECT a.pool, count(*) AS signups, count(*) FILTER (WHERE a.source = 'emergency') AS waited, 0 AS refused, 0 AS bought
                   FROM assignments_ever a
                  WHERE a.assigned_at >= $1 AND a.assigned_at < $2 AND a.source IN ('pool', 'emergency') GROUP BY a.pool
                 UNION ALL SELECT pool, 0, 0, sum(count), 0 FROM signup_refusals WHERE minute >= $1 AND minute < $2 GROUP BY pool
                 UNION ALL SELECT pool, 0, 0, 0, count(*) FROM purchase_items
                  WHERE state = 'bought' AND intended_at >= $1 AND intended_at < $2 GROUP BY pool) AS parts
          GROUP BY pool ORDER BY pool",
    )
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(to)
    .load(conn)?)
}

/// How many alerts are open.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alerts_open(conn: &mut Connection) -> Result<i64, DbError> {
    Ok(alerts::table.filter(alerts::closed_at.is_null()).count().get_result(conn)?)
}
