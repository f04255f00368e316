//! Refusals of one number, told from refusals of the account by their run.
//!
//! Twilio's 403 about one number may mean that number (it is being ported, suspended, a support case), or that our key may
//! not do such a thing at all. One number says nothing; several different ones in a row, without a success of the same
//! kind of call between, do. Kept in memory, for each instance alone: whoever starts anew learns it anew.
//! How to get it wrong: letting one number that Twilio minds stop the purchase of all others; or counting what lies hours
//! apart as in a row, where a kind of call is rare and has no success between.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::telemetry::Operation;

/// So many different numbers in a row concern the account.
const SEVERAL: usize = 3;
/// A refusal so long after the last one is the first of a new run.
const APART: Duration = Duration::from_secs(600);

/// The numbers that were refused since the last success, by kind of call.
#[derive(Debug, Default)]
pub(super) struct InARow(Mutex<HashMap<Operation, Run>>);

/// The numbers of one run, and when the last of them was refused.
#[derive(Debug)]
struct Run {
    numbers: HashSet<String>,
    last: Instant,
}

impl InARow {
    /// A call about a number was answered: the run is over.
    pub(super) fn answered(&self, operation: Operation) {
        self.lock().remove(&operation);
    }

    /// A call about `number` was refused at `now`; whether that makes several in a row. Then a new run begins, so that
    /// whoever resumes is not stopped by the next single one.
    pub(super) fn refused(&self, operation: Operation, number: &str, now: Instant) -> bool {
        let mut runs = self.lock();
        let run = runs.entry(operation).or_insert_with(|| Run { numbers: HashSet::new(), last: now });
        if now.saturating_duration_since(run.last) > APART {
            run.numbers.clear();
        }
        // Two threads may come in another order than they took the time.
        run.last = run.last.max(now);
        run.numbers.insert(number.to_owned());
        let several = run.numbers.len() >= SEVERAL;
        if several {
            runs.remove(&operation);
        }
        several
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Operation, Run>> {
        // Nothing panics while it is held; and what it holds is only counted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_different_numbers_in_a_row_concern_the_account() {
        let (runs, now) = (InARow::default(), Instant::now());
        for _again in 0..9 {
            assert!(!runs.refused(Operation::Update, "a", now), "one number, however often");
        }
        assert!(!runs.refused(Operation::Update, "b", now));
        runs.answered(Operation::Fetch);
        assert!(!runs.refused(Operation::Delete, "c", now), "each kind of call has its own run");
        assert!(runs.refused(Operation::Update, "c", now));
        assert!(!runs.refused(Operation::Update, "d", now), "a new run");
    }

    #[test]
    fn a_success_between_ends_the_run() {
        let (runs, now) = (InARow::default(), Instant::now());
        assert!(!runs.refused(Operation::Create, "a", now) && !runs.refused(Operation::Create, "b", now));
        runs.answered(Operation::Create);
        assert!(!runs.refused(Operation::Create, "c", now) && !runs.refused(Operation::Create, "d", now));
        assert!(runs.refused(Operation::Create, "e", now));
    }

    #[test]
    fn refusals_that_lie_far_apart_are_not_in_a_row() {
        let (runs, begun) = (InARow::default(), Instant::now());
        let after = |secs: u64| begun + Duration::from_secs(secs);
        assert!(!runs.refused(Operation::Create, "a", begun) && !runs.refused(Operation::Create, "b", after(600)));
        assert!(!runs.refused(Operation::Create, "c", after(1201)), "the first of a new run");
        assert!(!runs.refused(Operation::Create, "d", after(1700)));
        assert!(runs.refused(Operation::Create, "e", after(2300)), "each within ten minutes of the one before");
    }
}
