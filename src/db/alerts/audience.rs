//! Who is told: the channels that are configured, but for those that want nothing any more, and whoever was not told yet.
//!
//! How to get it wrong: telling a new channel at the moment it is configured. Whoever was down then would never hear.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::tell::{ChannelInUse, notify};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::alert::{AlertChannel, GIVEN_UP_AFTER, Gathering, goes_at};

/// The configured channels but for those that want nothing any more at the address they have.
pub(super) fn channels_of_use(
    conn: &mut Connection,
    configured: &[ChannelInUse],
) -> Result<Vec<AlertChannel>, DbError> {
    let mut of_use = Vec::new();
    for ChannelInUse { channel, fingerprint } in configured {
        sql_query(
            "UPDATE alert_channels SET gone_since = NULL WHERE channel = $1 AND gone_since IS NOT NULL AND fingerprint <> $2",
        )
        .bind::<Text, _>(channel.as_str())
        .bind::<Text, _>(fingerprint)
        .execute(conn)?;
        if !is_gone(conn, *channel)? {
            of_use.push(*channel);
        }
    }
    Ok(of_use)
}

fn is_gone(conn: &mut Connection, channel: AlertChannel) -> Result<bool, DbError> {
    let gone =
        diesel::dsl::sql::<Bool>("EXISTS (SELECT FROM alert_channels WHERE gone_since IS NOT NULL AND channel = ")
            .bind::<Text, _>(channel.as_str())
            .sql(")");
    Ok(diesel::select(gone).get_result(conn)?)
}

/// Those of `channels` that were told that this alert was raised.
pub(super) fn channels_told(
    conn: &mut Connection,
    alert: Uuid,
    channels: &[AlertChannel],
) -> Result<Vec<AlertChannel>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        channel: AlertChannel,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT DISTINCT n.channel FROM alert_notifications n
           JOIN alert_transitions t ON t.alert_id = n.alert_id AND t.no = n.no AND t.event = 'raised'
          WHERE n.alert_id = $1",
    )
    .bind::<SqlUuid, _>(alert)
    .load(conn)?;
    Ok(channels.iter().filter(|channel| rows.iter().any(|row| row.channel == **channel)).copied().collect())
}

/// Tells a channel of open alerts that nobody told it of: it was configured since, or wanted nothing.
pub(super) fn tell_what_lacks(
    conn: &mut Connection,
    channels: &[AlertChannel],
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    #[derive(QueryableByName)]
    struct Lacking {
        #[diesel(sql_type = SqlUuid)]
        alert_id: Uuid,
        #[diesel(sql_type = Integer)]
        no: i32,
        #[diesel(sql_type = Text)]
        channel: AlertChannel,
    }
    let names: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    let lacking: Vec<Lacking> = sql_query(
        "SELECT c.alert_id, raised.no, channel
           FROM alert_conditions c JOIN alerts a ON a.id = c.alert_id AND a.acknowledged_at IS NULL
          CROSS JOIN unnest($1::text[]) AS channel
          CROSS JOIN LATERAL (SELECT max(t.no) AS no FROM alert_transitions t
                               WHERE t.alert_id = c.alert_id AND t.event = 'raised') AS raised
          WHERE c.phase = 'open'
            AND NOT EXISTS (SELECT FROM alert_notifications n JOIN alert_transitions t ON t.alert_id = n.alert_id AND t.no = n.no
                             WHERE n.alert_id = c.alert_id AND n.channel = channel.channel AND t.event = 'raised')
          ORDER BY c.alert_id, channel",
    )
    .bind::<Array<Text>, _>(names)
    .load(conn)?;
    for Lacking { alert_id, no, channel } in &lacking {
        notify(conn, *channel, (*alert_id, *no), now)?;
    }
    Ok(lacking.len())
}

/// Says of each message that gathers when it goes; `pending` = when each condition that is pending will be raised, if it lasts.
pub(super) fn gathering_due(conn: &mut Connection, pending: &[DateTime<Utc>]) -> Result<(), DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Timestamptz)]
        created_at: DateTime<Utc>,
        #[diesel(sql_type = Bool)]
        is_critical: bool,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        last_message_at: Option<DateTime<Utc>>,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT m.id, m.created_at, c.last_message_at,
                EXISTS (SELECT FROM alert_notifications n JOIN alert_transitions t ON t.alert_id = n.alert_id AND t.no = n.no
                         WHERE n.message_id = m.id AND t.event <> 'cleared' AND t.words ->> 'severity' = 'critical') AS is_critical
           FROM alert_messages m LEFT JOIN alert_channels c ON c.channel = m.channel WHERE m.gathers",
    )
    .load(conn)?;
    for Row { id, created_at, is_critical, last_message_at } in rows {
        let gathering = Gathering { since: created_at, is_critical, last_message_at };
        sql_query("UPDATE alert_messages SET due_at = $2 WHERE id = $1 AND gathers AND due_at <> $2")
            .bind::<SqlUuid, _>(id)
            .bind::<Timestamptz, _>(goes_at(gathering, pending.iter().copied()))
            .execute(conn)?;
    }
    Ok(())
}

/// Ends what has waited for three days for a channel that is not configured any more.
pub(super) fn forsaken_end(conn: &mut Connection, configured: &[ChannelInUse]) -> Result<(), DbError> {
    let names: Vec<&str> = configured.iter().map(|in_use| in_use.channel.as_str()).collect();
    sql_query(
        "UPDATE alert_messages SET state = 'given_up', ended_at = clock_timestamp(), gathers = false, claim = NULL, claimed_until = NULL,
                last_error = 'the channel is not configured any more'
          WHERE state = 'waiting' AND NOT channel = ANY ($1) AND created_at < clock_timestamp() - make_interval(secs => $2)
            AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())",
    )
    .bind::<Array<Text>, _>(names)
    .bind::<Double, _>(GIVEN_UP_AFTER.as_secs_f64())
    .execute(conn)?;
    Ok(())
}
