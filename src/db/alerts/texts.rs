//! Text messages: how many were sent in a day, and whether a number is one of ours.
//!
//! Invariant: each POST is written down before it is made, so that no crash and no other instance makes more of them.
//! How to get it wrong: counting messages. One of them is a POST for each number, and another for each try.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Jsonb, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::installation::database_now;

/// Where the moments of the last day's POSTs stand.
const WHAT: &str = "texts";
const DAY: TimeDelta = TimeDelta::hours(24);

/// Whether another text may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It may.
    Free,
    /// Not before so long.
    FreeIn(Duration),
}

#[derive(QueryableByName)]
struct Sent {
    #[diesel(sql_type = Jsonb)]
    detail: serde_json::Value,
}

#[derive(QueryableByName)]
struct Is {
    #[diesel(sql_type = Bool)]
    it: bool,
}

/// Whether a sender of texts is a number that we own, of whatever pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_is_ours(conn: &mut Connection, from: &str) -> Result<bool, DbError> {
    let is: Is =
        sql_query("SELECT EXISTS (SELECT FROM numbers WHERE phone_number = $1 AND status <> 'released') AS it")
            .bind::<Text, _>(from)
            .get_result(conn)?;
    Ok(is.it)
}

/// Whether another text could be sent now; nothing is written.
///
/// # Errors
/// When PostgreSQL fails.
pub fn text_room(conn: &mut Connection, per_day_max: u32) -> Result<Room, DbError> {
    let now = database_now(conn)?;
    let sent: Option<Sent> = sql_query("SELECT detail FROM account_looks WHERE what = $1")
        .bind::<Text, _>(WHAT)
        .get_result(conn)
        .optional()?;
    Ok(room(&of_the_day(sent, now), per_day_max, now))
}

/// Takes a place for one POST, if there is one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn text_claim(conn: &mut Connection, per_day_max: u32) -> Result<Room, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        sql_query(
            "INSERT INTO account_looks (what, at, detail) VALUES ($1, clock_timestamp(), '[]') ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(WHAT)
        .execute(conn)?;
        let sent: Sent = sql_query("SELECT detail FROM account_looks WHERE what = $1 FOR UPDATE")
            .bind::<Text, _>(WHAT)
            .get_result(conn)?;
        let now = database_now(conn)?;
        let mut of_the_day = of_the_day(Some(sent), now);
        let room = room(&of_the_day, per_day_max, now);
        if room == Room::Free {
            of_the_day.push(now);
            sql_query("UPDATE account_looks SET at = $2, detail = $3 WHERE what = $1")
                .bind::<Text, _>(WHAT)
                .bind::<Timestamptz, _>(now)
                .bind::<Jsonb, _>(serde_json::json!(of_the_day))
                .execute(conn)?;
        }
        Ok(room)
    })
}

fn of_the_day(sent: Option<Sent>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let all: Vec<DateTime<Utc>> = sent.and_then(|sent| serde_json::from_value(sent.detail).ok()).unwrap_or_default();
    // One of the future was written by a clock that was set back since.
    all.into_iter().filter(|at| *at > now - DAY && *at <= now + TimeDelta::minutes(1)).collect()
}

fn room(sent: &[DateTime<Utc>], per_day_max: u32, now: DateTime<Utc>) -> Room {
    let max = usize::try_from(per_day_max).unwrap_or(usize::MAX);
    if sent.len() < max {
        return Room::Free;
    }
    // With a smaller limit than when they were sent, more than one of them must be over.
    let mut sorted = sent.to_vec();
    sorted.sort_unstable();
    let next = sorted.get(sorted.len() - max).copied().unwrap_or(now);
    Room::FreeIn((next + DAY - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_when_the_oldest_of_the_last_ones_is_a_day_old() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ago = |hours: i64| now - TimeDelta::hours(hours);
        assert_eq!(room(&[], 1, now), Room::Free);
        assert_eq!(room(&[ago(3), ago(5)], 3, now), Room::Free);
        assert_eq!(room(&[ago(3), ago(5)], 2, now), Room::FreeIn(Duration::from_secs(19 * 3600)));
        assert_eq!(room(&[ago(3), ago(5)], 1, now), Room::FreeIn(Duration::from_secs(21 * 3600)));
        let sent = Sent { detail: serde_json::json!([ago(25), ago(23), now + TimeDelta::hours(1)]) };
        assert_eq!(of_the_day(Some(sent), now), [ago(23)]);
    }
}
