//! The waitlist of signups that wait for a number, on all instances.
//!
//! Invariants: oldest first, whoever bought the number and on whichever instance its user waits; a waiter counts until
//! its deadline, so an instance that dies takes its waiters along within `purchase.emergency_wait_ms`.
//! How to get it wrong: serving a newcomer while somebody waits; `assignments_claim` looks at this table first.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::assignments::{Assignment, Region, assignments_claim_in, assignments_restore};
use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::listener::stock_notify;
use super::numbers::FIT;
use crate::domain::{AssignmentSource, CountryCode, PoolName, UserId};

/// Somebody to put on the waitlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// Who.
    pub user_id: UserId,
    /// At which pool.
    pub pool: PoolName,
    /// In which country the number must be, if that matters.
    pub country: Option<CountryCode>,
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
    let countries: Vec<Option<&str>> =
        waiters.iter().map(|waiter| waiter.country.as_ref().map(CountryCode::as_str)).collect();
    let patience: Vec<f64> = waiters.iter().map(|waiter| waiter.patience.as_secs_f64()).collect();
    sql_query(
        "INSERT INTO waiters (user_id, country, pool, instance_id, created_at, expires_at)
         SELECT user_id, country, pool, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => patience)
           FROM unnest($1::text[], $2::text[], $3::float8[], $5::text[]) AS asked (user_id, country, patience, pool)
          WHERE NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = asked.user_id)
          -- Everybody locks in the same order, else two instances with the same users would deadlock.
          ORDER BY user_id
         ON CONFLICT (user_id) DO UPDATE SET expires_at = greatest(waiters.expires_at, excluded.expires_at)",
    )
    .bind::<Array<Text>, _>(users)
    .bind::<Array<Nullable<Text>>, _>(countries)
    .bind::<Array<Double>, _>(patience)
    .bind::<SqlUuid, _>(instance_id)
    .bind::<Array<Text>, _>(pools)
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

/// Whether anybody waits.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_any(conn: &mut Connection) -> Result<bool, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(
        "EXISTS (SELECT 1 FROM waiters WHERE expires_at > now())",
    ))
    .get_result(conn)?)
}

/// Serves the waitlist, at whichever instance somebody waits: whose own number rested unfit, and is fit by now, gets it
/// back; the others get stock, oldest first, at most `most` users for each country that somebody insists on. Returns those
/// served.
///
/// # Errors
/// As `assignments_claim`; then nobody was served.
pub fn waiters_serve(conn: &mut Connection, most: i64) -> Result<Vec<Assignment>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let owners = waiters_with_resting_number(conn)?;
        let owners: Vec<&str> = owners.iter().map(String::as_str).collect();
        let mut served = assignments_restore(conn, &owners)?;
        for country in countries(conn)? {
            let users = waiters_oldest(conn, country, most)?;
            let users: Vec<&str> = users.iter().map(String::as_str).collect();
            served.extend(assignments_claim_in(
                conn,
                &PoolName::default_pool(),
                &users,
                Region { country, area_code: None },
                AssignmentSource::Emergency,
            )?);
        }
        let users: Vec<&str> = served.iter().map(|assignment| assignment.user_id.as_str()).collect();
        sql_query(
            "WITH gone AS (DELETE FROM waiters WHERE user_id = ANY($1) RETURNING user_id, instance_id)
             UPDATE leases l SET waited_at = gone.instance_id FROM gone WHERE l.user_id = gone.user_id",
        )
        .bind::<Array<Text>, _>(users)
        .execute(conn)?;
        if !served.is_empty() {
            stock_notify(conn)?;
        }
        Ok(served)
    })
}

/// The countries that somebody on the waitlist insists on (`None` = any will do), by who came first: whoever insists on a
/// country without stock keeps nobody else waiting.
fn countries(conn: &mut Connection) -> Result<Vec<Option<CountryCode>>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        country: Option<CountryCode>,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT country FROM waiters WHERE expires_at > clock_timestamp() GROUP BY country ORDER BY min(created_at)",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.country).collect())
}

/// Whoever waits although a number of their own rests for them and is fit: nobody gives them another one.
fn waiters_with_resting_number(conn: &mut Connection) -> Result<Vec<String>, DbError> {
    let rows: Vec<WaiterRow> = sql_query(format!(
        "SELECT user_id FROM waiters w WHERE expires_at > clock_timestamp()
            AND EXISTS (SELECT 1 FROM numbers r WHERE r.rests_for = w.user_id AND {FIT})
            AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
          ORDER BY user_id FOR UPDATE SKIP LOCKED",
    ))
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

#[derive(QueryableByName)]
struct WaiterRow {
    #[diesel(sql_type = Text)]
    user_id: String,
}

/// The oldest of one country's waitlist. Another instance may be serving: whom it has locked, it serves.
fn waiters_oldest(conn: &mut Connection, country: Option<CountryCode>, most: i64) -> Result<Vec<String>, DbError> {
    let rows: Vec<WaiterRow> = sql_query(
        "SELECT user_id FROM waiters WHERE expires_at > clock_timestamp() AND country IS NOT DISTINCT FROM $1
          ORDER BY created_at, user_id LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind::<Nullable<Text>, _>(country.as_ref().map(CountryCode::as_str))
    .bind::<BigInt, _>(most)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}
