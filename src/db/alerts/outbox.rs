//! Messages that wait, and who carries them.
//!
//! Invariants: a claim is committed before anybody is asked, and ends by itself; the first claim ends the gathering.
//! How to get it wrong: taking a later message of an alert first. A late "raised" would open at PagerDuty what a "cleared" has ended.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::alert::{AlertChannel, Told};

/// So long a message is nobody else's; a try takes half of it.
const CLAIM: Duration = Duration::from_secs(30);

/// A message that is to be sent now, by whoever claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// That of its first notification, the same for every try.
    pub id: Uuid,
    /// Whose it is.
    pub claim: Uuid,
    /// Where it goes.
    pub channel: AlertChannel,
    /// Of how many tries this is the last.
    pub tries: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Addresses that need it no more.
    pub taken_by: Vec<String>,
    /// What it tells, in the order in which it happened.
    pub notifications: Vec<ClaimedNotification>,
}

/// What became of an alert, for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedNotification {
    /// The same for every try.
    pub id: Uuid,
    /// Of which alert.
    pub alert: Uuid,
    /// When that was.
    pub at: DateTime<Utc>,
    /// What a webhook is sent, byte for byte.
    pub body: String,
    /// What the others are told.
    pub told: Told,
}

#[derive(QueryableByName)]
struct MessageRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    channel: AlertChannel,
    #[diesel(sql_type = Integer)]
    tries: i32,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Array<Text>)]
    taken_by: Vec<String>,
}

#[derive(QueryableByName)]
struct NotificationRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    alert_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Jsonb)]
    words: serde_json::Value,
}

const CLAIM_NEXT: &str = "
    WITH next AS (
        SELECT m.id FROM alert_messages m
         WHERE m.state = 'waiting' AND m.channel = ANY ($1) AND m.due_at <= clock_timestamp()
           AND (m.claimed_until IS NULL OR m.claimed_until <= clock_timestamp())
           -- One that tells of the same alert goes first, unless it fails for its own sake.
           AND NOT EXISTS (
               SELECT FROM alert_notifications mine
                 JOIN alert_notifications other ON other.alert_id = mine.alert_id AND other.channel = mine.channel AND other.no < mine.no
                 JOIN alert_messages e ON e.id = other.message_id AND e.id <> m.id
                WHERE mine.message_id = m.id AND e.state = 'waiting' AND e.blames_far_side)
         ORDER BY m.due_at, m.number
           FOR UPDATE SKIP LOCKED LIMIT 1)
    UPDATE alert_messages m
       SET tries = m.tries + 1, gathers = false, claim = $2, claimed_until = clock_timestamp() + make_interval(secs => $3),
           last_tried_at = clock_timestamp()
      FROM next WHERE m.id = next.id
    RETURNING m.id, m.channel, m.tries, m.created_at, m.taken_by";

const FIRST_TRY: &str = "
    INSERT INTO alert_channels (channel, last_message_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (channel) DO UPDATE SET last_message_at = excluded.last_message_at";

const NOTIFICATIONS: &str = "
    SELECT n.id, n.alert_id, t.at, t.body, t.words FROM alert_notifications n
      JOIN alert_transitions t ON t.alert_id = n.alert_id AND t.no = n.no
     WHERE n.message_id = $1 ORDER BY t.at, n.alert_id, n.no";

/// Claims the message of these channels that has been due for longest, for half a minute; `None` = none is due.
///
/// # Errors
/// When PostgreSQL fails.
pub fn message_claim(
    conn: &mut Connection,
    channels: &[AlertChannel],
    claim: Uuid,
) -> Result<Option<ClaimedMessage>, DbError> {
    let names: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    conn.transaction::<_, DbError, _>(|conn| {
        let row: Option<MessageRow> = sql_query(CLAIM_NEXT)
            .bind::<Array<Text>, _>(names)
            .bind::<SqlUuid, _>(claim)
            .bind::<Double, _>(CLAIM.as_secs_f64())
            .get_result(conn)
            .optional()?;
        let Some(MessageRow { id, channel, tries, created_at, taken_by }) = row else { return Ok(None) };
        if tries == 1 {
            sql_query(FIRST_TRY).bind::<Text, _>(channel.as_str()).execute(conn)?;
        }
        let rows: Vec<NotificationRow> = sql_query(NOTIFICATIONS).bind::<SqlUuid, _>(id).load(conn)?;
        let notifications = rows.into_iter().map(ClaimedNotification::try_from).collect::<Result<_, _>>()?;
        let tries = u32::try_from(tries).unwrap_or(u32::MAX);
        Ok(Some(ClaimedMessage { id, claim, channel, tries, created_at, taken_by, notifications }))
    })
}

impl TryFrom<NotificationRow> for ClaimedNotification {
    type Error = DbError;

    fn try_from(row: NotificationRow) -> Result<Self, DbError> {
        let NotificationRow { id, alert_id, at, body, words } = row;
        let corrupt = DbError::corrupt("transition of an alert");
        let told = serde_json::from_value(words).map_err(|error| corrupt(error.to_string()))?;
        Ok(Self { id, alert: alert_id, at, body, told })
    }
}

#[derive(QueryableByName)]
struct DueIn {
    #[diesel(sql_type = Nullable<Double>)]
    secs: Option<f64>,
}

/// In how long a message of these channels can be claimed that cannot be now; `None` = none waits.
///
/// # Errors
/// When PostgreSQL fails.
pub fn message_due_in(conn: &mut Connection, channels: &[AlertChannel]) -> Result<Option<Duration>, DbError> {
    let names: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    let due: DueIn = sql_query(
        "SELECT extract(epoch FROM min(greatest(due_at, claimed_until)) - clock_timestamp())::float8 AS secs
           FROM alert_messages WHERE state = 'waiting' AND channel = ANY ($1)",
    )
    .bind::<Array<Text>, _>(names)
    .get_result(conn)?;
    Ok(due.secs.map(|secs| Duration::try_from_secs_f64(secs).unwrap_or_default()))
}
