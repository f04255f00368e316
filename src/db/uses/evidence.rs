//! What is known of uses: which walks came to their end, and on which days the application told of any.
//!
//! How to get it wrong: reading the clock of this machine. Walks and days are told by the database's.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::{sweeps, touch_days};
use crate::domain::recycling::{Evidence, Swept, Window};

/// Now, by the database's clock.
pub(in crate::db) fn now(conn: &mut Connection) -> Result<DateTime<Utc>, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<Timestamptz>("clock_timestamp()")).get_result(conn)?)
}

/// Walks that came to their end and reach into what lies after `from`.
pub(in crate::db) fn walks(conn: &mut Connection, what: Swept, from: DateTime<Utc>) -> Result<Vec<Window>, DbError> {
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>)> = sweeps::table
        .filter(sweeps::what.eq(what.as_str()))
        .filter(sweeps::state.eq("complete"))
        .filter(sweeps::until_at.gt(from))
        .order(sweeps::id)
        .select((sweeps::from_at, sweeps::until_at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(from, until)| Window { from, until }).collect())
}

/// What is known of uses in these days until now, and when that is. Touches count only with `by_touch`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn uses_evidence(
    conn: &mut Connection,
    inactive_days: u16,
    by_touch: bool,
) -> Result<(Evidence, DateTime<Utc>), DbError> {
    let now = now(conn)?;
    let from = now - TimeDelta::days(i64::from(inactive_days));
    let touch_days = if by_touch {
        let days: Vec<NaiveDate> =
            touch_days::table.filter(touch_days::day.ge(from.date_naive())).select(touch_days::day).load(conn)?;
        Some(BTreeSet::from_iter(days))
    } else {
        None
    };
    let calls = walks(conn, Swept::Calls, from)?;
    Ok((Evidence { calls, messages: walks(conn, Swept::Messages, from)?, touch_days }, now))
}

/// How walks over one of both lists stand.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct SweepStanding {
    /// Over what.
    #[diesel(sql_type = Text)]
    pub what: Swept,
    /// When the latest walk began; `None` = none ever did.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub started_at: Option<DateTime<Utc>>,
    /// Whether it still goes on.
    #[diesel(sql_type = Bool)]
    pub is_running: bool,
    /// Whether it goes on and nobody is at it.
    #[diesel(sql_type = Bool)]
    pub is_free: bool,
    /// Pages that it has read.
    #[diesel(sql_type = Integer)]
    pub pages: i32,
    /// Why it broke off, or what it last met.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// When the latest one that came to its end did so.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub complete_at: Option<DateTime<Utc>>,
    /// Now, by the same clock.
    #[diesel(sql_type = Timestamptz)]
    pub now: DateTime<Utc>,
}

/// How walks stand, of calls and of messages.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweeps_stand(conn: &mut Connection) -> Result<Vec<SweepStanding>, DbError> {
    Ok(sql_query(
        "SELECT kind.what, s.started_at, coalesce(s.state = 'running', false) AS is_running,
                coalesce(s.state = 'running' AND (s.claimed_until IS NULL OR s.claimed_until < clock_timestamp()), false) AS is_free,
                coalesce(s.pages, 0) AS pages, s.error,
                (SELECT c.ended_at FROM sweeps c WHERE c.what = kind.what AND c.state = 'complete' ORDER BY c.id DESC LIMIT 1) AS complete_at,
                clock_timestamp() AS now
           FROM (VALUES (1, 'calls'), (2, 'messages')) AS kind (place, what)
           LEFT JOIN LATERAL (SELECT * FROM sweeps l WHERE l.what = kind.what ORDER BY l.id DESC LIMIT 1) AS s ON true
          ORDER BY kind.place",
    )
    .load(conn)?)
}

/// Walks and days that prove nothing any more go, a thousand of each at most; how many did.
///
/// # Errors
/// When PostgreSQL fails.
pub fn uses_forget(conn: &mut Connection, days: i32) -> Result<usize, DbError> {
    let walks = sql_query(
        "DELETE FROM sweeps WHERE id IN (SELECT id FROM sweeps WHERE state <> 'running'
            AND until_at < clock_timestamp() - make_interval(days => $1) ORDER BY id LIMIT $2)",
    )
    .bind::<Integer, _>(days)
    .bind::<BigInt, _>(1000)
    .execute(conn)?;
    let touched = sql_query("DELETE FROM touch_days WHERE day < (clock_timestamp() - make_interval(days => $1))::date")
        .bind::<Integer, _>(days)
        .execute(conn)?;
    Ok(walks + touched)
}
