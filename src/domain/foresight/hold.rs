//! When advice takes effect: up at once, down slowly, and not for trifles.
//!
//! Invariants: never below what is configured; down at most once a day, and only after a whole day of lower advice, to the
//! highest advice of that day.
//! How to get it wrong: following every step. A pool whose threshold trembles buys each time that it goes up, and nothing is
//! given back when it comes down.

use super::refill::DAY_MS;

/// A threshold in force, and what has been advised since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The threshold that `foresight` set.
    pub in_force: u32,
    /// Advice that has been clearly lower than that, without a break.
    pub lower: Option<Lower>,
    /// When it was changed last.
    pub changed_at: i64,
}

/// Advice that was clearly lower than what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lower {
    /// Since when.
    pub since: i64,
    /// The highest of it.
    pub highest: u32,
}

/// A threshold that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What was in force.
    pub from: u32,
    /// What is from now on.
    pub to: u32,
}

/// What of new advice takes effect. `held` is `None` for a pool that was never advised.
#[must_use]
pub fn hold(held: Option<Held>, advised: u32, configured: u32, now: i64) -> (Held, Option<Change>) {
    let held = held.unwrap_or(Held { in_force: configured, lower: None, changed_at: i64::MIN });
    let (in_force, wanted) = (held.in_force.max(configured), advised.max(configured));
    if !is_clearly_lower(wanted, in_force) {
        let is_worth_it = wanted.saturating_sub(in_force) > trifle(in_force);
        return set(&held, in_force, if is_worth_it { wanted } else { in_force }, wanted, now);
    }
    let lower = held.lower.unwrap_or(Lower { since: now, highest: 0 });
    let lower = Lower { highest: lower.highest.max(wanted), ..lower };
    let is_old = |at: i64| now.saturating_sub(at) >= DAY_MS;
    if is_old(lower.since) && is_old(held.changed_at) && is_clearly_lower(lower.highest, in_force) {
        return set(&held, in_force, lower.highest, wanted, now);
    }
    (Held { in_force, lower: Some(lower), ..held }, None)
}

/// Another threshold, or the same one, and nothing remembered but what was advised just now.
fn set(held: &Held, from: u32, to: u32, wanted: u32, now: i64) -> (Held, Option<Change>) {
    let change = (to != from).then_some(Change { from, to });
    let lower = is_clearly_lower(wanted, to).then_some(Lower { since: now, highest: wanted });
    (Held { in_force: to, lower, changed_at: if change.is_some() { now } else { held.changed_at } }, change)
}

fn is_clearly_lower(wanted: u32, in_force: u32) -> bool {
    in_force.saturating_sub(wanted) > trifle(in_force)
}

/// So much is left as it is.
fn trifle(in_force: u32) -> u32 {
    (in_force.saturating_mul(15) / 100).max(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = DAY_MS / 24;

    /// What is in force after each advice of an hour, and how it changed.
    fn run(configured: u32, advice: &[(i64, u32)]) -> Vec<(i64, u32, u32)> {
        let (mut held, mut changes) = (None, Vec::new());
        for (hour, advised) in advice {
            let (next, change) = hold(held, *advised, configured, hour * HOUR);
            changes.extend(change.map(|change| (*hour, change.from, change.to)));
            held = Some(next);
        }
        changes
    }

    #[test]
    fn up_at_once_and_down_after_a_day_to_its_highest() {
        assert_eq!(run(10, &[(0, 12), (1, 13)]), [(1, 10, 13)]);
        assert_eq!(run(10, &[(0, 100), (1, 115), (2, 116)]), [(0, 10, 100), (2, 100, 116)]);
        let mut advice = vec![(0, 100)];
        advice.extend((1..60).map(|hour| (hour, if hour == 20 { 60 } else { 40 })));
        assert_eq!(run(10, &advice), [(0, 10, 100), (25, 100, 60), (49, 60, 40)]);
        // One hour of high advice, and the day begins anew.
        advice[10] = (10, 95);
        assert_eq!(run(10, &advice)[1..], [(35, 100, 60), (59, 60, 40)]);
    }

    #[test]
    fn never_below_what_is_configured_and_trifles_are_left() {
        assert_eq!(run(50, &[(0, 3), (30, 3), (60, 3)]), []);
        assert_eq!(run(50, &[(0, 57), (1, 43), (30, 51)]), []);
        let steady: Vec<(i64, u32)> = (0..100).map(|hour| (hour, 98 + (hour % 5) as u32)).collect();
        assert_eq!(run(10, &steady), [(0, 10, 98)]);
        // A higher configuration counts from its next look on.
        let (held, change) = hold(Some(Held { in_force: 20, lower: None, changed_at: 0 }), 20, 30, HOUR);
        assert_eq!((held.in_force, change), (30, None));
    }

    proptest! {
        #[test]
        fn down_once_a_day_at_most_and_never_below_what_was_advised_within_it(
            advice in proptest::collection::vec(0u32..200, 1..400), configured in 0u32..40,
        ) {
            let mut held = None;
            let (mut last_change, mut in_force) = (i64::MIN / 2, configured);
            for (hour, advised) in advice.iter().enumerate() {
                let now = hour as i64 * HOUR;
                let (next, change) = hold(held, *advised, configured, now);
                prop_assert!(next.in_force >= configured);
                prop_assert_eq!(change.map_or(in_force, |change| change.to), next.in_force);
                if let Some(Change { from, to }) = change {
                    prop_assert_eq!(from, in_force);
                    prop_assert!(from.abs_diff(to) > trifle(from));
                    if to < from {
                        prop_assert!(now - last_change >= DAY_MS);
                        let day = &advice[hour.saturating_sub(24)..=hour];
                        prop_assert!(day.iter().all(|advised| *advised <= to.max(configured)));
                    }
                    last_change = now;
                }
                // Never short of the advice by more than a trifle.
                prop_assert!(next.in_force + trifle(next.in_force) >= *advised);
                (held, in_force) = (Some(next), next.in_force);
            }
        }
    }
}
