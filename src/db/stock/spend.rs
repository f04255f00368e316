//! What counts as spent, for the caps and for when they are free again.
//!
//! How to get it wrong: counting only what was bought. What is open or in doubt may have been paid for.

/// SQL: an item that counts as spent. Whatever was ever in doubt may have been paid for, and Twilio's list may lag longer than
/// anybody waits for it.
pub(in crate::db) const SPENT: &str = "spends AND (doubted OR state NOT IN ('taken', 'not_bought'))";

/// What was bought in the sliding windows, by the time of intent and the database's clock: bought, open, unknown, and what
/// was ever in doubt, however it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spend {
    /// In the last 60 minutes, for all pools, without the overridden.
    pub hour: u32,
    /// In the last 24 hours, for all pools, without the overridden.
    pub day: u32,
    /// In the last 24 hours with `override_caps`, for all pools.
    pub overridden: u32,
    /// Of `hour`, for the pool that is looked at.
    pub pool_hour: u32,
    /// Of `day`, for the pool that is looked at.
    pub pool_day: u32,
}
