//! Refusals of one number, told from refusals of the account by their run.
//!
//! Twilio's 403 about one number may mean that number (it is being ported, suspended, a support case), or that our key may
//! not do such a thing at all. One number says nothing; several different ones in a row, without a success of the same
//! kind of call between, do. Kept in memory, for each instance alone: whoever starts anew learns it anew.
//! How to get it wrong: letting one number that Twilio minds stop the purchase of all others.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::telemetry::Operation;

/// So many different numbers in a row concern the account.
const SEVERAL: usize = 3;

/// The numbers that were refused since the last success, by kind of call.
#[derive(Debug, Default)]
pub(super) struct InARow(Mutex<HashMap<Operation, HashSet<String>>>);

impl InARow {
    /// A call about a number was answered: the run is over.
    pub(super) fn answered(&self, operation: Operation) {
        self.lock().remove(&operation);
    }

    /// A call about `number` was refused; whether that makes several in a row. Then a new run begins, so that whoever
    /// resumes is not stopped by the next single one.
    pub(super) fn refused(&self, operation: Operation, number: &str) -> bool {
        let mut runs = self.lock();
        let run = runs.entry(operation).or_default();
        run.insert(number.to_owned());
        let several = run.len() >= SEVERAL;
        if several {
            runs.remove(&operation);
        }
        several
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Operation, HashSet<String>>> {
        // Nothing panics while it is held; and what it holds is only counted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_different_numbers_in_a_row_concern_the_account() {
        let runs = InARow::default();
        for _again in 0..9 {
            assert!(!runs.refused(Operation::Update, "a"), "one number, however often");
        }
        assert!(!runs.refused(Operation::Update, "b"));
        runs.answered(Operation::Fetch);
        assert!(!runs.refused(Operation::Delete, "c"), "each kind of call has its own run");
        assert!(runs.refused(Operation::Update, "c"));
        assert!(!runs.refused(Operation::Update, "d"), "a new run");
    }

    #[test]
    fn a_success_between_ends_the_run() {
        let runs = InARow::default();
        assert!(!runs.refused(Operation::Create, "a") && !runs.refused(Operation::Create, "b"));
        runs.answered(Operation::Create);
        assert!(!runs.refused(Operation::Create, "c") && !runs.refused(Operation::Create, "d"));
        assert!(runs.refused(Operation::Create, "e"));
    }
}
