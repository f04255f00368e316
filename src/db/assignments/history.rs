//! Who has a number, who had one, and the end of an assignment.
//!
//! How to get it wrong: a number that goes straight back into stock. What still comes in for its user would reach the next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Text, Timestamptz};

use super::row::{Assignment, AssignmentRecord, RECORD};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{AT_REST, number_rests_for_nobody};
use crate::domain::{PhoneNumber, PoolName, UserId};

/// The live assignments of those of `user_ids` that have one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_held(conn: &mut Connection, user_ids: &[&str]) -> Result<Vec<Assignment>, DbError> {
    Ok(sql_query(
        "SELECT l.user_id, l.phone_number, l.area_code, l.assigned_at, l.source, n.missing_since IS NOT NULL AS missing,
                l.pool, l.matched
           FROM leases l JOIN numbers n ON n.id = l.number_id WHERE l.user_id = ANY($1)",
    )
    .bind::<Array<Text>, _>(user_ids)
    .load(conn)?)
}

/// An assignment that ended.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Release {
    /// Whose it was.
    #[diesel(sql_type = Text)]
    pub user_id: UserId,
    /// Which number.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// When it ended.
    #[diesel(sql_type = Timestamptz)]
    pub released_at: DateTime<Utc>,
    /// The number's pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
}

/// Ends a user's assignment and lays the number to rest for as long as `rest` says for its pool; `None` when the user has none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignment_release(
    conn: &mut Connection,
    user_id: &UserId,
    rest: impl Fn(&PoolName) -> Duration,
) -> Result<Option<Release>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // The one that they have, and what rests for them; the number before its lease, and several in the order of their ids,
        // as whoever else changes them locks them. Who has it keeps it meanwhile.
        let locked: Vec<Locked> = sql_query(
            "SELECT id, pool, EXISTS (SELECT 1 FROM leases l WHERE l.number_id = n.id AND l.user_id = $1) AS is_theirs FROM numbers n
              WHERE id IN (SELECT number_id FROM leases WHERE user_id = $1
                           UNION ALL SELECT id FROM numbers WHERE rests_for = $1 AND EXISTS (SELECT 1 FROM leases WHERE user_id = $1))
              ORDER BY id FOR UPDATE",
        )
        .bind::<Text, _>(user_id.as_str())
        .load(conn)?;
        let Some(leased) = locked.iter().find(|number| number.is_theirs) else { return Ok(None) };
        if locked.len() > 1 {
            number_rests_for_nobody(conn, user_id)?;
        }
        // The database writes down what ends here, under the lease's own id: the newest id need not be the last assignment's.
        let ended: Option<Ended> =
            sql_query("DELETE FROM leases WHERE number_id = $1 AND user_id = $2 RETURNING assignment_id AS id")
                .bind::<BigInt, _>(leased.id)
                .bind::<Text, _>(user_id.as_str())
                .get_result(conn)
                .optional()?;
        let Some(ended) = ended else { return Ok(None) };
        Ok(sql_query(format!(
            "WITH ended AS (SELECT number_id, user_id, released_at FROM past_assignments WHERE id = $1)
             UPDATE numbers n SET {AT_REST}
               FROM ended WHERE n.id = ended.number_id RETURNING ended.user_id, n.phone_number, ended.released_at, n.pool"
        ))
        .bind::<BigInt, _>(ended.id)
        .bind::<Double, _>(rest(&leased.pool).as_secs_f64())
        .get_result(conn)
        .optional()?)
    })
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    pool: PoolName,
    #[diesel(sql_type = Bool)]
    is_theirs: bool,
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Everything a user ever had, newest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_of_user(conn: &mut Connection, user_id: &str, limit: i64) -> Result<Vec<AssignmentRecord>, DbError> {
    Ok(sql_query(format!(
        "SELECT {RECORD}
           FROM assignments_ever a JOIN numbers n ON n.id = a.number_id
          WHERE a.user_id = $1 ORDER BY a.assigned_at DESC, a.id DESC LIMIT $2"
    ))
    .bind::<Text, _>(user_id)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The latest assignments and the latest releases, at most `limit` of each, oldest first: who watches compares them with
/// those of the look before.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_latest(conn: &mut Connection, limit: i64) -> Result<Vec<AssignmentRecord>, DbError> {
    Ok(sql_query(format!(
        "SELECT {RECORD}
           FROM ((SELECT * FROM assignments_ever ORDER BY id DESC LIMIT $1)
                 UNION
                 (SELECT id, number_id, user_id, source, assigned_at, released_at, waited_at, pool, matched
                    FROM past_assignments ORDER BY released_at DESC LIMIT $1)) a
           JOIN numbers n ON n.id = a.number_id ORDER BY coalesce(a.released_at, a.assigned_at), a.id"
    ))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// How many signups took a number, and in how long a time.
#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
pub struct Pace {
    /// Numbers given out of the pool, or bought for who waited.
    #[diesel(sql_type = BigInt)]
    pub assigned: i64,
    /// Days that this took: seven, or fewer when callbunker is younger.
    #[diesel(sql_type = Double)]
    pub days: f64,
    /// Those of the last ten minutes.
    #[diesel(sql_type = BigInt)]
    pub lately: i64,
}

/// The pace of the last seven days, and of the last ten minutes.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pace_read(conn: &mut Connection) -> Result<Pace, DbError> {
    Ok(sql_query(
        "SELECT (SELECT count(*) FROM assignments_ever
                  WHERE source IN ('pool', 'emergency') AND assigned_at > clock_timestamp() - interval '7 days') AS assigned,
                (SELECT count(*) FROM assignments_ever
                  WHERE source IN ('pool', 'emergency') AND assigned_at > clock_timestamp() - interval '10 minutes') AS lately,
                least(7, extract(epoch FROM clock_timestamp() - (SELECT min(created_at) FROM installation)) / 86400)::float8 AS days",
    )
    .get_result(conn)?)
}
