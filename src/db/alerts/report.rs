//! The weekly report: an alert that is closed from its birth, once a week over all instances.
//!
//! Invariant: `alerts_one_report_per_week`, whoever writes.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text, Timestamptz};
use uuid::Uuid;

use super::audience::{channels_of_use, gathering_due};
use super::tell::{Alert, Teller, Telling, alert_write, notify, transition_write};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::installation::database_now;
use crate::domain::alert::{AlertEvent, AlertKind, AlertSeverity, AlertWords};

/// Whether the report of a week is still to be written: nobody wrote it, and the installation is older than `from`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_report_is_due(conn: &mut Connection, week: &str, from: DateTime<Utc>) -> Result<bool, DbError> {
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
    .bind::<Timestamptz, _>(from)
    .get_result(conn)?;
    Ok(row.due)
}

/// Writes the report of a week, which began `from`; `false` = somebody else did.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_report_write(
    conn: &mut Connection,
    teller: &Teller,
    week: &str,
    from: DateTime<Utc>,
    words: &AlertWords,
) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // One who writes messages at a time, as whoever judges.
        sql_query("SELECT FROM alert_round FOR UPDATE").execute(conn)?;
        if !alert_report_is_due(conn, week, from)? {
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
