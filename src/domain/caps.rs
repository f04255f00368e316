//! How the pool wants to be, and what bounds every purchase.

/// How the pool wants to be, from `[pool]`.
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

/// What the ledger allows and forbids at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Purchases left in the sliding hour.
    pub hour_left: u32,
    /// Purchases left in the sliding day.
    pub day_left: u32,
    /// An operator paused automatic buying.
    pub paused: bool,
    /// The breaker is open.
    pub halted: bool,
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
}
