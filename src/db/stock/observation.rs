//! What is known of one pool at one moment, beside what binds all pools: what a plan is made from.
//!
//! How to get it wrong: holding the purchases of all pools against the cap of one, or the other way round.

use super::spend::Spend;
use crate::db::buying_state::BuyingState;
use crate::db::pool_halts::PoolHalt;
use crate::domain::{CapLimits, Caps, PoolName, Stock, UNBOUND, Unserved};

/// Everything that a plan for one pool is made from.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The pool's counts.
    pub stock: Stock,
    /// Numbers of the pool that we had and that are not at Twilio any more.
    pub missing: u32,
    /// Those of them that are somebody's.
    pub missing_of_users: u32,
    /// Out of stock until an operator decides: a part of `stock.quarantined`.
    pub held: u32,
    /// Those of them that are contested; counted where all pools are read, else 0.
    pub contested: u32,
    /// The windows.
    pub spend: Spend,
    /// Everything that costs a monthly fee, or may, over all pools: those of the configuration and those that are gone from it.
    pub owned_all: u32,
    /// Pause and breaker.
    pub buying: BuyingState,
    /// What the pool lacks, if it is halted for whoever asks.
    pub pool_halt: Option<PoolHalt>,
    /// What signups on the waitlist lack, pool by pool: of all pools, because one run serves them all.
    pub needs: Unserved,
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
        Stock { unserved: self.unserved_at(pool), ..self.stock }
    }

    /// How many of those who wait at `pool` nothing comes for.
    #[must_use]
    pub fn unserved_at(&self, pool: &PoolName) -> u32 {
        self.needs.get(pool).map_or(0, |lacking| lacking.count)
    }

    /// Counts an intent of this pool that the caller has just written in the same transaction.
    pub(in crate::db) fn count_intent(&mut self, override_caps: bool) {
        self.stock.purchasing += 1;
        self.stock.unserved = self.stock.unserved.saturating_sub(1);
        self.owned_all += 1;
        if override_caps {
            self.spend.overridden += 1;
        } else {
            let Spend { hour, day, overridden: _, pool_hour, pool_day } = &mut self.spend;
            [hour, day, pool_hour, pool_day].into_iter().for_each(|window| *window += 1);
        }
    }
}
