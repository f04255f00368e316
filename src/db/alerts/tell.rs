//! Writing down what is told of an alert, on which channels, and in which message.
//!
//! Invariants: whoever calls is in a transaction with the judge's row locked, so that messages are written by one at a time; a lane that
//! claims a message in the same moment either has all of its notifications or leaves it to the next look.
//! How to get it wrong: choosing words when a message is sent. The second try would say something else under the same id.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;
use crate::domain::alert::{AlertChannel, AlertEvent, AlertKind, AlertSeverity, AlertWords, Body, Links, Told};

/// A channel that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelInUse {
    /// Which.
    pub channel: AlertChannel,
    /// Of its address.
    pub fingerprint: String,
}

/// What every text has, and who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    /// `instance.name`
    pub instance: String,
    /// The root of our pages, without a slash at its end, if it is known where browsers find them.
    pub pages: Option<String>,
    /// The channels that are configured.
    pub channels: Vec<ChannelInUse>,
}

impl Teller {
    /// The dashboard's page of alerts.
    #[must_use]
    pub fn dashboard(&self) -> Option<String> {
        self.pages.as_deref().map(Links::alerts)
    }
}

/// An alert, as far as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alert {
    pub id: Uuid,
    pub kind: AlertKind,
    pub subject: String,
    pub pool: Option<PoolName>,
    pub severity: AlertSeverity,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// What becomes of an alert.
pub(super) struct Telling<'a> {
    pub alert: &'a Alert,
    /// The how manieth thing that is told of it.
    pub no: i32,
    pub event: AlertEvent,
    pub words: &'a AlertWords,
    pub at: DateTime<Utc>,
}

/// Opens an alert, or writes one that is closed from its beginning.
pub(super) fn alert_write(
    conn: &mut Connection,
    alert: &Alert,
    words: &AlertWords,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO alerts (id, kind, subject, pool, severity, summary, detail, todo, opened_at, closed_at, last_told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind::<SqlUuid, _>(alert.id)
    .bind::<Text, _>(alert.kind.as_str())
    .bind::<Text, _>(&alert.subject)
    .bind::<Nullable<Text>, _>(alert.pool.as_ref().map(PoolName::as_str))
    .bind::<Text, _>(alert.severity.as_str())
    .bind::<Text, _>(&words.summary)
    .bind::<Text, _>(words.why())
    .bind::<Text, _>(&words.todo)
    .bind::<Timestamptz, _>(alert.opened_at)
    .bind::<Nullable<Timestamptz>, _>(alert.closed_at)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// What the last look says of an open alert; nobody is told.
pub(super) fn alert_say(conn: &mut Connection, alert: Uuid, words: &AlertWords) -> Result<(), DbError> {
    sql_query(
        "UPDATE alerts SET summary = $2, detail = $3, todo = $4
          WHERE id = $1 AND (summary, detail, todo) IS DISTINCT FROM ($2, $3, $4)",
    )
    .bind::<SqlUuid, _>(alert)
    .bind::<Text, _>(&words.summary)
    .bind::<Text, _>(words.why())
    .bind::<Text, _>(&words.todo)
    .execute(conn)?;
    Ok(())
}

/// Writes a transition, its words and its document; nobody is told yet.
pub(super) fn transition_write(conn: &mut Connection, teller: &Teller, telling: &Telling<'_>) -> Result<(), DbError> {
    let Telling { alert, no, event, words, at } = telling;
    let told = Told {
        instance: teller.instance.clone(),
        event: *event,
        kind: alert.kind,
        subject: alert.subject.clone(),
        pool: alert.pool.clone(),
        severity: alert.severity,
        opened_at: alert.opened_at,
        closed_at: alert.closed_at,
        words: (*words).clone(),
        links: Links::of(alert.kind, teller.pages.as_deref()),
    };
    let stored = serde_json::to_value(&told).expect("it holds texts and lists of them");
    sql_query("INSERT INTO alert_transitions (alert_id, no, event, at, body, words) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind::<SqlUuid, _>(alert.id)
        .bind::<Integer, _>(*no)
        .bind::<Text, _>(event.as_str())
        .bind::<Timestamptz, _>(*at)
        .bind::<Text, _>(Body::of(alert.id, &told, *at).text())
        .bind::<Jsonb, _>(&stored)
        .execute(conn)?;
    Ok(())
}

/// Tells one channel of a transition: in the message that gathers, or in one of its own.
pub(super) fn notify(
    conn: &mut Connection,
    channel: AlertChannel,
    (alert, no): (Uuid, i32),
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let id = Uuid::now_v7();
    let message = match gathering(conn, channel)? {
        Some(message) => message,
        None => {
            let due_at = if channel.gathers() { now + TimeDelta::seconds(2) } else { now };
            sql_query("INSERT INTO alert_messages (id, channel, gathers, due_at) VALUES ($1, $2, $3, $4)")
                .bind::<SqlUuid, _>(id)
                .bind::<Text, _>(channel.as_str())
                .bind::<Bool, _>(channel.gathers())
                .bind::<Timestamptz, _>(due_at)
                .execute(conn)?;
            id
        }
    };
    sql_query("INSERT INTO alert_notifications (id, alert_id, no, channel, message_id) VALUES ($1, $2, $3, $4, $5)")
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(alert)
        .bind::<Integer, _>(no)
        .bind::<Text, _>(channel.as_str())
        .bind::<SqlUuid, _>(message)
        .execute(conn)?;
    hurry_earlier(conn, channel, (alert, no))
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The message of this channel that still takes notifications, which nobody claims from here on until the transaction ends.
fn gathering(conn: &mut Connection, channel: AlertChannel) -> Result<Option<Uuid>, DbError> {
    let found: Option<Id> = sql_query("SELECT id FROM alert_messages WHERE channel = $1 AND gathers FOR UPDATE")
        .bind::<Text, _>(channel.as_str())
        .get_result(conn)
        .optional()?;
    Ok(found.map(|found| found.id))
}

/// What was to be told earlier of the same alert goes first, so it is due now.
fn hurry_earlier(conn: &mut Connection, channel: AlertChannel, (alert, no): (Uuid, i32)) -> Result<(), DbError> {
    sql_query(
        "UPDATE alert_messages m SET due_at = clock_timestamp()
           FROM alert_notifications n
          WHERE n.message_id = m.id AND n.alert_id = $1 AND n.channel = $2 AND n.no < $3
            AND m.state = 'waiting' AND m.blames_far_side AND NOT m.gathers AND m.due_at > clock_timestamp()",
    )
    .bind::<SqlUuid, _>(alert)
    .bind::<Text, _>(channel.as_str())
    .bind::<Integer, _>(no)
    .execute(conn)?;
    Ok(())
}
