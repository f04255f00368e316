//! Who asked for a number and found none ready.
//!
//! Invariant: a user who asks again within five minutes is one line, whichever instance they ask.
//! How to get it wrong: a line for each refusal. At an empty pool they come by the thousand.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bytea, Double, Integer, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;

const DAYS_KEPT: i32 = 35;

/// Somebody who found nothing ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The pool that was to serve them.
    pub pool: PoolName,
    /// The first eight bytes of SHA-256 of their id.
    pub user_key: [u8; 8],
    /// How long ago: the database's clock says when that was.
    pub ago: Duration,
}

/// Adds those who are not noted for these five minutes yet, and forgets what is too old to be replayed.
///
/// # Errors
/// When PostgreSQL fails; then nothing was added.
pub fn demand_add(conn: &mut Connection, noted: &[Noted]) -> Result<(), DbError> {
    let pools: Vec<&str> = noted.iter().map(|noted| noted.pool.as_str()).collect();
    let users: Vec<&[u8]> = noted.iter().map(|noted| &noted.user_key[..]).collect();
    let ago: Vec<f64> = noted.iter().map(|noted| noted.ago.as_secs_f64()).collect();
    sql_query(
        "INSERT INTO demand (pool, user_key, slot, asked_at)
         SELECT pool, user_key, floor(extract(epoch FROM asked_at) / 300)::bigint, asked_at
           FROM (SELECT pool, user_key, clock_timestamp() - make_interval(secs => ago) AS asked_at
                   FROM unnest($1::text[], $2::bytea[], $3::float8[]) AS noted (pool, user_key, ago)) AS asked
          -- Everybody locks in the same order, else two instances would deadlock.
          ORDER BY pool, user_key
         ON CONFLICT (pool, user_key, slot) DO NOTHING",
    )
    .bind::<Array<Text>, _>(pools)
    .bind::<Array<Bytea>, _>(users)
    .bind::<Array<Double>, _>(ago)
    .execute(conn)?;
    sql_query("DELETE FROM demand WHERE asked_at < statement_timestamp() - make_interval(days => $1)")
        .bind::<Integer, _>(DAYS_KEPT)
        .execute(conn)?;
    Ok(())
}
