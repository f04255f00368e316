//! One connection's slot: what its request waits for, whether its key was right, and whether it has to go.
//!
//! Invariant: a slot says what it is doing in one atomic, so that a newcomer's look at thousands of them stops none.
//! How to get it wrong: calling a request that only waits for its turn work: a burst of them would hold every slot.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::per_client::customer;

/// A body may be on its way this long before its connection counts as one that lets us wait.
pub(super) const BODY_PATIENCE: Duration = Duration::from_secs(1);

const WAITING: u64 = 0;
const READING: u64 = 1;
const SERVING: u64 = 2;
const HELD: u64 = 3;
/// A slot's state is its phase and, above it, since when.
const PHASES: u64 = 4;

/// One connection's slot.
pub(crate) struct ConnectionSlot {
    /// Milliseconds since `epoch`, times [`PHASES`], plus the phase.
    state: AtomicU64,
    /// Whether the key of the latest request was right.
    is_known: AtomicBool,
    /// Whose it is: the peer or, once a trusted proxy has said so, whom it forwards for.
    from: Mutex<IpAddr>,
    /// When the server began.
    epoch: Instant,
    evicted: CancellationToken,
}

impl ConnectionSlot {
    pub(super) fn new(from: IpAddr, epoch: Instant) -> Self {
        let slot = Self {
            state: AtomicU64::new(WAITING),
            is_known: AtomicBool::new(false),
            from: Mutex::new(customer(from)),
            epoch,
            evicted: CancellationToken::new(),
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
        if self.phase() != READING {
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
        self.state.store(self.now() * PHASES + phase, Ordering::Relaxed);
    }

    fn phase(&self) -> u64 {
        self.state.load(Ordering::Relaxed) % PHASES
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX / PHASES)
    }

    /// The customer that it counts for.
    pub(super) fn from(&self) -> IpAddr {
        *self.from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// Whether no request is in anybody's hands.
    pub(super) fn is_waiting(&self) -> bool {
        self.phase() == WAITING
    }

    /// Whether somebody whose key is right waits for us.
    pub(super) fn is_serving_known(&self) -> bool {
        matches!(self.phase(), SERVING | READING) && self.is_known()
    }

    /// Since when this slot has not been at work, if it may be given to somebody else.
    pub(super) fn yields_since(&self) -> Option<u64> {
        let state = self.state.load(Ordering::Relaxed);
        let (since, phase) = (state / PHASES, state % PHASES);
        let patience = u64::try_from(BODY_PATIENCE.as_millis()).unwrap_or(u64::MAX);
        match phase {
            WAITING | HELD => Some(since),
            READING if self.now() >= since.saturating_add(patience) => Some(since),
            _ => None,
        }
    }

    /// Ascends with the time of the latest change: of several slots, the smallest has been as it is for the longest.
    pub(super) fn age(&self) -> u64 {
        self.state.load(Ordering::Relaxed)
    }

    /// Tells this connection to make room.
    pub(super) fn evict(&self) {
        self.evicted.cancel();
    }

    /// Whether it has to.
    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.is_cancelled()
    }

    /// Resolves when it has to.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// Resolves when a stranger's request has to make room, however far it is. Somebody whose key is right finishes.
    pub(super) async fn stranger_evicted(&self) {
        self.evicted().await;
        if self.is_known() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
impl ConnectionSlot {
    /// As if it had waited since then.
    pub(super) fn has_waited_since(&self, millis: u64) {
        self.state.store(millis * PHASES + WAITING, Ordering::Relaxed);
    }

    /// As if its body had been on its way since then.
    pub(super) fn has_read_since(&self, millis: u64) {
        self.state.store(millis * PHASES + READING, Ordering::Relaxed);
    }

    /// As if it had been served since then.
    pub(super) fn has_been_served_since(&self, millis: u64) {
        self.state.store(millis * PHASES + SERVING, Ordering::Relaxed);
    }
}
