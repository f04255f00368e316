//! Pools that were ever configured, and the webhooks that their numbers shall carry.
//!
//! Invariant: `configured` means that Twilio confirmed what the number's pool wants now. Whoever writes it names the pool,
//! looks here in the same statement ([`still_wanted`]) and holds the pool's row until it commits; whoever changes what is
//! wanted takes `configured` back from the pool's stock in the same transaction, and from everything else in small steps
//! after it. A pool that is configured no more keeps its row: its numbers go on carrying what they carry.
//! How to get it wrong: locking a number first and its pool afterwards. The change locks them the other way round.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::pools;
use crate::domain::{PoolName, Webhooks};

/// The webhooks of each pool that has any.
pub type PoolsWebhooks = BTreeMap<PoolName, Webhooks>;

/// What the numbers of a pool shall carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolWanted {
    /// Which pool.
    pub pool: PoolName,
    /// What its numbers shall carry.
    pub webhooks: Webhooks,
}

/// Stores what `mine` want of the pools that are new; then what all want, as it was last set on purpose.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_claim(conn: &mut Connection, mine: &PoolsWebhooks) -> Result<PoolsWebhooks, DbError> {
    // In the order of their names, so that two instances that start at once wait for each other in one direction.
    for (pool, webhooks) in mine {
        diesel::insert_into(pools::table)
            .values((
                pools::name.eq(pool.as_str()),
                pools::voice_url.eq(&webhooks.voice_url),
                pools::sms_url.eq(&webhooks.sms_url),
                pools::status_callback.eq(&webhooks.status_callback),
            ))
            .on_conflict_do_nothing()
            .execute(conn)?;
    }
    pools_webhooks(conn)
}

/// What the numbers of each pool shall carry, of all that were ever configured.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_webhooks(conn: &mut Connection) -> Result<PoolsWebhooks, DbError> {
    let rows: Vec<(PoolName, String, String, String)> =
        pools::table.select((pools::name, pools::voice_url, pools::sms_url, pools::status_callback)).load(conn)?;
    let webhooks =
        |(pool, voice_url, sms_url, status_callback)| (pool, Webhooks { voice_url, sms_url, status_callback });
    Ok(rows.into_iter().map(webhooks).collect())
}

/// What the numbers of `pool` shall carry.
///
/// # Errors
/// When PostgreSQL fails, or the pool was never configured.
pub fn pool_wanted(conn: &mut Connection, pool: &PoolName) -> Result<PoolWanted, DbError> {
    let webhooks = pools_webhooks(conn)?.remove(pool);
    let webhooks = webhooks.ok_or_else(|| DbError::corrupt("pool")(format!("{pool} has no webhooks")))?;
    Ok(PoolWanted { pool: pool.clone(), webhooks })
}

/// SQL: whether the pool bound as `$pool` still wants the webhooks bound from `$first` on (voice, SMS, status callback); it
/// cannot change its mind before the transaction ends.
pub(super) fn still_wanted(pool: u32, first: u32) -> String {
    format!(
        "EXISTS (SELECT 1 FROM pools WHERE name = ${pool} AND voice_url = ${first} AND sms_url = ${} AND status_callback = ${} FOR SHARE)",
        first + 1,
        first + 2
    )
}

/// Reads whether the pool still wants these webhooks, and holds it to that until the transaction ends.
///
/// # Errors
/// When PostgreSQL fails.
pub(super) fn pool_wants(conn: &mut Connection, wanted: &PoolWanted) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        #[expect(dead_code, reason = "only whether there is a row matters")]
        one: i32,
    }
    let row: Option<Row> = sql_query(format!("SELECT 1 AS one WHERE {}", still_wanted(1, 2)))
        .bind::<Text, _>(wanted.pool.as_str())
        .bind::<Text, _>(&wanted.webhooks.voice_url)
        .bind::<Text, _>(&wanted.webhooks.sms_url)
        .bind::<Text, _>(&wanted.webhooks.status_callback)
        .get_result(conn)
        .optional()?;
    Ok(row.is_some())
}

/// Wants these webhooks from here on; `false` = the pool does already. The caller takes `configured` back from the pool's
/// stock in the same transaction.
pub(super) fn pool_want(conn: &mut Connection, wanted: &PoolWanted) -> Result<bool, DbError> {
    let changed = sql_query(
        "UPDATE pools SET voice_url = $2, sms_url = $3, status_callback = $4, unconfirming = true
          WHERE name = $1 AND (voice_url, sms_url, status_callback) IS DISTINCT FROM ($2, $3, $4)",
    )
    .bind::<Text, _>(wanted.pool.as_str())
    .bind::<Text, _>(&wanted.webhooks.voice_url)
    .bind::<Text, _>(&wanted.webhooks.sms_url)
    .bind::<Text, _>(&wanted.webhooks.status_callback)
    .execute(conn)?;
    Ok(changed > 0)
}

/// `configured` was taken back from every number of the pool that was confirmed with other webhooks.
pub(super) fn pool_unconfirmed(conn: &mut Connection, pool: &PoolName) -> Result<(), DbError> {
    sql_query("UPDATE pools SET unconfirming = false WHERE name = $1 AND unconfirming")
        .bind::<Text, _>(pool.as_str())
        .execute(conn)?;
    Ok(())
}
