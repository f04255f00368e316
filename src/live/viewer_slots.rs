//! Who watches: slots for viewers, shared fairly between the keys that they came with.
//!
//! Invariants: never more viewers than there are slots; while all are taken, somebody whose key has fewer gets the slot
//! of the one that watches longest with the key that has most, so no key keeps another out.
//! How to get it wrong: counting sessions apart from their key. Whoever has a key opens as many sessions as they like.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::Fingerprint;

type Viewer = (Uuid, CancellationToken);

/// All slots of this instance.
#[derive(Clone)]
pub(crate) struct ViewerSlots(Arc<Mutex<Occupied>>);

struct Occupied {
    most: usize,
    /// Of each key, the one that came first in front; none is empty.
    of: HashMap<Option<Fingerprint>, VecDeque<Viewer>>,
}

/// A slot that somebody has, until it is dropped or given to somebody else.
pub(crate) struct ViewerSlot {
    slots: ViewerSlots,
    key: Option<Fingerprint>,
    id: Uuid,
    given_away: CancellationToken,
}

impl ViewerSlots {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Occupied { most, of: HashMap::new() })))
    }

    /// A slot for somebody who came with this key; `None` = all are taken, and no key has more than this one would.
    pub(crate) fn take(&self, key: Option<Fingerprint>) -> Option<ViewerSlot> {
        let mut occupied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if occupied.count() >= occupied.most && !occupied.evict_for(key) {
            return None;
        }
        let (id, given_away) = (Uuid::new_v4(), CancellationToken::new());
        occupied.of.entry(key).or_default().push_back((id, given_away.clone()));
        Some(ViewerSlot { slots: self.clone(), key, id, given_away })
    }
}

impl Occupied {
    fn count(&self) -> usize {
        self.of.values().map(VecDeque::len).sum()
    }

    fn evict_for(&mut self, key: Option<Fingerprint>) -> bool {
        let own = self.of.get(&key).map_or(0, VecDeque::len);
        let Some(largest) = self.of.iter().max_by_key(|(_, viewers)| viewers.len()).map(|(key, _)| *key) else {
            return false;
        };
        let Some(viewers) = self.of.get_mut(&largest).filter(|viewers| viewers.len() > own + 1) else { return false };
        if let Some((_, given_away)) = viewers.pop_front() {
            given_away.cancel();
        }
        true
    }
}

impl ViewerSlot {
    /// Resolves when somebody else has got this slot.
    pub(super) fn given_away(&self) -> impl Future<Output = ()> + Send + use<> {
        self.given_away.clone().cancelled_owned()
    }
}

impl Drop for ViewerSlot {
    fn drop(&mut self) {
        let mut occupied = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(viewers) = occupied.of.get_mut(&self.key) {
            viewers.retain(|(id, _)| *id != self.id);
            if viewers.is_empty() {
                occupied.of.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<Fingerprint> {
        Some(Fingerprint::of(text.as_bytes()))
    }

    #[test]
    fn a_key_that_has_all_places_gives_some_to_others_and_none_to_itself() {
        let slots = ViewerSlots::new(6);
        let ones: Vec<ViewerSlot> = (0..6).filter_map(|_| slots.take(key("one"))).collect();
        assert_eq!(ones.len(), 6);
        assert!(slots.take(key("one")).is_none());
        let twos: Vec<ViewerSlot> = (0..6).filter_map(|_| slots.take(key("two"))).collect();
        assert_eq!(twos.len(), 3, "as many as are fair");
        let left: Vec<bool> = ones.iter().map(|slot| slot.given_away.is_cancelled()).collect();
        assert_eq!(left, [true, true, true, false, false, false], "the oldest go");
        let three = slots.take(key("three")).expect("there is always one");
        assert_eq!(slots.0.lock().unwrap().count(), 6);
        drop((ones, twos, three));
        assert!(slots.0.lock().unwrap().of.is_empty());
    }

    #[test]
    fn whoever_leaves_makes_room() {
        let slots = ViewerSlots::new(1);
        let first = slots.take(key("one")).expect("a slot");
        assert!(slots.take(key("one")).is_none() && slots.take(key("two")).is_none());
        drop(first);
        assert!(slots.take(key("two")).is_some());
    }
}
