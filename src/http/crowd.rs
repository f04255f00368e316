//! Who is connected, and who has to go when there are too many.
//!
//! Invariants: a connection that is working on an answer is never told to go; those that let us wait go first, the
//! longest wait first; a newcomer therefore finds a place unless all places are at work.
//! How to get it wrong: holding the lock while waiting, or counting those that were told to go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// A body may be on its way this long before its connection counts as one that lets us wait.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

const WAITING: u64 = 0;
const READING: u64 = 1;
const SERVING: u64 = 2;

/// One connection's place.
pub(super) struct Seat {
    /// Milliseconds since the crowd began, times four, plus the phase.
    phase: AtomicU64,
    epoch: Instant,
    leave: CancellationToken,
}

impl Seat {
    fn new(epoch: Instant) -> Self {
        let seat = Self { phase: AtomicU64::new(WAITING), epoch, leave: CancellationToken::new() };
        seat.waiting();
        seat
    }

    /// No request yet, or its header is not complete.
    pub(super) fn waiting(&self) {
        self.set(WAITING);
    }

    /// We wait for the client's body.
    pub(super) fn reading(&self) {
        if self.phase.load(Ordering::Relaxed) % 4 != READING {
            self.set(READING);
        }
    }

    /// The client waits for us.
    pub(super) fn serving(&self) {
        self.set(SERVING);
    }

    fn set(&self, phase: u64) {
        self.phase.store(self.now() * 4 + phase, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX / 4)
    }

    /// Whether no request is in anybody's hands.
    pub(super) fn is_waiting(&self) -> bool {
        self.phase.load(Ordering::Relaxed) % 4 == WAITING
    }

    /// Whether the client waits for us.
    pub(super) fn is_serving(&self) -> bool {
        self.phase.load(Ordering::Relaxed) % 4 == SERVING
    }

    /// Since when the client has let us wait, if it has.
    fn waits_since(&self) -> Option<u64> {
        let packed = self.phase.load(Ordering::Relaxed);
        let (since, phase) = (packed / 4, packed % 4);
        let patience = u64::try_from(BODY_PATIENCE.as_millis()).unwrap_or(u64::MAX);
        match phase {
            WAITING => Some(since),
            READING if self.now() >= since.saturating_add(patience) => Some(since),
            _ => None,
        }
    }

    /// Resolves when this connection has to make room.
    pub(super) async fn told_to_leave(&self) {
        self.leave.cancelled().await;
    }
}

/// All connections.
pub(super) struct Crowd {
    seats: Mutex<Seats>,
    max: usize,
    epoch: Instant,
}

#[derive(Default)]
struct Seats {
    next_id: u64,
    by_id: HashMap<u64, Arc<Seat>>,
}

/// A place that is given back when its connection goes, by any way.
pub(super) struct Taken {
    id: u64,
    seat: Arc<Seat>,
    crowd: Arc<Crowd>,
}

impl Taken {
    pub(super) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.crowd.lock().by_id.remove(&self.id);
    }
}

impl Crowd {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { seats: Mutex::default(), max, epoch: Instant::now() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if need be that of somebody who lets us wait; `None` when all are at work.
    pub(super) fn take_seat(self: &Arc<Self>) -> Option<Taken> {
        let mut seats = self.lock();
        if seats.by_id.len() >= self.max && seats.make_room(self.max) == 0 {
            return None;
        }
        let id = seats.next_id;
        seats.next_id += 1;
        let seat = Arc::new(Seat::new(self.epoch));
        seats.by_id.insert(id, Arc::clone(&seat));
        Some(Taken { id, seat, crowd: Arc::clone(self) })
    }

    /// A place outside the count, for somebody who is told at once that there is none.
    pub(super) fn standing_seat(&self) -> Arc<Seat> {
        Arc::new(Seat::new(self.epoch))
    }

    /// Tells some of those who let us wait to go, because the machine has run out of something.
    pub(super) fn make_room(&self) -> usize {
        self.lock().make_room(self.max)
    }
}

impl Seats {
    /// Looking at everybody is dear, so a sixty-fourth of the crowd goes at a time.
    fn make_room(&mut self, max: usize) -> usize {
        let mut waiting: Vec<(u64, u64)> =
            self.by_id.iter().filter_map(|(id, seat)| Some((seat.waits_since()?, *id))).collect();
        let leaving = (max / 64 + 1).min(waiting.len());
        if leaving > 0 && leaving < waiting.len() {
            waiting.select_nth_unstable(leaving - 1);
        }
        for (_, id) in &waiting[..leaving] {
            if let Some(seat) = self.by_id.remove(id) {
                seat.leave.cancel();
            }
        }
        leaving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_let_us_wait_make_room_and_those_at_work_do_not() {
        let crowd = Crowd::new(2);
        let first = crowd.take_seat().unwrap();
        let second = crowd.take_seat().unwrap();
        first.seat().serving();
        let third = crowd.take_seat().expect("the second one waits, so it goes");
        assert!(second.seat().leave.is_cancelled() && !first.seat().leave.is_cancelled());
        third.seat().serving();
        assert!(crowd.take_seat().is_none(), "both are at work");
        drop(first);
        assert!(crowd.take_seat().is_some());
    }

    #[test]
    fn a_body_on_its_way_is_given_time() {
        let crowd = Crowd::new(1);
        let first = crowd.take_seat().unwrap();
        first.seat().reading();
        assert!(crowd.take_seat().is_none());
        first.seat().phase.store(READING, Ordering::Relaxed);
        std::thread::sleep(BODY_PATIENCE + Duration::from_millis(20));
        assert!(crowd.take_seat().is_some());
    }

    #[test]
    fn the_longest_wait_goes_first() {
        let crowd = Crowd::new(3);
        let seats: Vec<_> = (0..3).map(|_| crowd.take_seat().unwrap()).collect();
        for (seat, since) in seats.iter().zip([9, 3, 7]) {
            seat.seat().phase.store(since * 4 + WAITING, Ordering::Relaxed);
        }
        let _newcomer = crowd.take_seat().unwrap();
        assert!(seats[1].seat().leave.is_cancelled());
        assert!(!seats[0].seat().leave.is_cancelled() && !seats[2].seat().leave.is_cancelled());
    }
}
