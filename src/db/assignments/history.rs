//! Who had which number, and how many were handed out lately.
//!
//! How to get it wrong: reading the history alone. What is somebody's now stands in the leases; the view has both.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::row::{AssignmentRecord, RECORD};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;

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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Numbers given out of stock, or bought for who waited.
    pub assigned: i64,
    /// Days that this took: seven, or fewer when callbunker is younger.
    pub days: f64,
    /// Those of the last ten minutes.
    pub lately: i64,
}

/// The pace of each pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Paces {
    days: f64,
    pools: BTreeMap<PoolName, (i64, i64)>,
}

impl Paces {
    /// The pace of one pool, or of all together.
    #[must_use]
    pub fn of(&self, pool: Option<&PoolName>) -> Pace {
        let taken = self.pools.iter().filter(|(name, _)| pool.is_none_or(|pool| pool == *name));
        let (assigned, lately) = taken.fold((0, 0), |(all, some), (_, (week, last))| (all + week, some + last));
        Pace { assigned, days: self.days, lately }
    }
}

#[derive(QueryableByName)]
struct PaceOfPool {
    #[diesel(sql_type = Double)]
    days: f64,
    #[diesel(sql_type = Nullable<Text>)]
    pool: Option<PoolName>,
    #[diesel(sql_type = BigInt)]
    assigned: i64,
    #[diesel(sql_type = BigInt)]
    lately: i64,
}

/// The pace of the last seven days, and of the last ten minutes, pool by pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn paces_read(conn: &mut Connection) -> Result<Paces, DbError> {
    let lines: Vec<PaceOfPool> = sql_query(
        "SELECT age.days, taken.pool, coalesce(taken.assigned, 0) AS assigned, coalesce(taken.lately, 0) AS lately
           FROM (SELECT least(7, extract(epoch FROM clock_timestamp() - min(created_at)) / 86400)::float8 AS days
                   FROM installation) AS age
           LEFT JOIN (SELECT pool, count(*) AS assigned,
                             count(*) FILTER (WHERE assigned_at > statement_timestamp() - interval '10 minutes') AS lately
                        FROM assignments_ever
                       WHERE source IN ('pool', 'emergency') AND assigned_at > statement_timestamp() - interval '7 days'
                       GROUP BY pool) AS taken ON true",
    )
    .load(conn)?;
    let days = lines.first().map_or(7.0, |line| line.days);
    let pools = lines.into_iter().filter_map(|line| Some((line.pool?, (line.assigned, line.lately))));
    Ok(Paces { days, pools: pools.collect() })
}
