//! The first create of a pool after a start, a reload of its keys or a halt goes alone: one refusal is enough to learn what is
//! missing.
//!
//! Invariants: while nothing that Twilio said proves that the pool's keys will do, one create of it is on the wire at a time;
//! one that hangs says nothing, and holds the others of its pool back no longer than its patience. Kept in memory: a start
//! proves anew. Whoever is the first holds an [`Alone`], and lets the next one go alone however it ends.
//! How to get it wrong: taking a doubt for a proof. Nobody knows what Twilio would have said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::db::pool_halts::Keys;
use crate::domain::PoolName;

/// How many creates of a pool may begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// As many as its order may have.
    All,
    /// One, to see whether the pool's keys will do.
    One,
    /// None, before that one is answered.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Untried,
    Alone(Instant),
    Proven,
}

#[derive(Debug)]
struct Known {
    fingerprint: Arc<str>,
    state: State,
}

/// What is known of the pools' keys.
#[derive(Debug, Default)]
pub(crate) struct FirstAlone(Mutex<Pools>);

type Pools = BTreeMap<PoolName, Known>;

impl FirstAlone {
    /// How many creates of the pool may begin at `now`; one that is on the wire holds the others back for `patience` at most.
    pub(super) fn room(&self, keys: &Keys, now: Instant, patience: Duration) -> Room {
        match state_of(known(&self.lock(), keys)) {
            State::Untried => Room::One,
            State::Alone(since) if now.saturating_duration_since(since) < patience => Room::None,
            State::Alone(_) | State::Proven => Room::All,
        }
    }

    /// Claims the right to be the first; `None` = somebody else has it, or nobody needs it any more.
    pub(super) fn begins(self: &Arc<Self>, keys: &Keys, now: Instant) -> Option<Alone> {
        let mut pools = self.lock();
        if state_of(known(&pools, keys)) != State::Untried {
            return None;
        }
        set(&mut pools, keys, State::Alone(now));
        Some(Alone { first: Arc::clone(self), keys: keys.clone(), since: now })
    }

    /// A create of the pool ended in a way that does not speak against its keys.
    pub(super) fn proven(&self, keys: &Keys) {
        set(&mut self.lock(), keys, State::Proven);
    }

    /// The keys may not do any more, or a create ended without a word of Twilio's: the next one goes alone.
    pub(super) fn unproven(&self, keys: &Keys) {
        set(&mut self.lock(), keys, State::Untried);
    }

    /// The same, but for one that goes alone already: it is answered first.
    pub(super) fn unproven_unless_under_way(&self, keys: &Keys) {
        let mut pools = self.lock();
        if !matches!(state_of(known(&pools, keys)), State::Alone(_)) {
            set(&mut pools, keys, State::Untried);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pools> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to be the first. When it is dropped, and nothing was said of the keys meanwhile, the next one goes alone.
#[derive(Debug)]
pub(super) struct Alone {
    first: Arc<FirstAlone>,
    keys: Keys,
    since: Instant,
}

impl Alone {
    /// Since when.
    pub(super) fn since(&self) -> Instant {
        self.since
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let mut pools = self.first.lock();
        if state_of(known(&pools, &self.keys)) == State::Alone(self.since) {
            set(&mut pools, &self.keys, State::Untried);
        }
    }
}

/// What is known of these very keys.
fn known<'p>(pools: &'p Pools, keys: &Keys) -> Option<&'p Known> {
    pools.get(&keys.pool).filter(|known| known.fingerprint == keys.fingerprint)
}

fn state_of(known: Option<&Known>) -> State {
    known.map_or(State::Untried, |known| known.state)
}

fn set(pools: &mut Pools, keys: &Keys, state: State) {
    pools.insert(keys.pool.clone(), Known { fingerprint: Arc::clone(&keys.fingerprint), state });
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    fn keys(fingerprint: &str) -> Keys {
        Keys { fingerprint: fingerprint.into(), ..Keys::default() }
    }

    fn room(first: &FirstAlone, fingerprint: &str, sent: Instant, after_ms: u64) -> Room {
        first.room(&keys(fingerprint), sent + Duration::from_millis(after_ms), PATIENCE)
    }

    #[test]
    fn the_first_goes_alone_until_it_is_answered() {
        let (first, now) = (Arc::new(FirstAlone::default()), Instant::now());
        assert_eq!(room(&first, "a", now, 0), Room::One);
        let alone = first.begins(&keys("a"), now);
        assert!(alone.is_some() && first.begins(&keys("a"), now).is_none(), "one of two");
        assert_eq!(room(&first, "a", now, 0), Room::None);
        first.proven(&keys("a"));
        drop(alone);
        assert_eq!(room(&first, "a", now, 0), Room::All);
        assert!(first.begins(&keys("a"), now).is_none());
        assert_eq!(room(&first, "a", now, 0), Room::All, "later ones hold nobody back");
    }

    #[test]
    fn one_that_hangs_holds_the_others_back_no_longer_than_its_patience() {
        let (first, now) = (Arc::new(FirstAlone::default()), Instant::now());
        let _alone = first.begins(&keys("a"), now);
        assert_eq!((room(&first, "a", now, 999), room(&first, "a", now, 1000)), (Room::None, Room::All));
    }

    #[test]
    fn whoever_ends_without_a_word_lets_the_next_one_go_alone() {
        let (first, now) = (Arc::new(FirstAlone::default()), Instant::now());
        drop(first.begins(&keys("a"), now));
        assert_eq!(room(&first, "a", now, 0), Room::One);
        let late = first.begins(&keys("a"), now);
        first.unproven(&keys("a"));
        let next = first.begins(&keys("a"), now + PATIENCE);
        drop(late);
        assert_eq!(room(&first, "a", now + PATIENCE, 0), Room::None, "the next one is not its to end");
        drop(next);
        assert_eq!(room(&first, "a", now, 0), Room::One);
    }

    #[test]
    fn a_halt_other_keys_and_an_answer_that_says_nothing_begin_anew() {
        let (first, now) = (FirstAlone::default(), Instant::now());
        first.proven(&keys("a"));
        assert_eq!(room(&first, "b", now, 0), Room::One, "other keys");
        assert_eq!(room(&first, "a", now, 0), Room::All);
        first.unproven(&keys("a"));
        assert_eq!(room(&first, "a", now, 0), Room::One);
    }

    #[test]
    fn an_order_that_begins_sends_none_beside_one_that_goes_alone() {
        let (first, now) = (Arc::new(FirstAlone::default()), Instant::now());
        let alone = first.begins(&keys("a"), now);
        first.unproven_unless_under_way(&keys("a"));
        assert_eq!(room(&first, "a", now, 0), Room::None);
        first.proven(&keys("a"));
        drop(alone);
        first.unproven_unless_under_way(&keys("a"));
        assert_eq!(room(&first, "a", now, 0), Room::One);
    }
}
