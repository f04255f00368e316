//! Threads that serve connections, each its own ones: a request is read, handled and answered on one thread.
//!
//! Why: on a runtime that shares its work among threads, each request wakes a second one that finds nothing to do, and at
//! a signup's price that is felt.
//! Invariants: a connection stays on its lane; a newcomer gets the lane with the fewest; what a route spawned goes on when
//! its connection is gone, as long as the lanes live.
//! How to get it wrong: blocking in a handler. Everybody on the lane waits; what blocks belongs on a blocking thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Sooner than any time limit of a request ends. A runtime that is told of an earlier end than the next it knew wakes itself to look
/// again, by a call of the system, although it is awake: a clock that ticks sooner saves that with each request.
const TICKS_EVERY: Duration = Duration::from_secs(1);

/// The lanes. Cheap to clone; they end with the last clone.
#[derive(Clone)]
pub struct Lanes(Arc<[Lane]>);

struct Lane {
    handle: Handle,
    connections: Arc<AtomicUsize>,
    /// Dropped with the lane, which ends its thread; closed when that ended by itself.
    open: oneshot::Sender<()>,
}

/// A connection's place on a lane, until it is dropped.
pub(super) struct OnLane(Arc<AtomicUsize>);

impl Drop for OnLane {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    /// As many as the machine runs threads at once.
    ///
    /// # Errors
    /// When the system gives no thread, or nothing to wait with.
    pub fn for_this_machine() -> io::Result<Self> {
        Self::start(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// So many lanes, one at least.
    ///
    /// # Errors
    /// When the system gives no thread, or nothing to wait with.
    pub fn start(count: usize) -> io::Result<Self> {
        (0..count.max(1)).map(|_| Lane::start()).collect::<io::Result<Vec<Lane>>>().map(|lanes| Self(lanes.into()))
    }

    /// Each lane, for whoever asks whether it moves.
    pub(crate) fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.0.iter().map(|lane| &lane.handle)
    }

    /// Where a newcomer is served.
    pub(super) fn least_busy(&self) -> (&Handle, OnLane) {
        // One whose thread died would look idle for ever.
        let by_load = |lane: &&Lane| (lane.open.is_closed(), lane.connections.load(Ordering::Relaxed));
        // Proof: `start` makes one at least.
        let lane = self.0.iter().min_by_key(by_load).expect("there is a lane");
        lane.connections.fetch_add(1, Ordering::Relaxed);
        (&lane.handle, OnLane(Arc::clone(&lane.connections)))
    }
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|lane| lane.connections.load(Ordering::Relaxed))).finish()
    }
}

impl Lane {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().thread_name("callbunker").build()?;
        let (open, closed) = oneshot::channel::<()>();
        let handle = runtime.handle().clone();
        handle.spawn(tick());
        std::thread::Builder::new().name("callbunker-http".to_owned()).spawn(move || {
            // An error is what the drop of the other end is told by.
            let _ = runtime.block_on(closed);
            // Not by dropping it, which would wait for whatever blocks.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, connections: Arc::default(), open })
    }
}

async fn tick() {
    let mut clock = tokio::time::interval(TICKS_EVERY);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_gets_the_lane_with_the_fewest_connections() {
        let lanes = Lanes::start(2).unwrap();
        let (_, first) = lanes.least_busy();
        let (_, _second) = lanes.least_busy();
        assert_eq!(format!("{lanes:?}"), "[1, 1]");
        drop(first);
        let (_, _third) = lanes.least_busy();
        assert_eq!(format!("{lanes:?}"), "[1, 1]");
    }

    #[test]
    fn a_lane_works_until_the_last_clone_is_gone() {
        let lanes = Lanes::start(1).unwrap();
        let (told, hears) = std::sync::mpsc::channel();
        let ended = told.clone();
        let clone = lanes.clone();
        drop(lanes);
        clone.least_busy().0.spawn(async move {
            let _ = told.send("works");
            std::future::pending::<()>().await;
        });
        struct Told(std::sync::mpsc::Sender<&'static str>);
        impl Drop for Told {
            fn drop(&mut self) {
                let _ = self.0.send("ended");
            }
        }
        assert_eq!(hears.recv().unwrap(), "works");
        let guard = Told(ended);
        clone.least_busy().0.spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        drop(clone);
        assert_eq!(hears.recv().unwrap(), "ended");
    }
}
