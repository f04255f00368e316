//! The waitlist of signups that wait for a number, on all instances.
//!
//! How they are served is [`serving`]'s. Invariants: whoever waits, waits at one pool; a waiter counts until their deadline, so
//! an instance that dies takes its waiters along within `purchase.emergency_wait_ms`.
//! How to get it wrong: serving a newcomer while somebody waits at the same pool; `assignments_claim` looks at this table first.

mod serving;

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Double, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{AreaCode, PoolName, UserId};
pub use serving::waiters_serve;

/// Somebody to put on the waitlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// Who.
    pub user_id: UserId,
    /// At which pool.
    pub pool: PoolName,
    /// In which area code they wish for a number.
    pub wish: Option<AreaCode>,
    /// Whether they named the pool: then what rests for them in another one does not come back.
    pub only_pool: bool,
    /// How much longer they wait.
    pub patience: Duration,
}

/// Puts `waiters` on the waitlist, or keeps them there; whoever has a number already stays out. Of a user who asked at
/// several instances, the turn is that of the first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_join(conn: &mut Connection, instance_id: Uuid, waiters: &[Waiter]) -> Result<(), DbError> {
    let users: Vec<&str> = waiters.iter().map(|waiter| waiter.user_id.as_str()).collect();
    let pools: Vec<&str> = waiters.iter().map(|waiter| waiter.pool.as_str()).collect();
    let wishes: Vec<Option<&str>> = waiters.iter().map(|waiter| waiter.wish.as_ref().map(AreaCode::as_str)).collect();
    let only_pools: Vec<bool> = waiters.iter().map(|waiter| waiter.only_pool).collect();
    let patience: Vec<f64> = waiters.iter().map(|waiter| waiter.patience.as_secs_f64()).collect();
    sql_query(
        "INSERT INTO waiters (user_id, pool, area_code, only_pool, instance_id, created_at, expires_at)
         SELECT user_id, pool, area_code, only_pool, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => patience)
           FROM unnest($1::text[], $2::text[], $3::float8[], $5::text[], $6::bool[]) AS asked (user_id, area_code, patience, pool, only_pool)
          WHERE NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = asked.user_id)
          -- Everybody locks in the same order, else two instances with the same users would deadlock.
          ORDER BY user_id
         ON CONFLICT (user_id) DO UPDATE SET expires_at = greatest(waiters.expires_at, excluded.expires_at)",
    )
    .bind::<Array<Text>, _>(users)
    .bind::<Array<Nullable<Text>>, _>(wishes)
    .bind::<Array<Double>, _>(patience)
    .bind::<SqlUuid, _>(instance_id)
    .bind::<Array<Text>, _>(pools)
    .bind::<Array<Bool>, _>(only_pools)
    .execute(conn)?;
    Ok(())
}

/// Which of `user_ids` hold a number that they waited for at `instance_id`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_served_here(
    conn: &mut Connection,
    instance_id: Uuid,
    user_ids: &[&str],
) -> Result<Vec<String>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        user_id: String,
    }
    let rows: Vec<Row> = sql_query("SELECT user_id FROM leases WHERE user_id = ANY($1) AND waited_at = $2")
        .bind::<Array<Text>, _>(user_ids)
        .bind::<SqlUuid, _>(instance_id)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// Takes users of this instance off the waitlist.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_leave(conn: &mut Connection, instance_id: Uuid, user_ids: &[&str]) -> Result<(), DbError> {
    sql_query(
        "DELETE FROM waiters WHERE user_id IN (
             SELECT user_id FROM waiters WHERE user_id = ANY($1) AND instance_id = $2 ORDER BY user_id FOR UPDATE)",
    )
    .bind::<Array<Text>, _>(user_ids)
    .bind::<SqlUuid, _>(instance_id)
    .execute(conn)?;
    Ok(())
}

/// Takes whoever waits past their deadline, or has a number already, off the waitlist.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_sweep(conn: &mut Connection) -> Result<(), DbError> {
    sql_query(
        "DELETE FROM waiters WHERE user_id IN (
             SELECT user_id FROM waiters w WHERE expires_at <= clock_timestamp()
                 OR EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
              ORDER BY user_id FOR UPDATE SKIP LOCKED)",
    )
    .execute(conn)?;
    Ok(())
}

/// The pools at which somebody waits who has no number yet, whoever waits longest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_pools(conn: &mut Connection) -> Result<Vec<PoolName>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        pool: PoolName,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT pool FROM waiters w WHERE expires_at > clock_timestamp()
            AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
          GROUP BY pool ORDER BY min(created_at), pool",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.pool).collect())
}

/// Whether anybody waits at `pool`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_any(conn: &mut Connection, pool: &PoolName) -> Result<bool, DbError> {
    Ok(diesel::select(
        diesel::dsl::sql::<Bool>("EXISTS (SELECT 1 FROM waiters WHERE expires_at > now() AND pool = ")
            .bind::<Text, _>(pool.as_str())
            .sql(")"),
    )
    .get_result(conn)?)
}
