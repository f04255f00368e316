//! A pool that lacks something: since when, what, and under which keys.
//!
//! Invariants: a pool has one row at most for each set of keys; it halts whoever has the very keys that were refused, and nobody
//! else, so that an instance with other keys is not stopped by one that has not been told of them yet, nor ends its halt.
//! How to get it wrong: asking for the pool alone. The halt of keys that nobody has any more would stop it for ever.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz};

use super::engine::connection::Connection;
use super::engine::error::DbError;
pub use crate::domain::Keys;
use crate::domain::{PoolKey, PoolName, remedy};

/// What a pool lacks.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct PoolHalt {
    /// Which pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
    /// Twilio's error code.
    #[diesel(sql_type = Nullable<Integer>)]
    pub twilio_code: Option<i32>,
    /// What Twilio said.
    #[diesel(sql_type = Text)]
    pub message: String,
    /// The key of the configuration that must become another one, such as `pools.gb.bundle_sid`.
    #[diesel(sql_type = Text)]
    pub needs: String,
    /// The keys that were refused; see `PoolConfig::fingerprint`.
    #[diesel(sql_type = Text)]
    pub fingerprint: String,
}

impl PoolHalt {
    /// What it means and what ends it, for people with a key.
    #[must_use]
    pub fn sentence(&self) -> String {
        let since = self.since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let Self { pool, message, needs, .. } = self;
        format!("{pool} is halted since {since}: {needs} lacks or does not fit ({message}); {}", remedy(needs))
    }
}

/// A refusal that halts a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolRefused {
    /// Of which pool, under which keys.
    pub keys: Keys,
    /// Twilio's error code.
    pub twilio_code: Option<i32>,
    /// What Twilio said.
    pub message: String,
    /// The key that it lacks, with dots.
    pub needs: String,
}

/// Halts a pool for whoever has these keys; `false` = it was halted for them already.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_halt(conn: &mut Connection, refused: &PoolRefused) -> Result<bool, DbError> {
    let written = sql_query(
        "INSERT INTO pool_halts (pool, twilio_code, message, needs, fingerprint) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (pool, fingerprint) DO NOTHING",
    )
    .bind::<Text, _>(refused.keys.pool.as_str())
    .bind::<Nullable<Integer>, _>(refused.twilio_code)
    .bind::<Text, _>(&refused.message)
    .bind::<Text, _>(&refused.needs)
    .bind::<Text, _>(&*refused.keys.fingerprint)
    .execute(conn)?;
    Ok(written > 0)
}

/// The halt of a pool under these keys, if there is one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_halt_read(conn: &mut Connection, keys: &Keys) -> Result<Option<PoolHalt>, DbError> {
    let halt = sql_query("SELECT * FROM pool_halts WHERE pool = $1 AND fingerprint = $2")
        .bind::<Text, _>(keys.pool.as_str())
        .bind::<Text, _>(&*keys.fingerprint)
        .get_result(conn)
        .optional()?;
    Ok(halt)
}

/// Those of `pools` that are halted under these very keys.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_halts_of(conn: &mut Connection, pools: &[Keys]) -> Result<BTreeMap<PoolName, PoolHalt>, DbError> {
    let is_asked = |halt: &PoolHalt| {
        let same = |keys: &Keys| keys.pool == halt.pool && *keys.fingerprint == *halt.fingerprint;
        pools.iter().any(same)
    };
    let halts = pool_halts_read(conn)?.into_iter().filter(is_asked);
    Ok(halts.map(|halt| (halt.pool.clone(), halt)).collect())
}

/// Every halt, whoever's keys were refused, by the pool's name.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_halts_read(conn: &mut Connection) -> Result<Vec<PoolHalt>, DbError> {
    Ok(sql_query("SELECT * FROM pool_halts ORDER BY pool, fingerprint").load(conn)?)
}

/// Ends the halts of a pool, under whichever keys: an operator says that what was refused will do now. `false` = it was not halted.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_resume(conn: &mut Connection, pool: &PoolName) -> Result<bool, DbError> {
    let ended = sql_query("DELETE FROM pool_halts WHERE pool = $1").bind::<Text, _>(pool.as_str()).execute(conn)?;
    Ok(ended > 0)
}

/// Ends the halts of a pool whose numbers led to what is not in the account, under whichever keys.
///
/// # Errors
/// When PostgreSQL fails.
pub(super) fn pool_halts_of_webhooks_end(conn: &mut Connection, pool: &PoolName) -> Result<(), DbError> {
    let halts = pool_halts_read(conn)?.into_iter().filter(|halt| halt.pool == *pool);
    for halt in halts.filter(|halt| PoolKey::is_of_webhooks(&halt.needs)) {
        sql_query("DELETE FROM pool_halts WHERE pool = $1 AND needs = $2")
            .bind::<Text, _>(pool.as_str())
            .bind::<Text, _>(&halt.needs)
            .execute(conn)?;
    }
    Ok(())
}

/// Ends the halts of keys that are not those in force, which are `pools`, as this instance is configured. A pool that it does
/// not know is somebody else's.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_halts_clear_of_others(conn: &mut Connection, pools: &[Keys]) -> Result<usize, DbError> {
    let names: Vec<&str> = pools.iter().map(|keys| keys.pool.as_str()).collect();
    let fingerprints: Vec<&str> = pools.iter().map(|keys| &*keys.fingerprint).collect();
    let ended = sql_query(
        "DELETE FROM pool_halts h USING unnest($1::text[], $2::text[]) AS known (pool, fingerprint)
          WHERE h.pool = known.pool AND h.fingerprint <> known.fingerprint",
    )
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Text>, _>(fingerprints)
    .execute(conn)?;
    Ok(ended)
}
