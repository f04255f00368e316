//! A walk over the account's calls or messages: begun, claimed by one instance at a time, page by page, to one of its ends.
//!
//! Invariant: a page's uses and the way to the next one are committed together, by whoever has the claim; so no page is read twice but after a
//! death, and none is left out.
//! How to get it wrong: ending a walk that met a page it could not read. What stood there may be the one use.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::time::Duration;
use uuid::Uuid;

use super::evidence::{now, walks};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PhoneNumber;
use crate::domain::recycling::{Swept, walk_from};

/// Whoever has a claim is dead when it says nothing for so long.
const CLAIM_SECS: f64 = 60.0;

/// A walk that this instance has the claim of.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Walk {
    /// Which.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Over what.
    #[diesel(sql_type = Text)]
    pub what: Swept,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub from_at: DateTime<Utc>,
    /// The page to read; `None` = the first.
    #[diesel(sql_type = Nullable<Text>)]
    pub next_page: Option<String>,
    /// Rows so far that could not be read.
    #[diesel(sql_type = Integer)]
    pub unreadable: i32,
    /// How often it began anew.
    #[diesel(sql_type = Integer)]
    pub anew: i32,
    /// When it began.
    #[diesel(sql_type = Timestamptz)]
    pub started_at: DateTime<Utc>,
}

/// What a page showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Numbers that were used, and when last.
    pub uses: Vec<(PhoneNumber, DateTime<Utc>)>,
    /// Rows that could not be read.
    pub unreadable: i32,
    /// Where the next page is; `None` = that was the last.
    pub next_page: Option<String>,
}

/// Begins a walk over what is not known yet, unless one goes on or the latest began after `due`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweep_begin(conn: &mut Connection, what: Swept, inactive_days: u16, due: DateTime<Utc>) -> Result<(), DbError> {
    let now = now(conn)?;
    let walked = walks(conn, what, now - chrono::TimeDelta::days(2 * i64::from(inactive_days) + 2))?;
    sql_query(
        "INSERT INTO sweeps (what, from_at, until_at)
         SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM sweeps WHERE what = $1 AND (state = 'running' OR started_at >= $4))
         ON CONFLICT DO NOTHING",
    )
    .bind::<Text, _>(what.as_str())
    .bind::<Timestamptz, _>(walk_from(&walked, now, inactive_days))
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(due)
    .execute(conn)?;
    Ok(())
}

/// Claims the walk that goes on, if nobody is at it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweep_claim(conn: &mut Connection, what: Swept, instance: Uuid) -> Result<Option<Walk>, DbError> {
    Ok(sql_query(
        "UPDATE sweeps SET claimed_by = $2, claimed_until = clock_timestamp() + make_interval(secs => $3)
          WHERE id = (SELECT id FROM sweeps WHERE what = $1 AND state = 'running'
                         AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) FOR UPDATE SKIP LOCKED)
         RETURNING id, what, from_at, next_page, unreadable, anew, started_at",
    )
    .bind::<Text, _>(what.as_str())
    .bind::<SqlUuid, _>(instance)
    .bind::<Double, _>(CLAIM_SECS)
    .get_result(conn)
    .optional()?)
}

/// Writes down what a page showed, and where the walk goes on; `false` = it is somebody else's by now, and nothing was written.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweep_page_taken(conn: &mut Connection, walk: &Walk, instance: Uuid, page: &Page) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let is_ours = sql_query(
            "UPDATE sweeps SET next_page = $4, pages = pages + 1, unreadable = unreadable + $5, error = NULL,
                    claimed_until = CASE WHEN $4 IS NOT NULL THEN clock_timestamp() + make_interval(secs => $6) END,
                    claimed_by = CASE WHEN $4 IS NOT NULL THEN claimed_by END,
                    state = CASE WHEN $4 IS NULL THEN 'complete' ELSE state END,
                    ended_at = CASE WHEN $4 IS NULL THEN clock_timestamp() END
              WHERE id = $1 AND state = 'running' AND claimed_by = $2 AND next_page IS NOT DISTINCT FROM $3",
        )
        .bind::<BigInt, _>(walk.id)
        .bind::<SqlUuid, _>(instance)
        .bind::<Nullable<Text>, _>(walk.next_page.as_deref())
        .bind::<Nullable<Text>, _>(page.next_page.as_deref())
        .bind::<Integer, _>(page.unreadable)
        .bind::<Double, _>(CLAIM_SECS)
        .execute(conn)?;
        if is_ours == 0 {
            return Ok(false);
        }
        let (numbers, at): (Vec<&str>, Vec<DateTime<Utc>>) =
            page.uses.iter().map(|(number, at)| (number.as_str(), *at)).unzip();
        // An instant that is still to come would protect a number until then.
        sql_query(
            "INSERT INTO last_uses (number_id, last_used_at, source)
             SELECT number_id, at, $3
               FROM (SELECT (SELECT l.number_id FROM leases l
                              WHERE l.number_id = (SELECT n.id FROM numbers n WHERE n.phone_number = seen.number AND n.status <> 'released')
                                AND l.user_id IS NOT NULL AND l.assigned_at <= seen.at) AS number_id,
                            least(seen.at, clock_timestamp()) AS at
                       FROM unnest($1::text[], $2::timestamptz[]) AS seen (number, at) OFFSET 0) AS used
              WHERE number_id IS NOT NULL ORDER BY number_id
             ON CONFLICT (number_id) DO UPDATE SET last_used_at = excluded.last_used_at, source = excluded.source
              WHERE last_uses.last_used_at IS NULL OR last_uses.last_used_at < excluded.last_used_at",
        )
        .bind::<Array<Text>, _>(numbers)
        .bind::<Array<Timestamptz>, _>(at)
        .bind::<Text, _>(walk.what.source().as_str())
        .execute(conn)?;
        Ok(true)
    })
}

/// The walk rests for so long, with what it met; then whoever comes first goes on.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweep_rest(
    conn: &mut Connection,
    id: i64,
    instance: Uuid,
    rest: Duration,
    why: Option<&str>,
) -> Result<(), DbError> {
    sql_query(
        "UPDATE sweeps SET claimed_until = clock_timestamp() + make_interval(secs => $3), error = $4
          WHERE id = $1 AND state = 'running' AND claimed_by = $2",
    )
    .bind::<BigInt, _>(id)
    .bind::<SqlUuid, _>(instance)
    .bind::<Double, _>(rest.as_secs_f64())
    .bind::<Nullable<Text>, _>(why)
    .execute(conn)?;
    Ok(())
}

/// Twilio does not know the next page any more: the walk begins anew.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweep_again(conn: &mut Connection, id: i64, instance: Uuid) -> Result<(), DbError> {
    sql_query(
        "UPDATE sweeps SET next_page = NULL, anew = anew + 1, unreadable = 0, claimed_by = NULL, claimed_until = NULL
          WHERE id = $1 AND state = 'running' AND claimed_by = $2",
    )
    .bind::<BigInt, _>(id)
    .bind::<SqlUuid, _>(instance)
    .execute(conn)?;
    Ok(())
}

/// The walk breaks off: it proves nothing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sweep_break(conn: &mut Connection, id: i64, instance: Uuid, why: &str) -> Result<(), DbError> {
    sql_query(
        "UPDATE sweeps SET state = 'broken', ended_at = clock_timestamp(), error = $3, claimed_by = NULL, claimed_until = NULL
          WHERE id = $1 AND state = 'running' AND claimed_by = $2",
    )
    .bind::<BigInt, _>(id)
    .bind::<SqlUuid, _>(instance)
    .bind::<Text, _>(why)
    .execute(conn)?;
    Ok(())
}
