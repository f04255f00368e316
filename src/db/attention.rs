//! What waits for a person, as far as the database knows: counts, and since when. What they mean is judged elsewhere.
//!
//! Invariants: every fact is of now, of all instances, and outlives a restart; no list grows with the pool.
//! How to get it wrong: a fact of the last comparison's report. The next one tells it no more, and it is so all the same.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};

use super::attachments::{AttachmentsSeen, attachments_seen};
use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::installation::database_now;
use super::numbers::{MENDABLE, ON_HOLD, REGISTERING, UNREADY};
use super::passes::{Pass, passes_latest};
use super::pool_halts::Keys;
use super::pools::{PoolsWebhooks, pools_webhooks};
use super::purchases::{OrderView, orders_recent};
use super::refusals::{Refused, refusals_read};
use super::releases::{StuckReleases, releases_stuck};
use super::stock::{Overview, SPENT, Spend, stock_read_all};
use crate::domain::PoolName;

/// How many, and since when the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Lying {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Since when the first of them; `None` = none, or nobody wrote it down.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// How the last comparison with Twilio ended.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct LastComparison {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub ended_at: DateTime<Utc>,
    /// What an operator must do before the next one.
    #[diesel(sql_type = Nullable<Text>)]
    pub problem: Option<String>,
}

/// The purchases allowed in the two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendCaps {
    /// `spend.purchases_per_hour_max`
    pub hour: u32,
    /// `spend.purchases_per_day_max`
    pub day: u32,
}

/// Everything that was seen.
#[derive(Debug, Clone)]
pub struct Sight {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Stock, spend, pause and halts.
    pub stock: Overview,
    /// What is known of each pool that was asked for, beside its stock.
    pub pools: BTreeMap<PoolName, PoolSight>,
    /// What the numbers of each pool shall carry.
    pub webhooks: PoolsWebhooks,
    /// Numbers of users that Twilio does not have any more.
    pub missing_of_users: Lying,
    /// Numbers of users that carry another environment's tag.
    pub another_tag: Lying,
    /// Numbers that are held because somebody else sets their webhooks back again and again.
    pub contested: Lying,
    /// Numbers that are held until an operator decides, for any other reason; adoptions of the last ten minutes may still be at it.
    pub held: Lying,
    /// In a pool, but Twilio refuses their webhooks.
    pub webhooks_failed: Lying,
    /// In a pool, but their webhooks are not confirmed, for longer than a purchase takes.
    pub webhooks_pending: Lying,
    /// What numbers shall be attached to, and are not.
    pub attachments: AttachmentsSeen,
    /// Purchases whose outcome is unknown.
    pub unsettled: Lying,
    /// Numbers that have been on their way back to Twilio for long.
    pub releases_stuck: Option<StuckReleases>,
    /// When the hour's purchases allow one more; `None` = now, or never.
    pub hour_free_at: Option<DateTime<Utc>>,
    /// The same of the day's.
    pub day_free_at: Option<DateTime<Utc>>,
    /// The latest comparison.
    pub comparison: Option<LastComparison>,
}

/// What is known of one pool.
#[derive(Debug, Clone, Default)]
pub struct PoolSight {
    /// Since when nothing is available; `None` = it is, or it ended within the last minute.
    pub empty_since: Option<DateTime<Utc>>,
    /// The same of its `threshold_low`.
    pub low_since: Option<DateTime<Utc>>,
    /// Refused signups.
    pub refused: Refused,
    /// The latest look at it.
    pub pass: Option<Pass>,
    /// The latest order, if it is among the last ones.
    pub order: Option<OrderView>,
}

/// A pool that is asked about, under its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Which.
    pub keys: Keys,
    /// Its `threshold_low`
    pub threshold: u32,
}

/// Of so many last orders it is known whose pool's they are.
const ORDERS: i64 = 10;

/// Looks.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attention_look(conn: &mut Connection, watched: &[Watched], caps: SpendCaps) -> Result<Sight, DbError> {
    let keys: Vec<Keys> = watched.iter().map(|pool| pool.keys.clone()).collect();
    let stock = stock_read_all(conn, &keys)?;
    let [hour_free_at, day_free_at] = spend_free_at(conn, stock.spend, caps)?;
    let all = stock.together();
    let (missing, held, unfit) = (all.missing_of_users, all.held, all.stock.unfit);
    Ok(Sight {
        at: database_now(conn)?,
        webhooks: pools_webhooks(conn)?,
        pools: pool_sights(conn, watched, &stock)?,
        missing_of_users: if missing > 0 { lying(conn, MISSING_OF_USERS)? } else { Lying::default() },
        another_tag: lying(conn, ANOTHER_TAG)?,
        contested: if held > 0 { lying(conn, &held_sql("= 'contested'"))? } else { Lying::default() },
        held: if held > 0 { lying(conn, &held_sql("<> 'contested'"))? } else { Lying::default() },
        webhooks_failed: if unfit > 0 { lying(conn, &failed_sql())? } else { Lying::default() },
        webhooks_pending: if all.stock.unready > 0 { lying(conn, &pending_sql())? } else { Lying::default() },
        attachments: attachments_seen(conn)?,
        unsettled: if all.stock.unsettled > 0 { lying(conn, UNSETTLED)? } else { Lying::default() },
        releases_stuck: releases_stuck(conn)?,
        hour_free_at,
        day_free_at,
        comparison: last_comparison(conn)?,
        stock,
    })
}

fn pool_sights(
    conn: &mut Connection,
    watched: &[Watched],
    stock: &Overview,
) -> Result<BTreeMap<PoolName, PoolSight>, DbError> {
    let mut refused = refusals_read(conn)?;
    let (passes, orders) = (passes_latest(conn)?, orders_recent(conn, ORDERS)?);
    let mut pools = BTreeMap::new();
    for Watched { keys: Keys { pool, .. }, threshold } in watched {
        let available = stock.pools.get(pool).map_or(0, |seen| seen.stock.available);
        let sight = PoolSight {
            empty_since: if available == 0 { short_since(conn, pool, 1)? } else { None },
            low_since: if available < *threshold { short_since(conn, pool, *threshold)? } else { None },
            refused: refused.remove(pool).unwrap_or_default(),
            pass: passes.iter().find(|pass| pass.pool == *pool).cloned(),
            order: orders.iter().find(|order| order.pool == *pool).cloned(),
        };
        pools.insert(pool.clone(), sight);
    }
    Ok(pools)
}

const MISSING_OF_USERS: &str = "SELECT count(*) AS count, min(n.missing_since) AS since
    FROM numbers n JOIN leases l ON l.number_id = n.id AND l.user_id IS NOT NULL
   WHERE n.missing_since IS NOT NULL AND n.status <> 'released'";

const ANOTHER_TAG: &str = "SELECT count(*) AS count, min(n.another_tag_since) AS since
    FROM numbers n JOIN leases l ON l.number_id = n.id AND l.user_id IS NOT NULL
   WHERE n.another_tag_since IS NOT NULL AND n.missing_since IS NULL";

const UNSETTLED: &str = "SELECT count(*) AS count, min(coalesce(last_sent_at, intended_at)) AS since
    FROM purchase_items WHERE state = 'unknown'";

fn held_sql(reason: &str) -> String {
    format!(
        "SELECT count(*) AS count, min(held_since) AS since FROM numbers
          WHERE {ON_HOLD} AND missing_since IS NULL AND quarantine_reason {reason}
            AND (quarantine_reason <> 'adopting' OR coalesce(held_since, '-infinity') < clock_timestamp() - interval '10 minutes')"
    )
}

fn failed_sql() -> String {
    format!(
        "SELECT count(*) AS count, min(n.webhooks_failed_at) AS since FROM {UNREADY} AND n.webhook_status = 'failed'"
    )
}

fn pending_sql() -> String {
    // A drift has no time of its own; whoever bought or took in a number sets its webhooks within moments.
    format!(
        "SELECT count(*) AS count, NULL::timestamptz AS since FROM {UNREADY} AND {MENDABLE} AND NOT {REGISTERING}
            AND n.purchased_at < clock_timestamp() - interval '2 minutes'"
    )
}

fn lying(conn: &mut Connection, sql: &str) -> Result<Lying, DbError> {
    Ok(sql_query(sql).get_result(conn)?)
}

#[derive(QueryableByName)]
struct At {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

/// Since when fewer than `enough` of the pool are available, by the samples of each minute.
fn short_since(conn: &mut Connection, pool: &PoolName, enough: u32) -> Result<Option<DateTime<Utc>>, DbError> {
    let since: At = sql_query(
        "SELECT min(at) AS at FROM stock_samples
          WHERE pool = $2
            AND at > coalesce((SELECT at FROM stock_samples WHERE pool = $2 AND available >= $1 ORDER BY at DESC LIMIT 1), '-infinity')",
    )
    .bind::<Integer, _>(i32::try_from(enough).unwrap_or(i32::MAX))
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    Ok(since.at)
}

/// When the hour's and the day's purchases allow one more; `None` = now, or never.
///
/// # Errors
/// When PostgreSQL fails.
pub fn spend_free_at(
    conn: &mut Connection,
    spend: Spend,
    caps: SpendCaps,
) -> Result<[Option<DateTime<Utc>>; 2], DbError> {
    Ok([free_at(conn, "1 hour", spend.hour, caps.hour)?, free_at(conn, "24 hours", spend.day, caps.day)?])
}

/// When so many of the purchases have left the sliding window that one more is allowed.
fn free_at(conn: &mut Connection, window: &str, bought: u32, max: u32) -> Result<Option<DateTime<Utc>>, DbError> {
    let Some(over) = bought.checked_sub(max) else { return Ok(None) };
    let free: Option<At> = sql_query(format!(
        "SELECT intended_at + interval '{window}' AS at FROM purchase_items
          WHERE {SPENT} AND NOT override_caps
            AND intended_at > statement_timestamp() - interval '{window}'
          ORDER BY intended_at OFFSET $1 LIMIT 1"
    ))
    .bind::<BigInt, _>(i64::from(over))
    .get_result(conn)
    .optional()?;
    Ok(free.and_then(|free| free.at))
}

fn last_comparison(conn: &mut Connection) -> Result<Option<LastComparison>, DbError> {
    Ok(sql_query(
        "SELECT ended_at, report ->> 'problem' AS problem FROM reconciliations WHERE ended_at IS NOT NULL
          ORDER BY id DESC LIMIT 1",
    )
    .get_result(conn)
    .optional()?)
}
