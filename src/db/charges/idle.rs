//! For how long numbers were ours in a stretch of time, and for how long of it somebody had them.
//!
//! What is missing at Twilio costs nothing, so it is not ours from that day on.
//! Invariant: a number is one user's at a time, so what is held is the sum of its assignments, each as far as it lies in the time
//! that the number was ours.
//! How to get it wrong: on a signup's way. It reads all numbers and the assignments of the stretch.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{CountryCode, NumberType, PoolName};

/// The numbers of one kind in one pool.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct IdleRow {
    /// Their pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Their country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// Their type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
    /// Seconds that they were ours, all together,
    #[diesel(sql_type = BigInt)]
    pub owned: i64,
    /// and seconds of those that somebody had them.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
}

/// Reads that, from one instant until another.
///
/// # Errors
/// When PostgreSQL fails.
pub fn idle_read(conn: &mut Connection, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<IdleRow>, DbError> {
    Ok(sql_query(
        "WITH ours AS (
             SELECT * FROM (
                 SELECT n.id, n.pool, n.country, n.number_type,
                        greatest(n.purchased_at, c.ours_from::timestamp AT TIME ZONE 'UTC', $1) AS since,
                        least(c.left_at, n.missing_since, $2) AS until
                   FROM numbers n JOIN charge_clocks c ON c.number_id = n.id
                  WHERE n.purchased_at < $2 AND coalesce(c.left_at > $1, n.status <> 'released')) AS stretch
              WHERE since < until)
         SELECT pool, country, number_type, floor(sum(owned))::bigint AS owned, floor(sum(held))::bigint AS held
           FROM (SELECT o.pool, o.country, o.number_type, extract(epoch FROM o.until - o.since) AS owned, 0 AS held FROM ours o
                 UNION ALL
                 SELECT o.pool, o.country, o.number_type, 0, extract(epoch FROM o.until - greatest(l.assigned_at, o.since))
                   FROM ours o JOIN leases l ON l.number_id = o.id
                  WHERE l.user_id IS NOT NULL AND l.assigned_at < o.until
                 UNION ALL
                 SELECT o.pool, o.country, o.number_type, 0,
                        extract(epoch FROM least(p.released_at, o.until) - greatest(p.assigned_at, o.since))
                   FROM ours o JOIN past_assignments p ON p.number_id = o.id
                  WHERE p.released_at > o.since AND p.assigned_at < o.until AND p.released_at > p.assigned_at) AS parts
          GROUP BY pool, country, number_type ORDER BY pool, country, number_type",
    )
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(until)
    .load(conn)?)
}
