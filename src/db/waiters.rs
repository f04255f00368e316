//! The line of signups that wait for a number, on all instances.
//!
//! Invariants: oldest first, whoever bought the number and on whichever instance its user waits; a waiter counts until
//! its deadline, so an instance that dies takes its waiters along within `purchase.emergency_wait_ms`.
//! How to get it wrong: serving a newcomer while somebody waits; `assignments_claim` looks at this table first.

use std::collections::HashSet;
use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::assignments::{Assignment, Place, Source, assignments_claim_in};
use super::error::DbError;
use super::executor::Connection;
use crate::domain::{CountryCode, UserId};

/// Somebody to put in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// Who.
    pub user_id: UserId,
    /// In which country the number must be, if that matters.
    pub country: Option<CountryCode>,
    /// How much longer they wait.
    pub patience: Duration,
}

/// Puts `waiters` in line, or keeps them there; whoever has a number already stays out. Returns those whose place in line
/// is this instance's: a user who asked at another one first has theirs there.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_join(conn: &mut Connection, instance_id: Uuid, waiters: &[Waiter]) -> Result<HashSet<String>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        user_id: String,
        #[diesel(sql_type = SqlUuid)]
        instance_id: Uuid,
    }
    let users: Vec<&str> = waiters.iter().map(|waiter| waiter.user_id.as_str()).collect();
    let countries: Vec<Option<&str>> =
        waiters.iter().map(|waiter| waiter.country.as_ref().map(CountryCode::as_str)).collect();
    let patience: Vec<f64> = waiters.iter().map(|waiter| waiter.patience.as_secs_f64()).collect();
    let rows: Vec<Row> = sql_query(
        "INSERT INTO waiters (user_id, country, instance_id, created_at, expires_at)
         SELECT user_id, country, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => patience)
           FROM unnest($1::text[], $2::text[], $3::float8[]) AS asked (user_id, country, patience)
          WHERE NOT EXISTS (SELECT 1 FROM assignments a WHERE a.user_id = asked.user_id AND a.released_at IS NULL)
         ON CONFLICT (user_id) DO UPDATE SET expires_at = greatest(waiters.expires_at, excluded.expires_at)
         RETURNING user_id, instance_id",
    )
    .bind::<Array<Text>, _>(users)
    .bind::<Array<Nullable<Text>>, _>(countries)
    .bind::<Array<Double>, _>(patience)
    .bind::<SqlUuid, _>(instance_id)
    .load(conn)?;
    Ok(rows.into_iter().filter(|row| row.instance_id == instance_id).map(|row| row.user_id).collect())
}

/// Takes users of this instance out of the line.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_leave(conn: &mut Connection, instance_id: Uuid, user_ids: &[&str]) -> Result<(), DbError> {
    sql_query("DELETE FROM waiters WHERE user_id = ANY($1) AND instance_id = $2")
        .bind::<Array<Text>, _>(user_ids)
        .bind::<SqlUuid, _>(instance_id)
        .execute(conn)?;
    Ok(())
}

/// Takes whoever waits past their deadline, or has a number already, out of the line.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waiters_sweep(conn: &mut Connection) -> Result<(), DbError> {
    sql_query(
        "DELETE FROM waiters w WHERE expires_at <= clock_timestamp()
             OR EXISTS (SELECT 1 FROM assignments a WHERE a.user_id = w.user_id AND a.released_at IS NULL)",
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

/// Serves the line from stock, oldest first, at most `most` users, whichever instance they wait at; returns those served.
///
/// # Errors
/// As `assignments_claim`; then nobody was served.
pub fn waiters_serve(conn: &mut Connection, most: i64) -> Result<Vec<Assignment>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        user_id: String,
        #[diesel(sql_type = Nullable<Text>)]
        country: Option<String>,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        // Another instance may be serving: whom it has locked, it serves.
        let line: Vec<Row> = sql_query(
            "SELECT user_id, country FROM waiters WHERE expires_at > clock_timestamp()
              ORDER BY created_at, user_id LIMIT $1 FOR UPDATE SKIP LOCKED",
        )
        .bind::<BigInt, _>(most)
        .load(conn)?;
        let mut served = Vec::new();
        let mut rest = line.as_slice();
        // Neighbours in line who want the same are served together.
        while let Some(first) = rest.first() {
            let alike = rest.iter().take_while(|row| row.country == first.country).count();
            let (group, later) = rest.split_at(alike);
            let users: Vec<&str> = group.iter().map(|row| row.user_id.as_str()).collect();
            let country = first.country.as_deref().map(str::parse).transpose();
            let country = country.map_err(|_| DbError::corrupt("waiter")("its country is not ISO 3166".to_owned()))?;
            served.extend(assignments_claim_in(conn, &users, Place { country, area_code: None }, Source::Emergency)?);
            rest = later;
        }
        let users: Vec<&str> = served.iter().map(|assignment| assignment.user_id.as_str()).collect();
        sql_query("DELETE FROM waiters WHERE user_id = ANY($1)").bind::<Array<Text>, _>(users).execute(conn)?;
        if !served.is_empty() {
            sql_query("NOTIFY callbunker_stock").execute(conn)?;
        }
        Ok(served)
    })
}
