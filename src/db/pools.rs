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
use diesel::sql_types::{Array, Integer, Text};

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
    let places: Vec<String> = (1..=COLUMNS.len()).map(|at| format!("$2[{at}]")).collect();
    for (pool, webhooks) in mine {
        sql_query(format!(
            "INSERT INTO pools (name, {}) SELECT $1, {} ON CONFLICT DO NOTHING",
            COLUMNS.join(", "),
            places.join(", ")
        ))
        .bind::<Text, _>(pool.as_str())
        .bind::<Array<Text>, _>(as_stored(webhooks))
        .execute(conn)?;
    }
    pools_webhooks(conn)
}

/// What the numbers of each pool shall carry, of all that were ever configured.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_webhooks(conn: &mut Connection) -> Result<PoolsWebhooks, DbError> {
    let rows: Vec<Row> = pools::table.select(Row::as_select()).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row.into())).collect())
}

/// What a pool wants, told once: the columns of its row, which are the fields of [`Webhooks`], in the order in which they are bound
/// and compared as one value.
macro_rules! webhook_columns {
    ($($column:ident),*) => {
        const COLUMNS: &[&str] = &[$(stringify!($column)),*];

        #[derive(Queryable, Selectable)]
        #[diesel(table_name = pools)]
        struct Row {
            name: PoolName,
            $($column: String),*
        }

        impl From<Row> for Webhooks {
            fn from(row: Row) -> Self {
                Self { $($column: row.$column),* }
            }
        }

        /// These webhooks in the order of what a pool wants.
        pub(super) fn as_stored(webhooks: &Webhooks) -> Vec<&str> {
            let Webhooks { $($column),* } = webhooks;
            vec![$($column.as_str()),*]
        }
    };
}

webhook_columns!(
    voice_url,
    sms_url,
    status_callback,
    voice_fallback_url,
    sms_fallback_url,
    voice_application_sid,
    sms_application_sid,
    trunk_sid
);

/// SQL: what the pool wants whose row is called `table`, as one value that is compared with what is bound ([`as_stored`]).
pub(super) fn wants_of(table: &str) -> String {
    let columns: Vec<String> = COLUMNS.iter().map(|column| format!("{table}.{column}")).collect();
    format!("ARRAY[{}]", columns.join(", "))
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

/// SQL: whether the pool bound as `$pool` still wants the webhooks bound as `$webhooks` ([`as_stored`]); it cannot change its
/// mind before the transaction ends.
pub(super) fn still_wanted(pool: u32, webhooks: u32) -> String {
    format!("EXISTS (SELECT 1 FROM pools WHERE name = ${pool} AND {} = ${webhooks} FOR SHARE)", wants_of("pools"))
}

/// Holds the pool to what it is and wants until the transaction ends; statements after this one see what that is.
pub(super) fn pool_hold(conn: &mut Connection, pool: &PoolName) -> Result<(), DbError> {
    sql_query("SELECT 1 FROM pools WHERE name = $1 FOR SHARE").bind::<Text, _>(pool.as_str()).execute(conn)?;
    Ok(())
}

/// Reads whether the pool still wants these webhooks, and holds it to that until the transaction ends.
///
/// # Errors
/// When PostgreSQL fails.
pub(super) fn pool_wants(conn: &mut Connection, wanted: &PoolWanted) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Integer)]
        #[expect(dead_code, reason = "only whether there is a row matters")]
        one: i32,
    }
    let row: Option<Found> = sql_query(format!("SELECT 1 AS one WHERE {}", still_wanted(1, 2)))
        .bind::<Text, _>(wanted.pool.as_str())
        .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
        .get_result(conn)
        .optional()?;
    Ok(row.is_some())
}

/// Wants these webhooks from here on; `false` = the pool does already. The caller takes `configured` back from the pool's
/// stock in the same transaction.
pub(super) fn pool_want(conn: &mut Connection, wanted: &PoolWanted) -> Result<bool, DbError> {
    let sets: Vec<String> = COLUMNS.iter().zip(1..).map(|(column, at)| format!("{column} = $2[{at}]")).collect();
    let changed = sql_query(format!(
        "UPDATE pools SET {}, unconfirming = true WHERE name = $1 AND {} IS DISTINCT FROM $2",
        sets.join(", "),
        wants_of("pools")
    ))
    .bind::<Text, _>(wanted.pool.as_str())
    .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
    .execute(conn)?;
    Ok(changed > 0)
}

/// `configured` was taken back from every number of the pool that was confirmed with other webhooks than `wanted`. Does nothing when
/// the pool wants others by now: whoever wanted them takes it back from all of them anew.
pub(super) fn pool_unconfirmed(conn: &mut Connection, wanted: &PoolWanted) -> Result<(), DbError> {
    sql_query(format!(
        "UPDATE pools SET unconfirming = false WHERE name = $1 AND unconfirming AND {} = $2",
        wants_of("pools")
    ))
    .bind::<Text, _>(wanted.pool.as_str())
    .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
    .execute(conn)?;
    Ok(())
}
