//! How a pool wants to be, and what bounds every purchase: its own limits, and those of all pools together.
//!
//! How to get it wrong: taking "no such cap" for zero. [`UNBOUND`] stands for it, and stays when something is bought.

/// How a pool wants to be, from its section of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolPolicy {
    /// Replenish when fewer are available; 0 = never by itself.
    pub threshold_low: u32,
    /// Bought at a time.
    pub replenishment_batch_size: u32,
    /// Fill up to this many, available and assigned; 0 = off.
    pub total_min: u32,
    /// Automatic buying never makes idle stock larger.
    pub available_max: u32,
    /// Automatic buying never makes everything owned larger.
    pub owned_max: u32,
}

/// What is left under a cap that nobody set.
pub const UNBOUND: u32 = u32::MAX;

/// The caps in force for the purchases of one pool, beside those of its [`PoolPolicy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapLimits {
    /// `spend.purchases_per_hour_max`, of all pools together.
    pub per_hour_max: u32,
    /// `spend.purchases_per_day_max`, of all pools together.
    pub per_day_max: u32,
    /// The pool's own `purchases_per_day_max`; `None` = it has none.
    pub pool_per_day_max: Option<u32>,
    /// `spend.owned_max`, of all pools together; `None` = there is none.
    pub owned_all_max: Option<u32>,
}

impl CapLimits {
    /// Those of `[spend]` that everybody has.
    #[must_use]
    pub fn of_spend(per_hour_max: u32, per_day_max: u32) -> Self {
        Self { per_hour_max, per_day_max, pool_per_day_max: None, owned_all_max: None }
    }
}

/// What the ledger allows and forbids at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Purchases left in the sliding hour, of all pools together.
    pub hour_left: u32,
    /// Purchases left in the sliding day, of all pools together.
    pub day_left: u32,
    /// Purchases left in the sliding day of this pool alone; [`UNBOUND`] = it has no such cap.
    pub pool_day_left: u32,
    /// Numbers that may still be owned in all pools together; [`UNBOUND`] = there is no such cap.
    pub owned_all_left: u32,
    /// An operator paused automatic buying.
    pub paused: bool,
    /// The breaker is open.
    pub halted: bool,
}

impl Caps {
    /// What so many purchases of the pool leave.
    pub fn spend(&mut self, count: u32) {
        self.spend_elsewhere(count);
        take(&mut self.pool_day_left, count);
    }

    /// What so many purchases of another pool leave.
    pub fn spend_elsewhere(&mut self, count: u32) {
        for left in [&mut self.hour_left, &mut self.day_left, &mut self.owned_all_left] {
            take(left, count);
        }
    }
}

fn take(left: &mut u32, count: u32) {
    if *left != UNBOUND {
        *left = left.saturating_sub(count);
    }
}

/// A limit that made an order smaller than it wanted to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// `pool.available_max`
    AvailableMax,
    /// `pool.owned_max`
    OwnedMax,
    /// `spend.purchases_per_hour_max`
    PurchasesPerHour,
    /// `spend.purchases_per_day_max`
    PurchasesPerDay,
    /// The pool's own `purchases_per_day_max`
    PoolPurchasesPerDay,
    /// `spend.owned_max`
    SpendOwnedMax,
}
