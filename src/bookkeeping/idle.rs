//! What numbers cost while nobody had them.
//!
//! How to get it wrong: a price that is not known as zero.

use rust_decimal::Decimal;
use tokio::time::Instant;

use crate::db::charges::IdleRow;
use crate::domain::money::{Amount, Month, idle_cost};

/// How long numbers were owned and held, and how much of the month that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Idle {
    pub(super) rows: Vec<IdleRow>,
    pub(super) passed_seconds: u64,
}

/// What was read last, and when.
pub(super) type Remembered = Option<(Instant, Month, Idle)>;

/// What the idle time of one kind of number cost; `None` = its price is not known.
pub(super) fn cost(row: &IdleRow, unit: Option<&Amount>, passed_seconds: u64) -> Option<Decimal> {
    let idle = u64::try_from(row.owned.saturating_sub(row.held)).unwrap_or_default();
    if idle == 0 {
        return Some(Decimal::ZERO);
    }
    idle_cost(unit?.amount, idle, passed_seconds)
}
