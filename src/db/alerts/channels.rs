//! Which channels are of use, and what only a question at Twilio tells.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Jsonb, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::alert::AlertChannel;

/// Whose messages are due, because the channel took one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// Those that wait because the far side was away: it lives.
    OfFarSide,
    /// All: somebody may have mended what they failed for, and asks.
    All,
}

/// What waits for a channel is due.
pub(super) fn wake(conn: &mut Connection, channel: AlertChannel, woken: Woken) -> Result<(), DbError> {
    sql_query(
        "UPDATE alert_messages SET due_at = clock_timestamp()
          WHERE channel = $1 AND state = 'waiting' AND (blames_far_side OR $2) AND NOT gathers AND due_at > clock_timestamp()",
    )
    .bind::<Text, _>(channel.as_str())
    .bind::<Bool, _>(woken == Woken::All)
    .execute(conn)?;
    Ok(())
}

/// A test reached somebody on this channel: what waits for it is due, and it is not gone any more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn channel_is_back(conn: &mut Connection, channel: AlertChannel) -> Result<(), DbError> {
    conn.transaction(|conn| {
        sql_query(
            "UPDATE alert_channels SET gone_since = NULL, failing_since = NULL, last_error = NULL, last_ok_at = clock_timestamp()
              WHERE channel = $1",
        )
        .bind::<Text, _>(channel.as_str())
        .execute(conn)?;
        wake(conn, channel, Woken::All)
    })
}

/// Writes what was seen at Twilio, each under its name, unless somebody has seen it later.
///
/// # Errors
/// When PostgreSQL fails.
pub fn looks_write(
    conn: &mut Connection,
    at: DateTime<Utc>,
    looks: &BTreeMap<String, serde_json::Value>,
) -> Result<(), DbError> {
    for (what, detail) in looks {
        sql_query(
            "INSERT INTO account_looks AS l (what, at, detail) VALUES ($1, $2, $3)
             ON CONFLICT (what) DO UPDATE SET at = excluded.at, detail = excluded.detail
              -- One of the future was written by a clock that was set back since.
              WHERE l.at < excluded.at OR l.at > clock_timestamp() + interval '1 minute'",
        )
        .bind::<Text, _>(what)
        .bind::<Timestamptz, _>(at)
        .bind::<Jsonb, _>(detail)
        .execute(conn)?;
    }
    Ok(())
}

/// What was seen at Twilio, by name, and when.
///
/// # Errors
/// When PostgreSQL fails.
pub fn looks_read(conn: &mut Connection) -> Result<BTreeMap<String, (DateTime<Utc>, serde_json::Value)>, DbError> {
    #[derive(QueryableByName)]
    struct Look {
        #[diesel(sql_type = Text)]
        what: String,
        #[diesel(sql_type = Timestamptz)]
        at: DateTime<Utc>,
        #[diesel(sql_type = Jsonb)]
        detail: serde_json::Value,
    }
    let looks: Vec<Look> = sql_query("SELECT what, at, detail FROM account_looks").load(conn)?;
    Ok(looks.into_iter().map(|look| (look.what, (look.at, look.detail))).collect())
}
