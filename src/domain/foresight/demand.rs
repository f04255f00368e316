//! When somebody asked for a number: out of the assignments, and of the notes of those who found none ready.
//!
//! Invariant: a user who asks again and again, and gets a number in the end, is one request, at the instant at which they
//! asked first.
//! How to get it wrong: counting the assignment as well. Whoever had to wait would count twice, and the pool would be filled
//! for both.

use std::collections::HashMap;

/// Within such a time after another a user's request is the same one.
pub const REPEAT_MS: i64 = 600_000;

/// Somebody asked, or was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// When, in milliseconds.
    pub at: i64,
    /// A short digest of the user's id: enough to see a repeat.
    pub user: u64,
}

/// The instants of all requests, in their order: those of users who were noted asking, and the assignments that nobody was
/// noted for.
#[must_use]
pub fn requests(assigned: &[Request], noted: &[Request]) -> Vec<i64> {
    let mut by_user: HashMap<u64, Vec<Event>> = HashMap::new();
    for Request { at, user } in noted {
        by_user.entry(*user).or_default().push(Event { at: *at, is_assignment: false });
    }
    let mut asked = Vec::with_capacity(assigned.len());
    for Request { at, user } in assigned {
        match by_user.get_mut(user) {
            Some(events) => events.push(Event { at: *at, is_assignment: true }),
            None => asked.push(*at),
        }
    }
    for mut events in by_user.into_values() {
        events.sort_unstable();
        asked.extend(first_of_each(&events));
    }
    asked.sort_unstable();
    asked
}

/// What one user did. Of the same instant the note comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: i64,
    is_assignment: bool,
}

/// When each request of one user began.
fn first_of_each(events: &[Event]) -> impl Iterator<Item = i64> {
    let mut open_until = None;
    events.iter().filter_map(move |event| {
        let is_repeat = open_until.is_some_and(|until| event.at <= until);
        // Who has a number asks for another one when they ask again.
        open_until = (!event.is_assignment).then_some(event.at.saturating_add(REPEAT_MS));
        (!is_repeat).then_some(event.at)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn of(events: &[(i64, u64)]) -> Vec<Request> {
        events.iter().map(|(minute, user)| Request { at: minute * MINUTE, user: *user }).collect()
    }

    fn minutes(assigned: &[(i64, u64)], noted: &[(i64, u64)]) -> Vec<i64> {
        requests(&of(assigned), &of(noted)).into_iter().map(|at| at / MINUTE).collect()
    }

    #[test]
    fn whoever_waited_and_was_served_is_one_request() {
        assert_eq!(minutes(&[(1, 1), (2, 2)], &[]), [1, 2]);
        assert_eq!(minutes(&[(12, 1)], &[(5, 1)]), [5]);
        // Served in the same instant, or too late to be the same request.
        assert_eq!(minutes(&[(5, 1)], &[(5, 1)]), [5]);
        assert_eq!(minutes(&[(30, 1)], &[(5, 1)]), [5, 30]);
        // Hammered for half an hour, refused all the while, and another user beside it.
        assert_eq!(minutes(&[], &[(0, 1), (5, 1), (10, 1), (15, 1), (22, 1), (30, 1), (15, 2)]), [0, 15]);
        // Served, given back, asked for again.
        assert_eq!(minutes(&[(1, 1), (4, 1)], &[(1, 1), (3, 1)]), [1, 3]);
    }

    proptest! {
        #[test]
        fn no_request_is_lost_and_none_is_made_up(
            assigned in proptest::collection::vec((0i64..500, 0u64..6), 0..40),
            noted in proptest::collection::vec((0i64..500, 0u64..6), 0..40),
        ) {
            let asked = requests(&of(&assigned), &of(&noted));
            prop_assert!(asked.windows(2).all(|two| two[0] <= two[1]));
            prop_assert!(asked.len() >= assigned.len().min(1) && asked.len() <= assigned.len() + noted.len());
            // Each assignment is at most one request, and each has one at it or in the chain of notes before it.
            prop_assert!(asked.iter().all(|at| assigned.iter().chain(&noted).any(|(minute, _)| minute * MINUTE == *at)));
            prop_assert_eq!(requests(&of(&assigned), &[]).len(), assigned.len());
        }
    }
}
