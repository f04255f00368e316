//! Which numbers were repaired in vain, and when they are tried again.
//!
//! Invariants: a number that fails keeps no other from its turn; what fails is left alone longer each time, unless somebody
//! waits for it; memory is bounded.
//! How to get it wrong: beginning each round with the same number. One that always fails would be all that is tried.

use std::time::{Duration, Instant};

/// A number that could not be confirmed rests on for so long, so that it keeps no other from returning.
pub(super) const RESTS_ON: Duration = Duration::from_secs(300);
/// After its first failure a repair waits so long, then twice as long each time,
const REPAIR_AGAIN_FIRST: Duration = Duration::from_secs(5);
/// and never longer than this.
const REPAIR_AGAIN_MAX: Duration = Duration::from_secs(600);
/// What Twilio answers oddly about is asked again after so long at the earliest, also while somebody waits.
const ODD_APART: Duration = Duration::from_secs(2);

/// Numbers that were tried in vain, the longest ago first.
#[derive(Debug, Default)]
pub(super) struct Tried(Vec<Vain>);

#[derive(Debug)]
struct Vain {
    id: i64,
    /// In a row.
    failures: u32,
    /// Until when it is left alone.
    until: Instant,
    /// And until when if somebody waits.
    hurried_until: Instant,
}

impl Tried {
    /// More are forgotten, the longest ago first.
    const KEPT_MAX: usize = 1000;

    /// Its repair failed, and may succeed at once.
    pub(super) fn failed(&mut self, id: i64) {
        self.failed_for(id, Duration::ZERO);
    }

    /// Twilio answers about it, and not as it should: what is asked again too soon says nothing new.
    pub(super) fn failed_oddly(&mut self, id: i64) {
        self.failed_for(id, ODD_APART);
    }

    fn failed_for(&mut self, id: i64, at_least: Duration) {
        let failures = self.forget(id) + 1;
        let wait = (REPAIR_AGAIN_FIRST * 2u32.pow((failures - 1).min(16))).min(REPAIR_AGAIN_MAX);
        let now = Instant::now();
        self.keep(Vain { id, failures, until: now + wait, hurried_until: now + at_least });
    }

    /// Twilio does not know it: there is nothing to repair, whoever waits.
    pub(super) fn gone(&mut self, id: i64) {
        let failures = self.forget(id) + 1;
        let until = Instant::now() + RESTS_ON;
        self.keep(Vain { id, failures, until, hurried_until: until });
    }

    fn keep(&mut self, vain: Vain) {
        self.0.push(vain);
        let surplus = self.0.len().saturating_sub(Self::KEPT_MAX);
        self.0.drain(..surplus);
    }

    /// How often it had failed in a row.
    pub(super) fn forget(&mut self, id: i64) -> u32 {
        let failures = self.0.iter().find(|vain| vain.id == id).map_or(0, |vain| vain.failures);
        self.0.retain(|vain| vain.id != id);
        failures
    }

    /// Those whose turn comes after all others, and those that are left alone for now; while somebody waits these are
    /// fewer.
    pub(super) fn last_and_resting(&self, hurried: bool) -> (Vec<i64>, Vec<i64>) {
        let now = Instant::now();
        let ids = |resting: bool| {
            let until = |vain: &Vain| if hurried { vain.hurried_until } else { vain.until };
            let those = self.0.iter().filter(|vain| (until(vain) > now) == resting);
            those.map(|vain| vain.id).collect()
        };
        (ids(false), ids(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_failed_last_comes_last_and_whoever_is_gone_is_left_alone() {
        let mut tried = Tried::default();
        for id in [1, 2, 3] {
            tried.failed(id);
        }
        tried.failed(1);
        tried.gone(2);
        assert_eq!(tried.last_and_resting(true), (vec![3, 1], vec![2]), "whoever waits");
        assert_eq!(tried.last_and_resting(false), (vec![], vec![3, 1, 2]), "at rest");
        tried.forget(3);
        assert_eq!(tried.last_and_resting(true), (vec![1], vec![2]));
        (0..5000).for_each(|id| tried.failed(id));
        assert_eq!(tried.0.len(), Tried::KEPT_MAX);
    }

    #[test]
    fn what_twilio_answers_oddly_about_is_left_alone_for_a_moment_even_while_somebody_waits() {
        let mut tried = Tried::default();
        tried.failed(1);
        tried.failed_oddly(2);
        assert_eq!(tried.last_and_resting(true), (vec![1], vec![2]));
        assert!(tried.0[1].hurried_until <= Instant::now() + ODD_APART);
    }

    #[test]
    fn a_repair_that_fails_again_waits_longer_each_time() {
        let mut tried = Tried::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            tried.failed(7);
            waits.push(tried.0[0].until.saturating_duration_since(Instant::now()).as_secs() + 1);
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600]);
        tried.forget(7);
        tried.failed(7);
        assert_eq!(tried.0[0].failures, 1, "a success begins anew");
    }
}
