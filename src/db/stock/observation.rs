//! Everything a plan is made from, in one statement, so that a number that moves is counted once.
//!
//! Invariant: signups write nothing that helps to count, so either what is free or what is somebody's must be counted. People
//! are shown exact counts ([`super::whole`]). Whoever buys asks no further than the policy does: how many are owned is known
//! without counting (`owned_changes`), and the rest is counted up to the largest limit that is set against it.
//! How to get it wrong: showing people what was counted up to a limit.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::glance::{count, somebodys_up_to};
use super::needs::{Care, waitlist_needs};
use super::spend::{SPENT, Spend};
use super::whole::whole;
use crate::db::buying_state::{BuyingState, buying_state_read};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{DUE, MENDABLE, ON_HOLD, OWNED_COUNT, UNFIT, UNREADY, stock};
use crate::db::pool_halts::{Keys, PoolHalt, pool_halt_read};
use crate::domain::{CapLimits, Caps, PoolName, PoolPolicy, Stock, UNBOUND, Unserved};

/// Everything a plan is made from, read in one transaction-free pass.
#[derive(Debug, Clone, Default)]
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
    /// What the pool lacks, if it is halted for whoever asks.
    pub pool_halt: Option<PoolHalt>,
    /// What signups on the waitlist lack, pool by pool.
    pub needs: Unserved,
    /// Everything owned or on its way in all pools, also in those that nobody configures any more, with what may turn up yet:
    /// what `spend.owned_max` bounds.
    pub owned_all: u32,
}

impl Observation {
    /// What is left under the caps in force, and whether buying is open for the pool that was looked at.
    #[must_use]
    pub fn caps(&self, limits: &CapLimits) -> Caps {
        let left = |max: Option<u32>, used: u32| max.map_or(UNBOUND, |max| max.saturating_sub(used));
        Caps {
            hour_left: limits.per_hour_max.saturating_sub(self.spend.hour),
            day_left: limits.per_day_max.saturating_sub(self.spend.day),
            pool_day_left: left(limits.pool_per_day_max, self.spend.pool_day),
            owned_all_left: left(limits.owned_all_max, self.owned_all),
            paused: self.buying.paused.is_some(),
            halted: self.buying.halted.is_some() || self.pool_halt.is_some(),
        }
    }

    /// The stock as an emergency of `pool` sees it: it serves whoever waits there.
    #[must_use]
    pub fn stock_for_waiters(&self, pool: &PoolName) -> Stock {
        Stock { unserved: self.needs.get(pool).map_or(0, |lacking| lacking.count), ..self.stock }
    }

    /// Counts an intent that the caller has just written in the same transaction.
    pub(in crate::db) fn count_intent(&mut self, override_caps: bool) {
        self.stock.purchasing += 1;
        self.owned_all += 1;
        self.stock.unserved = self.stock.unserved.saturating_sub(1);
        if override_caps {
            self.spend.overridden += 1;
        } else {
            self.spend.hour += 1;
            self.spend.day += 1;
            self.spend.pool_day += 1;
        }
    }
}

/// How far to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Far {
    /// Everything, exactly.
    Whole,
    /// As a plan needs it. [`Stock::owned`] is exact; [`Stock::idle`] and [`Stock::assigned`] are so below `idle` and
    /// `assigned`. What was not counted stands under `quarantined`.
    UpTo {
        /// The largest limit that is set against what is idle; 0 = none is.
        idle: u32,
        /// And against what is somebody's.
        assigned: u32,
        /// If no more than this many are owned, with what may turn up, `idle` is not reached, and nothing is counted.
        unless: u32,
    },
}

impl Far {
    /// As far as this policy goes.
    #[must_use]
    pub fn of(policy: &PoolPolicy) -> Self {
        // One at least: whether there is any is told, whatever the policy sets nothing against.
        let idle = policy.threshold_low.max(policy.total_min).max(policy.available_max).max(1);
        Self::UpTo { idle, assigned: policy.total_min, unless: 0 }
    }

    /// As far as the caps go that bind `more` creates: whether they are wanted was decided before.
    #[must_use]
    pub fn of_caps(policy: &PoolPolicy, available_max_binds: bool, more: usize) -> Self {
        let idle = if available_max_binds { policy.available_max } else { 0 };
        Self::UpTo { idle, assigned: 0, unless: idle.saturating_sub(u32::try_from(more).unwrap_or(u32::MAX)) }
    }
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
    apart: i64,
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
    #[diesel(sql_type = BigInt)]
    pool_day: i64,
    #[diesel(sql_type = BigInt)]
    owned_all: i64,
}

/// Counts everything. Missing numbers are no stock: they are not at Twilio.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read(conn: &mut Connection) -> Result<Observation, DbError> {
    let buying = buying_state_read(conn)?;
    observe(conn, buying, Care::Comes, Far::Whole, None)
}

/// The same for whoever buys under `keys`, as far as `policy` goes: what stalls does not come for those on the waitlist. The
/// pool counts it all the same.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read_for_buying(
    conn: &mut Connection,
    policy: &PoolPolicy,
    care: Care,
    keys: &Keys,
) -> Result<Observation, DbError> {
    let buying = buying_state_read(conn)?;
    stock_observe(conn, buying, care, Far::of(policy), keys)
}

/// The same beside a state that the caller has read, and perhaps locked.
pub(in crate::db) fn stock_observe(
    conn: &mut Connection,
    buying: BuyingState,
    care: Care,
    far: Far,
    keys: &Keys,
) -> Result<Observation, DbError> {
    observe(conn, buying, care, far, Some(keys))
}

fn observe(
    conn: &mut Connection,
    buying: BuyingState,
    care: Care,
    far: Far,
    keys: Option<&Keys>,
) -> Result<Observation, DbError> {
    let pool_halt = keys.map(|keys| pool_halt_read(conn, keys)).transpose()?.flatten();
    let bound = |most: u32| i64::from(most);
    let counts: Counts = match far {
        Far::Whole => {
            sql_query(format!("{} SELECT * FROM stands, i, w, s, a", with(&whole(), "true"))).get_result(conn)?
        }
        Far::UpTo { idle, assigned, unless } => {
            sql_query(format!("{} SELECT * FROM stands, i, w, s, a", with(&up_to(), "pool = $4")))
                .bind::<BigInt, _>(bound(idle))
                .bind::<BigInt, _>(bound(assigned))
                .bind::<BigInt, _>(bound(unless))
                .bind::<Text, _>(keys.map_or(PoolName::DEFAULT, |keys| keys.pool.as_str()))
                .get_result(conn)?
        }
    };
    let stock = Stock {
        available: count(counts.available),
        unready: count(counts.unready),
        unfit: count(counts.unfit),
        apart: count(counts.apart),
        assigned: count(counts.assigned),
        quarantined: count(counts.quarantined),
        due: count(counts.due),
        purchasing: count(counts.purchasing),
        unsettled: count(counts.unsettled),
        doubted: count(counts.doubted),
        waiting: count(counts.waiting),
        unserved: 0,
    };
    let spend = Spend {
        hour: count(counts.hour),
        day: count(counts.day),
        overridden: count(counts.overridden),
        pool_day: count(counts.pool_day),
    };
    let needs = if stock.waiting > 0 { waitlist_needs(conn, care, stock.waiting)? } else { Unserved::new() };
    let stock = Stock { unserved: needs.values().map(|lacking| lacking.count).sum(), ..stock };
    Ok(Observation {
        stock,
        missing: count(counts.missing),
        missing_of_users: count(counts.missing_of_users),
        held: count(counts.held),
        spend,
        buying,
        pool_halt,
        needs,
        owned_all: count(counts.owned_all),
    })
}

/// What is on its way, who waits, and what was spent, before `stands`: the columns of [`Stock`] that are numbers of ours.
fn with(stands: &str, of: &str) -> String {
    format!(
        "WITH n AS (SELECT (SELECT coalesce(sum(more), 0)::bigint FROM owned_changes WHERE {of}) AS owned,
                           {OWNED_COUNT} AS all_owned),
         i AS (
             SELECT count(*) FILTER (WHERE {of} AND state IN ('intended', 'sent')) AS purchasing,
                    count(*) FILTER (WHERE {of} AND state = 'unknown') AS unsettled, count(*) AS all_open
               FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')),
         w AS (SELECT count(*) AS waiting FROM waiters w WHERE {of} AND expires_at > clock_timestamp()
                  AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)),
         s AS (
             SELECT count(*) FILTER (WHERE NOT override_caps AND intended_at > clock_timestamp() - interval '1 hour') AS hour,
                    count(*) FILTER (WHERE NOT override_caps) AS day,
                    count(*) FILTER (WHERE override_caps) AS overridden,
                    count(*) FILTER (WHERE {of} AND NOT override_caps) AS pool_day,
                    count(*) FILTER (WHERE {of} AND doubted AND state = 'not_bought') AS doubted,
                    count(*) FILTER (WHERE doubted AND state = 'not_bought') AS all_doubted
               FROM purchase_items
              WHERE {SPENT} AND intended_at > clock_timestamp() - interval '24 hours'),
         a AS (SELECT all_owned + all_open + all_doubted AS owned_all FROM n, i, s),
         {stands}"
    )
}

/// `$1` of what is idle, `$2` of what is somebody's; of what is idle none, if no more than `$3` can be. `$4` is the pool.
fn up_to() -> String {
    format!(
        "b AS (SELECT CASE WHEN owned + purchasing + unsettled + doubted <= $3 THEN 0 ELSE $1 END AS idle FROM n, i, s),
         c AS MATERIALIZED (SELECT
             (SELECT count(*) FROM (SELECT 1 FROM leases WHERE pool = $4 AND {}
                                     ORDER BY purchased_at, number_id LIMIT (SELECT idle FROM b)) AS a) AS available,
             (SELECT count(*) FROM (SELECT 1 FROM {UNREADY} AND l.pool = $4 AND NOT l.apart AND {MENDABLE}
                                     ORDER BY l.pool, l.number_id LIMIT (SELECT idle FROM b)) AS a) AS unready,
             (SELECT count(*) FROM leases l WHERE l.user_id IS NULL AND l.apart AND l.pool = $4
                AND (SELECT n.missing_since IS NULL FROM numbers n WHERE n.id = l.number_id)) AS apart,
             (SELECT count(*) FROM (SELECT 1 FROM {UNFIT} AND n.pool = $4 LIMIT (SELECT idle FROM b)) AS a) AS unfit,
             (SELECT count(*) FROM (SELECT 1 FROM numbers WHERE {DUE} AND pool = $4 AND NOT apart
                                     ORDER BY quarantined_until LIMIT (SELECT idle FROM b)) AS a) AS due,
             {} AS assigned,
             (SELECT count(*) FROM numbers WHERE pool = $4 AND missing_since IS NOT NULL AND status <> 'released') AS missing,
             (SELECT count(*) FROM numbers WHERE pool = $4 AND missing_since IS NOT NULL AND status <> 'released'
                AND (SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = numbers.id)) AS missing_of_users,
             (SELECT count(*) FROM numbers WHERE {ON_HOLD} AND pool = $4 AND missing_since IS NULL) AS held),
         stands AS (SELECT c.*, greatest(owned - available - unready - unfit - apart - assigned, due) AS quarantined FROM c, n)",
        stock!(),
        somebodys_up_to("$2", "pool = $4")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_sets_no_limit_is_told_whether_there_is_any() {
        let policy =
            PoolPolicy { threshold_low: 0, replenishment_batch_size: 1, total_min: 0, available_max: 0, owned_max: 9 };
        assert_eq!(Far::of(&policy), Far::UpTo { idle: 1, assigned: 0, unless: 0 });
    }
}
