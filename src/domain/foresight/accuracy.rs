//! How yesterday's advice stood against what yesterday needed: the figure by which advice is believed, or not.
//!
//! How to get it wrong: replaying the day alone. Whoever asked late the evening before is still being replaced at its
//! beginning.

use super::replay::needs_since;
use super::supply::Supply;
use crate::domain::caps::CapLimits;

/// A day that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayInHindsight {
    /// Requests.
    pub signups: u64,
    /// The stock with which no larger share of them than was asked would have waited.
    pub needed: u32,
    /// How many would have waited with the stock that was advised.
    pub waiting: u64,
}

/// Of the requests of `[from, until)`, with the base stock that was advised for them. `asked` reaches back beyond the day.
#[must_use]
pub fn in_hindsight(
    asked: &[i64],
    from: i64,
    until: i64,
    supply: &Supply,
    limits: &CapLimits,
    share: f64,
    base_stock: u32,
) -> DayInHindsight {
    let until = asked.partition_point(|at| *at < until);
    let needs = needs_since(&asked[..until], supply, limits, from);
    DayInHindsight { signups: needs.count(), needed: needs.stock_for(share), waiting: needs.waiting_at(base_stock) }
}

#[cfg(test)]
mod tests {
    use super::super::what_if::tests::FREE;
    use super::*;

    #[test]
    fn the_evening_before_counts_as_far_as_it_is_not_replaced() {
        let supply = Supply { lead_ms: 60_000, per_second: 1000.0 };
        let asked = [10_000, 90_000, 95_000, 100_000, 130_000, 200_000, 300_000];
        let day = |from, until, base_stock| in_hindsight(&asked, from, until, &supply, &FREE, 0.0, base_stock);
        // At 100 s two of the day before are not replaced yet, at 130 s three.
        assert_eq!(day(100_000, 250_000, 3), DayInHindsight { signups: 3, needed: 4, waiting: 1 });
        assert_eq!(day(100_000, 250_000, 4).waiting, 0);
        assert_eq!(day(400_000, 500_000, 4), DayInHindsight { signups: 0, needed: 0, waiting: 0 });
    }
}
