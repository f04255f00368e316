//! Who is connected, and who has to go when there are too many.
//!
//! Invariants: a connection that is at work for somebody whose key is right is never told to go; those that let us wait, or
//! that we let wait because everybody may ask, go first: strangers' before others', of the address that has the most slots,
//! the longest wait first. When all are at work, the address with the most slots gives one that works for a stranger, but
//! only to an address that has fewer: nobody can hold all slots, and nobody's own newcomers cut off their own requests.
//! How to get it wrong: holding the lock while waiting, or counting those that were told to go.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::connection_slot::ConnectionSlot;
use super::per_client::customer;

/// The slots of all connections.
pub(super) struct Slots {
    open: Mutex<Open>,
    max: usize,
    epoch: Instant,
}

#[derive(Default)]
struct Open {
    next_id: u64,
    by_id: HashMap<u64, Arc<ConnectionSlot>>,
}

/// A slot that is given back when its connection goes, by any way.
pub(crate) struct SlotLease {
    id: u64,
    slot: Arc<ConnectionSlot>,
    slots: Arc<Slots>,
}

impl SlotLease {
    pub(crate) fn slot(&self) -> &Arc<ConnectionSlot> {
        &self.slot
    }
}

impl Drop for SlotLease {
    fn drop(&mut self) {
        self.slots.lock().by_id.remove(&self.id);
    }
}

impl Slots {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), max, epoch: Instant::now() })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot, if need be somebody else's; `None` when nobody has one to give.
    pub(super) fn take_slot(self: &Arc<Self>, from: IpAddr) -> Option<SlotLease> {
        let mut open = self.lock();
        if open.by_id.len() >= self.max && open.evict_idle(self.max) == 0 && !open.evict_from_the_greediest(from) {
            return None;
        }
        let id = open.next_id;
        open.next_id += 1;
        let slot = Arc::new(ConnectionSlot::new(from, self.epoch));
        open.by_id.insert(id, Arc::clone(&slot));
        Some(SlotLease { id, slot, slots: Arc::clone(self) })
    }

    /// A slot outside the count, for somebody who is told at once that there is none.
    pub(super) fn standing_slot(&self, from: IpAddr) -> Arc<ConnectionSlot> {
        Arc::new(ConnectionSlot::new(from, self.epoch))
    }

    /// Tells some of those who are not at work to go, because the machine has run out of something.
    pub(super) fn evict_idle(&self) -> usize {
        self.lock().evict_idle(self.max)
    }
}

impl Open {
    /// Looking at everybody is dear, so a sixty-fourth of them goes at a time.
    fn evict_idle(&mut self, max: usize) -> usize {
        let mut counts = self.counts();
        let (mut strangers, mut known) = (Yielding::default(), Yielding::default());
        for (id, slot) in &self.by_id {
            if let Some(since) = slot.yields_since() {
                let group = if slot.is_known() { &mut known } else { &mut strangers };
                group.0.entry(slot.from()).or_default().push(Reverse((since, *id)));
            }
        }
        let most = max / 64 + 1;
        let mut leaving = strangers.first(most, &mut counts);
        // Nobody whose key is right goes as long as a stranger can.
        if leaving.is_empty() {
            leaving = known.first(most, &mut counts);
        }
        for id in &leaving {
            self.evict(*id);
        }
        leaving.len()
    }

    /// When everybody is at work: one slot that works for a stranger, of the address that has the most, as long as it has
    /// more than the newcomer's would have then.
    fn evict_from_the_greediest(&mut self, newcomer: IpAddr) -> bool {
        let counts = self.counts();
        let enough = counts.get(&customer(newcomer)).map_or(1, |count| count + 1);
        let strangers = self.by_id.iter().filter(|(_, slot)| !slot.is_known());
        let greediest = strangers
            // Whose a slot is may have changed since they were counted.
            .map(|(id, slot)| (counts.get(&slot.from()).copied().unwrap_or(0), Reverse((slot.age(), *id))))
            .filter(|(count, _)| *count > enough)
            .max();
        greediest.map(|(_, Reverse((_, id)))| self.evict(id)).is_some()
    }

    /// How many each address has.
    fn counts(&self) -> HashMap<IpAddr, usize> {
        let mut counts = HashMap::new();
        for slot in self.by_id.values() {
            *counts.entry(slot.from()).or_default() += 1;
        }
        counts
    }

    fn evict(&mut self, id: u64) {
        if let Some(slot) = self.by_id.remove(&id) {
            slot.evict();
        }
    }
}

/// Slots that may be given away, by address.
#[derive(Default)]
struct Yielding(HashMap<IpAddr, Vec<Reverse<(u64, u64)>>>);

impl Yielding {
    /// So many of them, each of the address that has the most slots then, its longest wait first.
    fn first(self, most: usize, counts: &mut HashMap<IpAddr, usize>) -> Vec<u64> {
        let mut addresses: BinaryHeap<_> = self
            .0
            .into_iter()
            .filter_map(|(from, mut slots)| {
                slots.sort_unstable();
                let count = counts.get(&from).copied().unwrap_or_default();
                slots.last().copied().map(|longest| (count, longest, from, slots))
            })
            .collect();
        let mut leaving = Vec::new();
        while leaving.len() < most
            && let Some((count, _, from, mut slots)) = addresses.pop()
        {
            leaving.extend(slots.pop().map(|Reverse((_, id))| id));
            let left = count.saturating_sub(1);
            counts.insert(from, left);
            if let Some(longest) = slots.last().copied() {
                addresses.push((left, longest, from, slots));
            }
        }
        leaving
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::connection_slot::BODY_PATIENCE;
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    impl Slots {
        fn take(self: &Arc<Self>) -> Option<SlotLease> {
            self.take_slot(address(1))
        }
    }

    impl SlotLease {
        fn must_go(&self) -> bool {
            self.slot.is_evicted()
        }
    }

    #[test]
    fn those_who_let_us_wait_make_room_and_those_at_work_do_not() {
        let slots = Slots::new(2);
        let first = slots.take().unwrap();
        let second = slots.take().unwrap();
        first.slot().serving();
        let third = slots.take().expect("the second one waits, so it goes");
        assert!(second.must_go() && !first.must_go());
        third.slot().serving();
        assert!(slots.take().is_none(), "both are at work");
        drop(first);
        assert!(slots.take().is_some());
    }

    #[test]
    fn a_body_on_its_way_is_given_time() {
        let slots = Slots::new(1);
        let first = slots.take().unwrap();
        first.slot().reading();
        assert!(slots.take().is_none());
        first.slot().has_read_since(0);
        std::thread::sleep(BODY_PATIENCE + Duration::from_millis(20));
        assert!(slots.take().is_some());
    }

    #[test]
    fn nobody_whose_key_was_right_goes_as_long_as_a_stranger_can() {
        let slots = Slots::new(128);
        let taken: Vec<_> = (0..128).map(|_| slots.take().unwrap()).collect();
        taken[1..].iter().for_each(|slot| slot.slot().known());
        let newcomer = slots.take().expect("the stranger goes");
        newcomer.slot().known();
        assert!(taken[0].must_go() && taken[1..].iter().all(|slot| !slot.must_go()));
        assert!(slots.take().is_some(), "then those who wait with a right key");
    }

    #[test]
    fn the_longest_wait_goes_first() {
        let slots = Slots::new(3);
        let taken: Vec<_> = (0..3).map(|_| slots.take().unwrap()).collect();
        for (slot, since) in taken.iter().zip([9, 3, 7]) {
            slot.slot().has_waited_since(since);
        }
        let _newcomer = slots.take().unwrap();
        assert!(taken[1].must_go());
        assert!(!taken[0].must_go() && !taken[2].must_go());
    }

    #[test]
    fn a_wait_that_we_impose_makes_room() {
        let slots = Slots::new(1);
        let first = slots.take().unwrap();
        first.slot().serving();
        assert!(slots.take().is_none());
        first.slot().held();
        assert!(slots.take().is_some() && first.must_go());
    }

    #[test]
    fn the_address_with_the_most_slots_gives_first_and_whose_key_was_right_last() {
        let slots = Slots::new(4);
        let early = slots.take_slot(address(9)).unwrap();
        let customers: Vec<_> = (0..3).map(|_| slots.take_slot(address(1)).unwrap()).collect();
        customers[0].slot().known();
        let flood: Vec<_> = (0..3).map(|_| slots.take_slot(address(2)).unwrap()).collect();
        assert!(customers[1].must_go() && customers[2].must_go(), "they had the most slots");
        assert!(!customers[0].must_go() && !early.must_go());
        assert_eq!(flood.iter().filter(|slot| slot.must_go()).count(), 1, "then the flood itself had");
        drop((early, flood));
        let rest: Vec<_> = (0..4).map(|_| slots.take_slot(address(3)).unwrap()).collect();
        assert!(!customers[0].must_go());
        rest.iter().for_each(|slot| slot.slot().serving());
        assert!(slots.take_slot(address(4)).is_some() && customers[0].must_go(), "nobody else has one to give");
    }

    #[test]
    fn when_all_are_at_work_the_address_with_the_most_slots_gives_one_to_others_only() {
        let slots = Slots::new(3);
        let greedy: Vec<_> = (0..3).map(|_| slots.take_slot(address(1)).unwrap()).collect();
        for (slot, since) in greedy.iter().zip([8, 5, 6]) {
            slot.slot().asked_by(address(1));
            slot.slot().has_been_served_since(since);
        }
        assert!(slots.take_slot(address(1)).is_none(), "not to its own newcomer");
        greedy[1].slot().known();
        let other = slots.take_slot(address(2)).unwrap();
        assert!(greedy[2].must_go(), "the longest at work whose key was not right");
        other.slot().asked_by(address(2));
        assert!(slots.take_slot(address(2)).is_none(), "it would have as many as the other");
        greedy[0].slot().known();
        assert!(slots.take_slot(address(3)).is_none(), "whose key is right finishes");
    }

    #[test]
    fn whom_a_proxy_forwards_for_has_the_slot() {
        let (slots, proxy) = (Slots::new(3), address(9));
        let taken: Vec<_> = (0..3).map(|_| slots.take_slot(proxy).unwrap()).collect();
        for (slot, client) in taken.iter().zip([1, 2, 2]) {
            slot.slot().asked_by(address(client));
        }
        assert!(slots.take_slot(proxy).is_some(), "nobody knows yet for whom");
        assert!(!taken[0].must_go() && (taken[1].must_go() ^ taken[2].must_go()));
    }
}
