//! Cookies that opened nothing a moment ago: whoever sends the same again is told so without asking PostgreSQL.
//!
//! A token that is unknown stays unknown: a login makes a fresh one, and one that has expired does not come back.
//! Invariant: the memory is bounded; while it is full, PostgreSQL is asked.
//! How to get it wrong: remembering a session that was found. Another instance may end it at any time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const KEPT: usize = 1024;
const FOR: Duration = Duration::from_secs(10);

/// Hashes of tokens, and when each was looked up.
#[derive(Default)]
pub(crate) struct Unknown(Mutex<HashMap<String, Instant>>);

impl Unknown {
    pub(crate) fn holds(&self, hash: &str) -> bool {
        self.with(|tokens| holds(tokens, hash, Instant::now()))
    }

    pub(crate) fn add(&self, hash: String) {
        self.with(|tokens| add(tokens, hash, Instant::now()));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Instant>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn holds(tokens: &HashMap<String, Instant>, hash: &str, now: Instant) -> bool {
    tokens.get(hash).is_some_and(|at| now.saturating_duration_since(*at) < FOR)
}

fn add(tokens: &mut HashMap<String, Instant>, hash: String, now: Instant) {
    if tokens.len() >= KEPT {
        tokens.retain(|_, at| now.saturating_duration_since(*at) < FOR);
    }
    if tokens.len() < KEPT {
        tokens.insert(hash, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_remembered_for_a_moment_and_only_so_much_of_it() {
        let (mut tokens, begin) = (HashMap::new(), Instant::now());
        for number in 0..2 * KEPT {
            add(&mut tokens, number.to_string(), begin);
        }
        assert_eq!(tokens.len(), KEPT);
        assert!(holds(&tokens, "0", begin) && !holds(&tokens, "x", begin) && !holds(&tokens, "0", begin + FOR));
        add(&mut tokens, "x".to_owned(), begin + FOR);
        assert_eq!(tokens.len(), 1);
        assert!(holds(&tokens, "x", begin + FOR));
    }
}
