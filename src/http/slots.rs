//! Who is connected, and who has to go when there are too many.
//!
//! Invariants: a connection that is at work for somebody whose key is right is never told to go; those that let us wait, or
//! that we let wait because everybody may ask, go first: strangers' before others', of the address that has the most slots,
//! the longest wait first. When all are at work, the address with the most slots gives one that works for a stranger, but
//! only to an address that has fewer: nobody can hold all slots, and nobody's own newcomers cut off their own requests.
//! How to get it wrong: holding the lock while waiting, counting those that were told to go, or calling a request that only
//! waits for its turn work: a burst of them would hold every slot.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::per_client::customer;

/// A body may be on its way this long before its connection counts as one that lets us wait.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

const WAITING: u64 = 0;
const READING: u64 = 1;
const SERVING: u64 = 2;
const HELD: u64 = 3;

/// One connection's place.
pub(crate) struct ConnectionSlot {
    /// Milliseconds since the crowd began, times four, plus the phase.
    phase: AtomicU64,
    /// Whether the key of the latest request was right.
    is_known: AtomicBool,
    /// Whose it is: the peer or, once a trusted proxy has said so, whom it forwards for.
    from: Mutex<IpAddr>,
    epoch: Instant,
    leave: CancellationToken,
}

impl ConnectionSlot {
    fn new(from: IpAddr, epoch: Instant) -> Self {
        let slot = Self {
            phase: AtomicU64::new(WAITING),
            is_known: AtomicBool::new(false),
            from: Mutex::new(customer(from)),
            epoch,
            leave: CancellationToken::new(),
        };
        slot.waiting();
        slot
    }

    /// No request yet, or its header is not complete; or its answer is on its way already.
    pub(crate) fn waiting(&self) {
        self.set(WAITING);
    }

    /// A request of somebody begins.
    pub(super) fn asked_by(&self, client: IpAddr) {
        self.is_known.store(false, Ordering::Relaxed);
        *self.from.lock().unwrap_or_else(PoisonError::into_inner) = customer(client);
        self.serving();
    }

    /// Whoever asks has shown a right key.
    pub(crate) fn known(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }

    /// We wait for the client's body.
    pub(crate) fn reading(&self) {
        if self.phase.load(Ordering::Relaxed) % 4 != READING {
            self.set(READING);
        }
    }

    /// The client waits for us.
    pub(crate) fn serving(&self) {
        self.set(SERVING);
    }

    /// The client waits because we want it to, not because there is work.
    pub(crate) fn held(&self) {
        self.set(HELD);
    }

    fn set(&self, phase: u64) {
        self.phase.store(self.now() * 4 + phase, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX / 4)
    }

    fn from(&self) -> IpAddr {
        *self.from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// Whether no request is in anybody's hands.
    pub(super) fn is_waiting(&self) -> bool {
        self.phase.load(Ordering::Relaxed) % 4 == WAITING
    }

    /// Whether somebody whose key is right waits for us.
    pub(super) fn is_serving_known(&self) -> bool {
        matches!(self.phase.load(Ordering::Relaxed) % 4, SERVING | READING) && self.is_known()
    }

    /// Since when this slot has not been at work, if it may be given to somebody else.
    fn yields_since(&self) -> Option<u64> {
        let packed = self.phase.load(Ordering::Relaxed);
        let (since, phase) = (packed / 4, packed % 4);
        let patience = u64::try_from(BODY_PATIENCE.as_millis()).unwrap_or(u64::MAX);
        match phase {
            WAITING | HELD => Some(since),
            READING if self.now() >= since.saturating_add(patience) => Some(since),
            _ => None,
        }
    }

    /// Whether this connection has to make room.
    pub(super) fn must_leave(&self) -> bool {
        self.leave.is_cancelled()
    }

    /// Resolves when it has to.
    pub(super) async fn told_to_leave(&self) {
        self.leave.cancelled().await;
    }

    /// Resolves when a stranger's request has to make room, however far it is. Somebody whose key is right finishes.
    pub(super) async fn stranger_told_to_leave(&self) {
        self.leave.cancelled().await;
        if self.is_known() {
            std::future::pending::<()>().await;
        }
    }
}

/// All connections.
pub(super) struct Crowd {
    slots: Mutex<Seats>,
    max: usize,
    epoch: Instant,
}

#[derive(Default)]
struct Seats {
    next_id: u64,
    by_id: HashMap<u64, Arc<ConnectionSlot>>,
}

/// A place that is given back when its connection goes, by any way.
pub(crate) struct Taken {
    id: u64,
    slot: Arc<ConnectionSlot>,
    crowd: Arc<Crowd>,
}

impl Taken {
    pub(crate) fn slot(&self) -> &Arc<ConnectionSlot> {
        &self.slot
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.crowd.lock().by_id.remove(&self.id);
    }
}

impl Crowd {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { slots: Mutex::default(), max, epoch: Instant::now() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seats> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if need be somebody else's; `None` when nobody has one to give.
    pub(super) fn take_slot(self: &Arc<Self>, from: IpAddr) -> Option<Taken> {
        let mut slots = self.lock();
        if slots.by_id.len() >= self.max && slots.make_room(self.max) == 0 && !slots.take_from_the_greediest(from) {
            return None;
        }
        let id = slots.next_id;
        slots.next_id += 1;
        let slot = Arc::new(ConnectionSlot::new(from, self.epoch));
        slots.by_id.insert(id, Arc::clone(&slot));
        Some(Taken { id, slot, crowd: Arc::clone(self) })
    }

    /// A place outside the count, for somebody who is told at once that there is none.
    pub(super) fn standing_slot(&self, from: IpAddr) -> Arc<ConnectionSlot> {
        Arc::new(ConnectionSlot::new(from, self.epoch))
    }

    /// Tells some of those who are not at work to go, because the machine has run out of something.
    pub(super) fn make_room(&self) -> usize {
        self.lock().make_room(self.max)
    }
}

impl Seats {
    /// Looking at everybody is dear, so a sixty-fourth of the crowd goes at a time.
    fn make_room(&mut self, max: usize) -> usize {
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
            self.send_away(*id);
        }
        leaving.len()
    }

    /// When everybody is at work: one slot that works for a stranger, of the address that has the most, as long as it has
    /// more than the newcomer's would have then.
    fn take_from_the_greediest(&mut self, newcomer: IpAddr) -> bool {
        let counts = self.counts();
        let enough = counts.get(&customer(newcomer)).map_or(1, |count| count + 1);
        let strangers = self.by_id.iter().filter(|(_, slot)| !slot.is_known());
        let greediest = strangers
            // Whose a slot is may have changed since they were counted.
            .map(|(id, slot)| {
                (counts.get(&slot.from()).copied().unwrap_or(0), Reverse((slot.phase.load(Ordering::Relaxed), *id)))
            })
            .filter(|(count, _)| *count > enough)
            .max();
        greediest.map(|(_, Reverse((_, id)))| self.send_away(id)).is_some()
    }

    /// Seats of each address.
    fn counts(&self) -> HashMap<IpAddr, usize> {
        let mut counts = HashMap::new();
        for slot in self.by_id.values() {
            *counts.entry(slot.from()).or_default() += 1;
        }
        counts
    }

    fn send_away(&mut self, id: u64) {
        if let Some(slot) = self.by_id.remove(&id) {
            slot.leave.cancel();
        }
    }
}

/// Seats that may be given away, by address.
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
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    impl Crowd {
        fn take(self: &Arc<Self>) -> Option<Taken> {
            self.take_slot(address(1))
        }
    }

    impl Taken {
        fn must_go(&self) -> bool {
            self.slot.leave.is_cancelled()
        }
    }

    #[test]
    fn those_who_let_us_wait_make_room_and_those_at_work_do_not() {
        let crowd = Crowd::new(2);
        let first = crowd.take().unwrap();
        let second = crowd.take().unwrap();
        first.slot().serving();
        let third = crowd.take().expect("the second one waits, so it goes");
        assert!(second.must_go() && !first.must_go());
        third.slot().serving();
        assert!(crowd.take().is_none(), "both are at work");
        drop(first);
        assert!(crowd.take().is_some());
    }

    #[test]
    fn a_body_on_its_way_is_given_time() {
        let crowd = Crowd::new(1);
        let first = crowd.take().unwrap();
        first.slot().reading();
        assert!(crowd.take().is_none());
        first.slot().phase.store(READING, Ordering::Relaxed);
        std::thread::sleep(BODY_PATIENCE + Duration::from_millis(20));
        assert!(crowd.take().is_some());
    }

    #[test]
    fn nobody_whose_key_was_right_goes_as_long_as_a_stranger_can() {
        let crowd = Crowd::new(128);
        let slots: Vec<_> = (0..128).map(|_| crowd.take().unwrap()).collect();
        slots[1..].iter().for_each(|slot| slot.slot().known());
        let newcomer = crowd.take().expect("the stranger goes");
        newcomer.slot().known();
        assert!(slots[0].must_go() && slots[1..].iter().all(|slot| !slot.must_go()));
        assert!(crowd.take().is_some(), "then those who wait with a right key");
    }

    #[test]
    fn the_longest_wait_goes_first() {
        let crowd = Crowd::new(3);
        let slots: Vec<_> = (0..3).map(|_| crowd.take().unwrap()).collect();
        for (slot, since) in slots.iter().zip([9, 3, 7]) {
            slot.slot().phase.store(since * 4 + WAITING, Ordering::Relaxed);
        }
        let _newcomer = crowd.take().unwrap();
        assert!(slots[1].must_go());
        assert!(!slots[0].must_go() && !slots[2].must_go());
    }

    #[test]
    fn a_wait_that_we_impose_makes_room() {
        let crowd = Crowd::new(1);
        let first = crowd.take().unwrap();
        first.slot().serving();
        assert!(crowd.take().is_none());
        first.slot().held();
        assert!(crowd.take().is_some() && first.must_go());
    }

    #[test]
    fn the_address_with_the_most_seats_gives_first_and_whose_key_was_right_last() {
        let crowd = Crowd::new(4);
        let early = crowd.take_slot(address(9)).unwrap();
        let customers: Vec<_> = (0..3).map(|_| crowd.take_slot(address(1)).unwrap()).collect();
        customers[0].slot().known();
        let flood: Vec<_> = (0..3).map(|_| crowd.take_slot(address(2)).unwrap()).collect();
        assert!(customers[1].must_go() && customers[2].must_go(), "they had the most slots");
        assert!(!customers[0].must_go() && !early.must_go());
        assert_eq!(flood.iter().filter(|slot| slot.must_go()).count(), 1, "then the flood itself had");
        drop((early, flood));
        let rest: Vec<_> = (0..4).map(|_| crowd.take_slot(address(3)).unwrap()).collect();
        assert!(!customers[0].must_go());
        rest.iter().for_each(|slot| slot.slot().serving());
        assert!(crowd.take_slot(address(4)).is_some() && customers[0].must_go(), "nobody else has one to give");
    }

    #[test]
    fn when_all_are_at_work_the_address_with_the_most_seats_gives_one_to_others_only() {
        let crowd = Crowd::new(3);
        let greedy: Vec<_> = (0..3).map(|_| crowd.take_slot(address(1)).unwrap()).collect();
        for (slot, since) in greedy.iter().zip([8, 5, 6]) {
            slot.slot().asked_by(address(1));
            slot.slot().phase.store(since * 4 + SERVING, Ordering::Relaxed);
        }
        assert!(crowd.take_slot(address(1)).is_none(), "not to its own newcomer");
        greedy[1].slot().known();
        let other = crowd.take_slot(address(2)).unwrap();
        assert!(greedy[2].must_go(), "the longest at work whose key was not right");
        other.slot().asked_by(address(2));
        assert!(crowd.take_slot(address(2)).is_none(), "it would have as many as the other");
        greedy[0].slot().known();
        assert!(crowd.take_slot(address(3)).is_none(), "whose key is right finishes");
    }

    #[test]
    fn whom_a_proxy_forwards_for_has_the_seat() {
        let (crowd, proxy) = (Crowd::new(3), address(9));
        let slots: Vec<_> = (0..3).map(|_| crowd.take_slot(proxy).unwrap()).collect();
        for (slot, client) in slots.iter().zip([1, 2, 2]) {
            slot.slot().asked_by(address(client));
        }
        assert!(crowd.take_slot(proxy).is_some(), "nobody knows yet for whom");
        assert!(!slots[0].must_go() && (slots[1].must_go() ^ slots[2].must_go()));
    }
}
