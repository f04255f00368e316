//! Counting: stock for the planner, the ledger's sliding windows for the caps, and the bounded look after a signup.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use super::assignments::Region;
use super::buying_state::{BuyingState, buying_state_read};
use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::numbers::{DUE, MENDABLE, ON_HOLD, UNREADY};
use crate::domain::{AreaCode, Caps, CountryCode, Needs, Stock, unserved};

/// SQL: an item that counts as spent. Whatever was ever in doubt may have been paid for, and Twilio's list may lag longer than
/// anybody waits for it.
pub(super) const SPENT: &str = "spends AND (doubted OR state NOT IN ('taken', 'not_bought'))";

/// What was bought in the sliding windows, by the time of intent and the database's clock: bought, open, unknown, and what
/// was ever in doubt, however it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spend {
    /// In the last 60 minutes, without the overridden.
    pub hour: u32,
    /// In the last 24 hours, without the overridden.
    pub day: u32,
    /// In the last 24 hours with `override_caps`.
    pub overridden: u32,
}

/// Everything a plan is made from, read in one transaction-free pass.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The counts.
    pub stock: Stock,
    /// Numbers that we had and that are not at Twilio any more.
    pub missing: u32,
    /// Those of them that are somebody's.
    pub missing_of_users: u32,
    /// Out of stock until an operator decides: a part of `stock.quarantined`.
    pub held: u32,
    /// The windows.
    pub spend: Spend,
    /// Pause and breaker.
    pub buying: BuyingState,
    /// What signups on the waitlist lack, by the country they insist on.
    pub needs: Needs,
}

impl Observation {
    /// What is left under `spend.purchases_per_hour_max` and `spend.purchases_per_day_max`, and whether buying is open.
    #[must_use]
    pub fn caps(&self, per_hour_max: u32, per_day_max: u32) -> Caps {
        Caps {
            hour_left: per_hour_max.saturating_sub(self.spend.hour),
            day_left: per_day_max.saturating_sub(self.spend.day),
            paused: self.buying.paused.is_some(),
            halted: self.buying.halted.is_some(),
        }
    }

    /// The stock as an emergency sees it that buys in `country`: in the pool's own it may serve who insists on it and who
    /// takes any; in another one, which nobody configured or priced, it may serve nobody.
    #[must_use]
    pub fn stock_for_waiters(&self, country: CountryCode, pool_country: CountryCode) -> Stock {
        let of = |country: Option<CountryCode>| self.needs.get(&country).copied().unwrap_or_default();
        let unserved = if country == pool_country { of(Some(country)) + of(None) } else { 0 };
        Stock { unserved, ..self.stock }
    }

    /// Counts an intent that the caller has just written in the same transaction.
    pub(super) fn count_intent(&mut self, override_caps: bool) {
        self.stock.purchasing += 1;
        self.stock.unserved = self.stock.unserved.saturating_sub(1);
        if override_caps {
            self.spend.overridden += 1;
        } else {
            self.spend.hour += 1;
            self.spend.day += 1;
        }
    }
}

/// Whether what only a look at Twilio brings back is on its way: numbers under repair, and those whose rest is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// As far as anybody knows.
    Comes,
    /// Twilio keeps silent about numbers that we have.
    Stalls,
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    available: i64,
    #[diesel(sql_type = BigInt)]
    unready: i64,
    #[diesel(sql_type = BigInt)]
    unfit: i64,
    #[diesel(sql_type = BigInt)]
    assigned: i64,
    #[diesel(sql_type = BigInt)]
    quarantined: i64,
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    missing: i64,
    #[diesel(sql_type = BigInt)]
    missing_of_users: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    purchasing: i64,
    #[diesel(sql_type = BigInt)]
    unsettled: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    hour: i64,
    #[diesel(sql_type = BigInt)]
    day: i64,
    #[diesel(sql_type = BigInt)]
    overridden: i64,
    #[diesel(sql_type = BigInt)]
    doubted: i64,
}

/// Counts everything in one statement, so that a number that moves is counted once.
/// Missing numbers are no stock: they are not at Twilio.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read(conn: &mut Connection) -> Result<Observation, DbError> {
    stock_read_for_waiters(conn, Care::Comes)
}

/// The same for whoever buys for those on the waitlist: what stalls does not come for them. The pool counts it all the same.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read_for_waiters(conn: &mut Connection, care: Care) -> Result<Observation, DbError> {
    let buying = buying_state_read(conn)?;
    stock_observe(conn, buying, care)
}

/// The same beside a state that the caller has read, and perhaps locked.
pub(super) fn stock_observe(conn: &mut Connection, buying: BuyingState, care: Care) -> Result<Observation, DbError> {
    let counts: Counts = sql_query(format!(
        "WITH m AS MATERIALIZED (
             SELECT count(*) AS missing, count(l.user_id) AS missing_of_users
               FROM numbers n LEFT JOIN leases l ON l.number_id = n.id WHERE n.missing_since IS NOT NULL AND n.status <> 'released'),
         l AS (
             SELECT (SELECT count(*) FROM leases WHERE user_id IS NULL AND ready) AS available,
                    (SELECT count(*) FROM leases WHERE user_id IS NOT NULL) - (SELECT missing_of_users FROM m) AS assigned),
         u AS (SELECT count(*) FILTER (WHERE {MENDABLE}) AS unready, count(*) FILTER (WHERE NOT ({MENDABLE})) AS unfit FROM {UNREADY}),
         q AS (SELECT count(*) FILTER (WHERE missing_since IS NULL) AS quarantined, count(*) FILTER (WHERE {DUE}) AS due,
                     count(*) FILTER (WHERE {ON_HOLD} AND missing_since IS NULL) AS held
                 FROM numbers WHERE status = 'quarantined'),
         i AS (
             SELECT count(*) FILTER (WHERE state IN ('intended', 'sent')) AS purchasing,
                    count(*) FILTER (WHERE state = 'unknown') AS unsettled
               FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')),
         w AS (SELECT count(*) AS waiting FROM waiters w WHERE expires_at > clock_timestamp()
                  AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)),
         s AS (
             SELECT count(*) FILTER (WHERE NOT override_caps AND intended_at > clock_timestamp() - interval '1 hour') AS hour,
                    count(*) FILTER (WHERE NOT override_caps) AS day,
                    count(*) FILTER (WHERE override_caps) AS overridden,
                    count(*) FILTER (WHERE doubted AND state = 'not_bought') AS doubted
               FROM purchase_items
              WHERE {SPENT} AND intended_at > clock_timestamp() - interval '24 hours')
         SELECT * FROM m, l, u, q, i, w, s",
    ))
    .get_result(conn)?;
    let stock = Stock {
        available: count(counts.available),
        unready: count(counts.unready),
        unfit: count(counts.unfit),
        assigned: count(counts.assigned),
        quarantined: count(counts.quarantined),
        due: count(counts.due),
        purchasing: count(counts.purchasing),
        unsettled: count(counts.unsettled),
        doubted: count(counts.doubted),
        waiting: count(counts.waiting),
        unserved: 0,
    };
    let spend = Spend { hour: count(counts.hour), day: count(counts.day), overridden: count(counts.overridden) };
    let needs = if stock.waiting > 0 { waitlist_needs(conn, care)? } else { Needs::new() };
    let stock = Stock { unserved: needs.values().sum(), ..stock };
    Ok(Observation {
        stock,
        missing: count(counts.missing),
        missing_of_users: count(counts.missing_of_users),
        held: count(counts.held),
        spend,
        buying,
        needs,
    })
}

/// Sets the waitlist against what is assignable or on its way, country by country.
fn waitlist_needs(conn: &mut Connection, care: Care) -> Result<Needs, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        country: Option<CountryCode>,
        #[diesel(sql_type = BigInt)]
        waiting: i64,
        #[diesel(sql_type = BigInt)]
        coming: i64,
    }
    let rows: Vec<Row> = sql_query(format!(
        "SELECT country, sum(waiting)::bigint AS waiting, sum(coming)::bigint AS coming FROM (
             SELECT country, 1 AS waiting, 0 AS coming FROM waiters w WHERE expires_at > clock_timestamp()
                AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
             -- What is under repair will serve them too: buying again for them would pay twice.
             UNION ALL SELECT country, 0, 1 FROM leases WHERE user_id IS NULL AND ready
             UNION ALL SELECT n.country, 0, 1 FROM {UNREADY} AND {MENDABLE} AND $1
             -- And what comes back from its rest is asked for at once while somebody waits, if it can serve them then.
             UNION ALL SELECT country, 0, 1 FROM numbers WHERE {DUE} AND $1
             UNION ALL SELECT p.country, 0, 1 FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
                        -- What is unknown serves nobody, and a create that takes longer than one request may will be unknown.
                        WHERE i.state IN ('intended', 'sent')
                          AND CASE WHEN i.doubted THEN i.first_sent_at ELSE coalesce(i.last_sent_at, i.intended_at) END
                              > clock_timestamp() - (SELECT make_interval(secs => hangs_after_ms / 1000.0) FROM purchase_holder)
             -- A number bought for somebody who still waits keeps their place, whatever it lacks: one waiter, one number.
             UNION ALL SELECT n.country, 0, 1 FROM purchase_items i JOIN numbers n ON n.purchase_item_id = i.id
                          JOIN purchases p ON p.id = i.purchase_id AND p.trigger = 'emergency'
                        WHERE i.intended_at >= (SELECT min(created_at) FROM waiters WHERE expires_at > clock_timestamp())
                          AND EXISTS (SELECT 1 FROM leases l WHERE l.number_id = n.id AND l.user_id IS NULL) AND n.missing_since IS NULL
                          AND (n.webhook_status = 'failed' OR NOT n.capable OR NOT ($1 OR n.ready))
             ) AS both_sides
          GROUP BY country",
    ))
    .bind::<Bool, _>(care == Care::Comes)
    .load(conn)?;
    let (mut waiting, mut coming) = (Needs::new(), BTreeMap::new());
    for row in rows {
        waiting.insert(row.country, count(row.waiting));
        if let Some(country) = row.country {
            coming.insert(country, count(row.coming));
        }
    }
    Ok(unserved(&waiting, &coming))
}

#[derive(QueryableByName)]
struct Few {
    #[diesel(sql_type = BigInt)]
    few: i64,
}

/// How many are assignable, counted up to `most` and no further: cheap however large the pool is.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_available_up_to(conn: &mut Connection, most: u32) -> Result<u32, DbError> {
    let few: Few = sql_query(
        "SELECT count(*) AS few FROM (SELECT 1 FROM leases WHERE user_id IS NULL AND ready
                                      ORDER BY purchased_at, number_id LIMIT $1) AS first_rows",
    )
    .bind::<Integer, _>(i32::try_from(most).unwrap_or(i32::MAX))
    .get_result(conn)?;
    Ok(count(few.few))
}

/// Stock as far as a policy cares, counted in the order of indexes and no further than it asks: cheap however large the
/// pool is, and as exact as the whole count where the decision hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// What [`Stock::idle`] counts, up to the larger of both limits of the policy.
    pub idle: u32,
    /// What is somebody's, up to `pool.total_min`.
    pub assigned: u32,
}

/// Glances at the stock.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_glance(conn: &mut Connection, idle_most: u32, assigned_most: u32) -> Result<Glance, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        idle: i64,
        #[diesel(sql_type = BigInt)]
        assigned: i64,
    }
    let bound = |most: u32| i32::try_from(most).unwrap_or(i32::MAX);
    let row: Row = sql_query(format!(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM leases WHERE user_id IS NULL AND ready
                                        ORDER BY purchased_at, number_id LIMIT $1) AS a)
              + (SELECT count(*) FROM (SELECT 1 FROM {UNREADY} AND {MENDABLE} ORDER BY l.number_id LIMIT $1) AS b)
              + (SELECT count(*) FROM (SELECT 1 FROM numbers WHERE {DUE} ORDER BY quarantined_until LIMIT $1) AS c)
              + (SELECT count(*) FROM (SELECT 1 FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')
                                        ORDER BY intended_at LIMIT $1) AS d) AS idle,
                (SELECT count(*) FROM (SELECT 1 FROM leases l WHERE assignment_id IS NOT NULL
                                          AND (SELECT missing_since IS NULL FROM numbers n WHERE n.id = l.number_id)
                                        ORDER BY assignment_id LIMIT $2) AS e) AS assigned",
    ))
    .bind::<Integer, _>(bound(idle_most))
    .bind::<Integer, _>(bound(assigned_most))
    .get_result(conn)?;
    Ok(Glance { idle: count(row.idle), assigned: count(row.assigned) })
}

/// Whether anything is assignable in `region`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_available_in(conn: &mut Connection, region: Region) -> Result<bool, DbError> {
    let any: Few = sql_query(
        "SELECT count(*) AS few FROM (
             SELECT 1 FROM leases WHERE user_id IS NULL AND ready AND ($1 IS NULL OR country = $1) AND ($2 IS NULL OR area_code = $2) LIMIT 1) AS one",
    )
    .bind::<Nullable<Text>, _>(region.country.as_ref().map(CountryCode::as_str))
    .bind::<Nullable<Text>, _>(region.area_code.as_ref().map(AreaCode::as_str))
    .get_result(conn)?;
    Ok(any.few > 0)
}

/// A count is never negative, and no pool holds four thousand million numbers.
fn count(rows: i64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
