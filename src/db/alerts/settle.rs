//! What became of a try.
//!
//! Invariants: a success counts whoever has the claim by now, a failure only under its own; what has ended stays so; one success wakes
//! whatever waits for the same far side, because it lives.
//! How to get it wrong: letting a try that was slow undo the one that came after it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::channels::{Woken, wake};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::installation::database_now;
use crate::domain::alert::{AlertChannel, MessageState, next_try};

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every address has it.
    Taken {
        /// The far side's status, if it gives one.
        status: Option<i32>,
    },
    /// The far side wants none any more, at the address of this fingerprint.
    Gone {
        /// The far side's status.
        status: i32,
        /// What it said; nothing secret.
        error: String,
        /// Of the address.
        fingerprint: String,
    },
    /// It was not taken.
    Failed {
        /// The far side's status, if there was one.
        status: Option<i32>,
        /// Why; nothing secret.
        error: String,
        /// Another message would have failed, too.
        blames_far_side: bool,
        /// How long the far side asked to be left alone.
        retry_after: Option<Duration>,
    },
}

/// What comes of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It has ended.
    Ended(MessageState),
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It had ended before, or is somebody else's by now.
    Late,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    channel: AlertChannel,
    #[diesel(sql_type = Text)]
    state: MessageState,
    #[diesel(sql_type = Integer)]
    tries: i32,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    claim: Option<Uuid>,
}

/// Writes what became of a try; `chance` is at random from 0 to 1.
///
/// # Errors
/// When PostgreSQL fails.
pub fn message_settle(
    conn: &mut Connection,
    id: Uuid,
    claim: Uuid,
    outcome: &Outcome,
    chance: f64,
) -> Result<Settled, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let row: Option<Row> =
            sql_query("SELECT channel, state, tries, created_at, claim FROM alert_messages WHERE id = $1 FOR UPDATE")
                .bind::<SqlUuid, _>(id)
                .get_result(conn)
                .optional()?;
        let Some(row) = row.filter(|row| row.state == MessageState::Waiting) else { return Ok(Settled::Late) };
        if !matches!(outcome, Outcome::Taken { .. }) && row.claim != Some(claim) {
            return Ok(Settled::Late);
        }
        match outcome {
            Outcome::Taken { status } => {
                end(conn, id, MessageState::Sent, *status, None)?;
                channel_lives(conn, row.channel, *status)?;
                wake(conn, row.channel, Woken::OfFarSide)?;
                Ok(Settled::Ended(MessageState::Sent))
            }
            Outcome::Gone { status, error, fingerprint } => {
                end(conn, id, MessageState::Refused, Some(*status), Some(error))?;
                channel_fails(conn, row.channel, Some(*status), error)?;
                channel_is_gone(conn, row.channel, fingerprint)?;
                Ok(Settled::Ended(MessageState::Refused))
            }
            Outcome::Failed { status, error, blames_far_side, retry_after } => {
                channel_fails(conn, row.channel, *status, error)?;
                let (now, tries) = (database_now(conn)?, u32::try_from(row.tries).unwrap_or_default());
                let Some(next) = next_try(tries, row.created_at, now, *retry_after, chance) else {
                    end(conn, id, MessageState::GivenUp, *status, Some(error))?;
                    return Ok(Settled::Ended(MessageState::GivenUp));
                };
                again(conn, id, next, *status, error, *blames_far_side)?;
                Ok(Settled::Again(next))
            }
        }
    })
}

/// One address has the message, or will never take it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn message_taken_by(conn: &mut Connection, id: Uuid, address: &str) -> Result<(), DbError> {
    sql_query(
        "UPDATE alert_messages SET taken_by = array_append(taken_by, $2)
          WHERE id = $1 AND state = 'waiting' AND NOT $2 = ANY (taken_by)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(address)
    .execute(conn)?;
    Ok(())
}

fn end(
    conn: &mut Connection,
    id: Uuid,
    state: MessageState,
    status: Option<i32>,
    error: Option<&String>,
) -> Result<(), DbError> {
    sql_query(
        "UPDATE alert_messages SET state = $2, ended_at = clock_timestamp(), claim = NULL, claimed_until = NULL, gathers = false,
                last_status = $3, last_error = $4
          WHERE id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(state.as_str())
    .bind::<Nullable<Integer>, _>(status)
    .bind::<Nullable<Text>, _>(error)
    .execute(conn)?;
    Ok(())
}

fn again(
    conn: &mut Connection,
    id: Uuid,
    next: DateTime<Utc>,
    status: Option<i32>,
    error: &str,
    blames_far_side: bool,
) -> Result<(), DbError> {
    sql_query(
        "UPDATE alert_messages SET due_at = $2, claim = NULL, claimed_until = NULL, last_status = $3, last_error = $4,
                blames_far_side = $5
          WHERE id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(next)
    .bind::<Nullable<Integer>, _>(status)
    .bind::<Text, _>(error)
    .bind::<Bool, _>(blames_far_side)
    .execute(conn)?;
    Ok(())
}

fn channel_lives(conn: &mut Connection, channel: AlertChannel, status: Option<i32>) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO alert_channels (channel, last_ok_at, last_status) VALUES ($1, clock_timestamp(), $2)
         ON CONFLICT (channel) DO UPDATE SET last_ok_at = excluded.last_ok_at, failing_since = NULL, last_status = excluded.last_status,
                                             last_error = NULL, gone_since = NULL",
    )
    .bind::<Text, _>(channel.as_str())
    .bind::<Nullable<Integer>, _>(status)
    .execute(conn)?;
    Ok(())
}

fn channel_fails(
    conn: &mut Connection,
    channel: AlertChannel,
    status: Option<i32>,
    error: &str,
) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO alert_channels AS c (channel, failing_since, last_status, last_error) VALUES ($1, clock_timestamp(), $2, $3)
         ON CONFLICT (channel) DO UPDATE SET failing_since = coalesce(c.failing_since, excluded.failing_since),
                                             last_status = excluded.last_status, last_error = excluded.last_error",
    )
    .bind::<Text, _>(channel.as_str())
    .bind::<Nullable<Integer>, _>(status)
    .bind::<Text, _>(error)
    .execute(conn)?;
    Ok(())
}

fn channel_is_gone(conn: &mut Connection, channel: AlertChannel, fingerprint: &str) -> Result<(), DbError> {
    sql_query("UPDATE alert_channels SET gone_since = clock_timestamp(), fingerprint = $2 WHERE channel = $1")
        .bind::<Text, _>(channel.as_str())
        .bind::<Text, _>(fingerprint)
        .execute(conn)?;
    Ok(())
}
