//! Who had which number, and how many were handed out lately.
//!
//! How to get it wrong: reading the history alone. What is somebody's now stands in the leases; the view has both.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Text};

use super::row::{AssignmentRecord, RECORD};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

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
