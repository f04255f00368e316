//! What is seen of one pool before something is bought for it, beside the limits that it was seen under.
//!
//! How to get it wrong: planning by limits that were read at another time. A reload between may have taken the pool away.

use super::shortfall::Shortfall;
use crate::db::purchases::items::Limits;
use crate::db::stock::Observation;
use crate::domain::{AreaCode, ManualWish, Plan, PoolName, Trigger, Why, plan, plan_manual};

/// One pool as it is this moment.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// What there is, what was spent, and what is closed.
    pub(super) seen: Observation,
    /// The limits in force.
    pub(super) limits: Limits,
}

impl Sight {
    fn pool(&self) -> &PoolName {
        &self.limits.keys.pool
    }

    /// What an automatic trigger may buy now.
    pub(super) fn plan(&self, trigger: Trigger) -> Plan {
        let caps = self.seen.caps(&self.limits.caps);
        plan(&self.limits.policy, &caps, &self.seen.stock_for_waiters(self.pool()), trigger)
    }

    /// What an order by hand may buy now.
    pub(super) fn plan_manual(&self, wish: ManualWish) -> Plan {
        plan_manual(&self.seen.caps(&self.limits.caps), wish)
    }

    /// Whether somebody waits here whom neither stock nor what is on its way will serve.
    pub(super) fn somebody_lacks(&self) -> bool {
        self.seen.needs.contains_key(self.pool())
    }

    /// What those wish for who wait here.
    pub(super) fn wishes(&self) -> &[(Option<AreaCode>, u32)] {
        self.seen.needs.get(self.pool()).map_or(&[], |lacking| &lacking.wishes)
    }

    /// What may serve somebody yet: on its way, under repair, or back from its rest.
    pub(super) fn coming(&self) -> u32 {
        let stock = &self.seen.stock;
        stock.purchasing + stock.unsettled + stock.unready + stock.due
    }

    /// Why nothing may be bought, as a plan says.
    pub(super) fn shortfall(&self, why: Why) -> Shortfall {
        Shortfall::of_plan(why, &self.seen)
    }
}
