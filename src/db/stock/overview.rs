//! All pools at one moment, exactly: what people and machines are shown.
//!
//! Invariant: what binds all pools together (the windows, pause and breaker, everything owned) is the same in each pool's
//! observation.
//! How to get it wrong: leaving out the numbers of pools that the configuration does not name any more. Their users keep them,
//! and they cost their fee.

use std::collections::BTreeMap;

use super::needs::{Care, waitlist_needs};
use super::observation::Observation;
use super::spend::Spend;
use super::whole::{Counted, count_whole};
use crate::db::buying_state::{BuyingState, buying_state_read};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::pool_halts::{Keys, pool_halts_of};
use crate::domain::{PoolName, Stock, Unserved};

/// All pools at one moment.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Those that were asked for, whether they have anything or not; each with its halt, if it is of the keys asked for.
    pub pools: BTreeMap<PoolName, Observation>,
    /// All others that have or had anything.
    pub others: BTreeMap<PoolName, Observation>,
    /// The windows of all pools together.
    pub spend: Spend,
    /// Pause and breaker.
    pub buying: BuyingState,
}

impl Overview {
    /// Pools that numbers belong to and that were not asked for: with the pools of the configuration, those that it does not
    /// name.
    pub fn unconfigured(&self) -> impl Iterator<Item = (&PoolName, &Observation)> {
        self.others.iter().filter(|(_, seen)| seen.stock.owned() > 0 || seen.missing > 0)
    }

    /// The sums that are told of all pools: what the configuration names, and what users have, or had a moment ago, of pools that
    /// it does not name. What is idle there serves nobody.
    #[must_use]
    pub fn in_force(&self) -> Stock {
        let left = self.unconfigured().map(|(_, seen)| {
            let Stock { assigned, quarantined, .. } = seen.stock;
            Stock { assigned, quarantined, ..Stock::default() }
        });
        let stocks = self.pools.values().map(|seen| seen.stock).chain(left);
        stocks.fold(Stock::default(), |sum, stock| sum.and(&stock))
    }

    /// Numbers that are users' and not at Twilio any more, of whatever pool.
    #[must_use]
    pub fn missing_of_users(&self) -> u32 {
        self.all().map(|seen| seen.missing_of_users).sum()
    }

    /// As if all were one pool.
    #[must_use]
    pub fn together(&self) -> Observation {
        let mut sum = Observation { spend: self.spend, buying: self.buying.clone(), ..Observation::default() };
        for seen in self.all() {
            sum.stock = sum.stock.and(&seen.stock);
            sum.missing += seen.missing;
            sum.missing_of_users += seen.missing_of_users;
            sum.held += seen.held;
            sum.contested += seen.contested;
            (sum.owned_all, sum.needs) = (seen.owned_all, seen.needs.clone());
        }
        sum
    }

    fn all(&self) -> impl Iterator<Item = &Observation> {
        self.pools.values().chain(self.others.values())
    }
}

/// Counts everything. Missing numbers are no stock: they are not at Twilio.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read_all(conn: &mut Connection, pools: &[Keys]) -> Result<Overview, DbError> {
    let buying = buying_state_read(conn)?;
    let mut halts = pool_halts_of(conn, pools)?;
    let mut counted = count_whole(conn)?;
    let sum = |of: fn(&Counted) -> u32| counted.values().map(of).sum::<u32>();
    let waiting = sum(|counted| counted.stock.waiting);
    let (hour, day, overridden) = (sum(|pool| pool.hour), sum(|pool| pool.day), sum(|pool| pool.overridden));
    let owned_all = sum(|counted| counted.stock.owned_at_most());
    let needs = if waiting > 0 { waitlist_needs(conn, Care::Comes, waiting)? } else { Unserved::new() };
    let observed = |name: &PoolName, counted: Counted| Observation {
        stock: Stock { unserved: needs.get(name).map_or(0, |lacking| lacking.count), ..counted.stock },
        missing: counted.missing,
        missing_of_users: counted.missing_of_users,
        held: counted.held,
        contested: counted.contested,
        spend: Spend { hour, day, overridden, pool_hour: counted.hour, pool_day: counted.day },
        owned_all,
        buying: buying.clone(),
        pool_halt: None,
        needs: needs.clone(),
    };
    let mut overview = Overview {
        spend: Spend { hour, day, overridden, pool_hour: hour, pool_day: day },
        buying: buying.clone(),
        ..Overview::default()
    };
    for keys in pools {
        let mut seen = observed(&keys.pool, counted.remove(&keys.pool).unwrap_or_default());
        seen.pool_halt = halts.remove(&keys.pool);
        overview.pools.insert(keys.pool.clone(), seen);
    }
    overview.others = counted
        .into_iter()
        .map(|(name, counted)| {
            let seen = observed(&name, counted);
            (name, seen)
        })
        .collect();
    Ok(overview)
}

/// The same as if all were one pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read(conn: &mut Connection) -> Result<Observation, DbError> {
    Ok(stock_read_all(conn, &[])?.together())
}
