//! Which target is left alone, and until when.
//!
//! Invariants: what fails is asked again later each time, up to a minute; one success ends that, but never cuts short what Twilio
//! asked for. Kept in memory, for each instance alone, and bounded: whoever starts anew learns it anew.
//! How to get it wrong: four calls that fail together counted as four failures in a row.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After the first failure a target rests so long, then twice as long each time,
const FIRST: Duration = Duration::from_secs(1);
/// and never longer than this, unless Twilio asks for it,
const LONGEST: Duration = Duration::from_secs(60);
/// which it does in vain above this.
const ASKED_MAX: Duration = Duration::from_secs(3600);
/// More are forgotten, those first that rest no more.
const KEPT_MAX: usize = 2000;

/// Attachments that are left alone for a reason of their own, each until then.
#[derive(Debug, Default)]
pub(super) struct Alone(Mutex<BTreeMap<i64, Instant>>);

impl Alone {
    /// Those that are left alone now.
    pub(super) fn resting(&self) -> Vec<i64> {
        let now = Instant::now();
        let mut alone = self.lock();
        alone.retain(|_, until| *until > now);
        alone.keys().copied().collect()
    }

    pub(super) fn rest_for(&self, id: i64, long: Duration) {
        let mut alone = self.lock();
        alone.insert(id, Instant::now() + long);
        while alone.len() > KEPT_MAX {
            alone.pop_first();
        }
    }

    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Targets by their SIDs.
#[derive(Debug, Default)]
pub(super) struct Rests(Mutex<BTreeMap<String, Rest>>);

#[derive(Debug, Clone, Copy)]
struct Rest {
    /// In a row.
    failures: u32,
    until: Instant,
    /// The same as Twilio asked for it, or as it was refused: whatever else succeeds meanwhile, it stands.
    asked_until: Option<Instant>,
}

impl Rest {
    fn until(&self) -> Instant {
        self.asked_until.map_or(self.until, |asked| asked.max(self.until))
    }
}

impl Rests {
    /// Those that are left alone now.
    pub(super) fn resting(&self) -> Vec<String> {
        let now = Instant::now();
        self.lock().iter().filter(|(_, rest)| rest.until() > now).map(|(target, _)| target.clone()).collect()
    }

    pub(super) fn is_resting(&self, target: &str) -> bool {
        self.lock().get(target).is_some_and(|rest| rest.until() > Instant::now())
    }

    /// Twilio gave no answer that helps; `asked` is how long it wants to be left alone.
    pub(super) fn trouble(&self, target: &str, asked: Option<Duration>) {
        self.trouble_at(target, asked, Instant::now());
    }

    fn trouble_at(&self, target: &str, asked: Option<Duration>, now: Instant) {
        let before = self.lock().get(target).copied();
        let failures = match before {
            // Its calls were side by side.
            Some(rest) if rest.until() > now => rest.failures.max(1),
            Some(rest) => rest.failures + 1,
            None => 1,
        };
        let until = now + wait(failures, asked);
        self.keep(target, Rest { failures, until, asked_until: asked.map(|_| until) }, now);
    }

    /// It is left alone for so long, however it was before.
    pub(super) fn rest_for(&self, target: &str, long: Duration) {
        let now = Instant::now();
        self.keep(target, Rest { failures: 1, until: now + long, asked_until: Some(now + long) }, now);
    }

    /// It answered: what failed before is forgotten, and what Twilio asked for is not.
    pub(super) fn answered(&self, target: &str) {
        let (now, mut rests) = (Instant::now(), self.lock());
        match rests.get(target).and_then(|rest| rest.asked_until).filter(|until| *until > now) {
            Some(until) => {
                rests.insert(target.to_owned(), Rest { failures: 0, until, asked_until: Some(until) });
            }
            None => {
                rests.remove(target);
            }
        }
    }

    /// Whatever rested may be asked again.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn keep(&self, target: &str, rest: Rest, now: Instant) {
        let mut rests = self.lock();
        let before = rests.get(target).copied();
        let until = before.map_or(rest.until, |before| before.until.max(rest.until));
        let asked_until = before.and_then(|before| before.asked_until).max(rest.asked_until);
        rests.insert(target.to_owned(), Rest { until, asked_until, ..rest });
        if rests.len() > KEPT_MAX {
            rests.retain(|_, rest| rest.until() > now);
        }
        while rests.len() > KEPT_MAX {
            rests.pop_first();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Rest>> {
        // Nothing panics while it is held; and what it holds is only when.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(failures: u32, asked: Option<Duration>) -> Duration {
    match asked {
        Some(asked) => asked.clamp(FIRST, ASKED_MAX),
        None => (FIRST * 2u32.pow((failures.max(1) - 1).min(16))).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_fails_again_rests_longer_each_time_and_one_answer_ends_it() {
        let rests = Rests::default();
        let (mut now, mut waits) = (Instant::now(), Vec::new());
        for _failure in 0..9 {
            rests.trouble_at("MG1", None, now);
            let until = rests.lock()["MG1"].until();
            waits.push((until - now).as_secs());
            now = until + Duration::from_millis(1);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        rests.answered("MG1");
        assert!(!rests.is_resting("MG1"));
        rests.trouble("MG1", None);
        assert!(rests.is_resting("MG1") && !rests.is_resting("MG2"));
        assert_eq!(rests.resting(), ["MG1"]);
    }

    #[test]
    fn calls_that_fail_side_by_side_are_one_failure() {
        let (rests, now) = (Rests::default(), Instant::now());
        for _call in 0..4 {
            rests.trouble_at("MG1", None, now);
        }
        assert_eq!(rests.lock()["MG1"].failures, 1);
    }

    #[test]
    fn what_twilio_asks_for_is_obeyed_within_bounds_and_never_cut_short() {
        assert_eq!(wait(9, Some(Duration::from_secs(120))), Duration::from_secs(120));
        assert_eq!(wait(1, Some(Duration::ZERO)), FIRST);
        assert_eq!(wait(1, Some(Duration::MAX)), ASKED_MAX);
        let rests = Rests::default();
        rests.rest_for("MG1", Duration::from_secs(600));
        rests.trouble("MG1", None);
        assert!(rests.lock()["MG1"].until() > Instant::now() + Duration::from_secs(500));
    }

    #[test]
    fn a_success_beside_it_cuts_nothing_short_that_twilio_asked_for() {
        let (rests, now) = (Rests::default(), Instant::now());
        rests.trouble("MG1", None);
        rests.trouble("MG1", Some(Duration::from_secs(120)));
        rests.answered("MG1");
        assert!(rests.lock()["MG1"].until() > now + Duration::from_secs(100));
        rests.rest_for("MG2", Duration::from_secs(600));
        rests.answered("MG2");
        // A failure of its own in the meantime, which the next success ends.
        rests.trouble("MG2", None);
        rests.answered("MG2");
        assert_eq!(rests.resting(), ["MG1", "MG2"]);
        // When it is over, nothing is left of it.
        rests.rest_for("MG3", Duration::ZERO);
        rests.answered("MG3");
        assert!(!rests.lock().contains_key("MG3"));
    }

    #[test]
    fn memory_is_bounded() {
        let rests = Rests::default();
        for n in 0..KEPT_MAX + 500 {
            rests.trouble(&format!("MG{n}"), None);
        }
        assert!(rests.lock().len() <= KEPT_MAX);
    }
}
