//! Alerts and what was told of them, for whoever looks.
//!
//! Invariant: a page is two statements, however many alerts and notifications stand on it.
//! How to get it wrong: counting a text as told because it was written. It is told when some channel took it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::slice::{Counted, Slice, counted_sql};
use crate::domain::PoolName;
use crate::domain::alert::{AlertChannel, AlertEvent, AlertKind, AlertSeverity, MessageState};

/// So many notifications of one alert are shown, the latest.
const NOTIFICATIONS_MAX: i64 = 50;

/// An alert as it stands.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct AlertRow {
    /// The same in all that is told of it.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// For the cursor.
    #[diesel(sql_type = BigInt)]
    pub number: i64,
    /// What it is.
    #[diesel(sql_type = Text)]
    pub kind: AlertKind,
    /// The pool, the window or the week that it is about, or nothing.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// The pool that it is about.
    #[diesel(sql_type = Nullable<Text>)]
    pub pool: Option<PoolName>,
    /// How bad it is, or was at its worst.
    #[diesel(sql_type = Text)]
    pub severity: AlertSeverity,
    /// One sentence.
    #[diesel(sql_type = Text)]
    pub summary: String,
    /// Why, and what it means.
    #[diesel(sql_type = Text)]
    pub detail: String,
    /// What to do.
    #[diesel(sql_type = Text)]
    pub todo: String,
    /// Since when it is so.
    #[diesel(sql_type = Timestamptz)]
    pub opened_at: DateTime<Utc>,
    /// Until when it was.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub closed_at: Option<DateTime<Utc>>,
    /// When somebody said that they know.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    #[diesel(sql_type = Nullable<Text>)]
    pub acknowledged_by: Option<String>,
    /// Since when the last that is to be told of it reached nobody.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub untold_since: Option<DateTime<Utc>>,
}

/// How far one thing that is told of an alert has come on one channel.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NotificationRow {
    #[diesel(sql_type = SqlUuid)]
    alert_id: Uuid,
    /// The same for every try.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// What became of the alert.
    #[diesel(sql_type = Text)]
    pub event: AlertEvent,
    /// When that was.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Which way it goes.
    #[diesel(sql_type = Text)]
    pub channel: AlertChannel,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: MessageState,
    /// How often it was tried.
    #[diesel(sql_type = Integer)]
    pub tries: i32,
    /// What the far side said last, if it did not take it.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    /// When it was taken.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
}

/// An alert with what was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// The alert.
    pub alert: AlertRow,
    /// The latest of them, in the order in which they happened.
    pub notifications: Vec<NotificationRow>,
}

/// The columns of [`AlertRow`]; a text that nobody took for a minute is untold.
pub(super) const ALERT: &str = "
    a.id, a.number, a.kind, a.subject, a.pool, a.severity, a.summary, a.detail, a.todo, a.opened_at, a.closed_at,
    a.acknowledged_at, a.acknowledged_by,
    (SELECT CASE WHEN bool_and(m.state <> 'sent' AND cardinality(m.taken_by) = 0)
                  AND min(greatest(m.created_at, t.at)) < clock_timestamp() - interval '1 minute'
                 THEN min(greatest(m.created_at, t.at)) END
       FROM alert_notifications n JOIN alert_messages m ON m.id = n.message_id
       JOIN alert_transitions t ON t.alert_id = n.alert_id AND t.no = n.no
      WHERE n.alert_id = a.id AND n.no = a.transitions) AS untold_since";

const NOTIFICATIONS: &str = "
    SELECT told.* FROM unnest($1::uuid[]) AS wanted(id)
     CROSS JOIN LATERAL (
        SELECT n.alert_id, n.no, n.id, t.event, t.at, n.channel, m.state, m.tries, m.last_error,
               CASE WHEN m.state = 'sent' THEN m.ended_at END AS sent_at
          FROM alert_notifications n JOIN alert_messages m ON m.id = n.message_id
          JOIN alert_transitions t ON t.alert_id = n.alert_id AND t.no = n.no
         WHERE n.alert_id = wanted.id ORDER BY n.no DESC, n.channel DESC LIMIT $2) AS told
     ORDER BY told.no, told.channel";

/// A page of the alerts, newest first; only those that are open, or all.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alerts_list(
    conn: &mut Connection,
    open_only: bool,
    slice: Slice<i64>,
    limit: i64,
) -> Result<Vec<AlertRecord>, DbError> {
    let (than, direction) = slice.reading(true);
    let rows: Vec<AlertRow> = sql_query(format!(
        "SELECT {ALERT} FROM alerts a
          WHERE (NOT $1 OR a.closed_at IS NULL) AND ($2::bigint IS NULL OR a.number {than} $2)
          ORDER BY a.number {direction} LIMIT $3"
    ))
    .bind::<Bool, _>(open_only)
    .bind::<Nullable<BigInt>, _>(slice.key())
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    with_notifications(conn, slice.in_order(rows))
}

/// How many alerts there are, and how many of them come before one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alerts_count(conn: &mut Connection, open_only: bool, first: i64) -> Result<Counted, DbError> {
    let counted = "SELECT number > $2 AS ahead FROM alerts WHERE NOT $1 OR closed_at IS NULL";
    Ok(sql_query(counted_sql(counted)).bind::<Bool, _>(open_only).bind::<BigInt, _>(first).get_result(conn)?)
}

/// One alert; `None` = there is none of this id.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_read(conn: &mut Connection, id: Uuid) -> Result<Option<AlertRecord>, DbError> {
    let rows: Vec<AlertRow> =
        sql_query(format!("SELECT {ALERT} FROM alerts a WHERE a.id = $1")).bind::<SqlUuid, _>(id).load(conn)?;
    Ok(with_notifications(conn, rows)?.pop())
}

/// Somebody knows of an alert: it is not told again until it is over or becomes worse. One that is over, or that somebody knows of
/// already, stays as it is; `None` = there is none of this id.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_acknowledge(conn: &mut Connection, id: Uuid, by: &str) -> Result<Option<AlertRecord>, DbError> {
    conn.transaction(|conn| {
        sql_query(
            "UPDATE alerts SET acknowledged_at = clock_timestamp(), acknowledged_by = $2
              WHERE id = $1 AND closed_at IS NULL AND acknowledged_at IS NULL",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(by)
        .execute(conn)?;
        alert_read(conn, id)
    })
}

fn with_notifications(conn: &mut Connection, rows: Vec<AlertRow>) -> Result<Vec<AlertRecord>, DbError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut told: HashMap<Uuid, Vec<NotificationRow>> = HashMap::new();
    if !ids.is_empty() {
        let notifications: Vec<NotificationRow> =
            sql_query(NOTIFICATIONS).bind::<Array<SqlUuid>, _>(ids).bind::<BigInt, _>(NOTIFICATIONS_MAX).load(conn)?;
        for notification in notifications {
            told.entry(notification.alert_id).or_default().push(notification);
        }
    }
    let record = |alert: AlertRow| AlertRecord { notifications: told.remove(&alert.id).unwrap_or_default(), alert };
    Ok(rows.into_iter().map(record).collect())
}
