//! How soon and how fast numbers become ready: what a pool's stock has to bridge.
//!
//! How to get it wrong: assuming either. Both are measured, for the time until a number is ready decides everything.

/// Slower than this is never, and instants stay within their type.
const MICROS_MAX: i64 = 1 << 56;
/// An instant that nobody will see.
pub(super) const NEVER: i64 = 1 << 61;

/// How soon and how fast numbers become ready.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supply {
    /// From the intent to buy a number until it can be handed out, in milliseconds.
    pub lead_ms: i64,
    /// How many are bought in a second, at most.
    pub per_second: f64,
}

impl Supply {
    /// The lead in microseconds, in which replays reckon: a hundred purchases a second are ten milliseconds apart.
    pub(super) fn lead_micros(&self) -> i64 {
        micros(self.lead_ms).clamp(0, MICROS_MAX)
    }

    /// From one purchase to the next.
    pub(super) fn gap_micros(&self) -> i64 {
        let gap = 1_000_000.0 / self.per_second;
        if gap.is_finite() && gap >= 0.0 { (gap.round() as i64).min(MICROS_MAX) } else { MICROS_MAX }
    }

    /// When one more number is ready that is bought now, behind `last`, the one before it.
    pub(super) fn ready_at(&self, now: i64, last: i64) -> i64 {
        now.saturating_add(self.lead_micros()).max(last.saturating_add(self.gap_micros()))
    }
}

/// An instant in microseconds.
pub(super) fn micros(millis: i64) -> i64 {
    millis.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_after_their_lead_and_one_behind_the_other() {
        let supply = Supply { lead_ms: 3000, per_second: 4.0 };
        assert_eq!(supply.ready_at(0, i64::MIN), 3_000_000);
        assert_eq!(supply.ready_at(10, 3_000_000), 3_250_000);
        assert_eq!(supply.ready_at(9_000_000, 3_250_000), 12_000_000);
        for never in [0.0, -1.0, f64::NAN] {
            assert_eq!(Supply { lead_ms: 0, per_second: never }.gap_micros(), MICROS_MAX);
        }
        assert_eq!(Supply { lead_ms: -5, per_second: f64::INFINITY }.ready_at(7, 7), 7);
    }
}
