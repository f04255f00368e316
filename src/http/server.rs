//! The accept loop: takes connections in, keeps their number in bounds, and ends them all in time.
//!
//! Invariants: accepting never stops before `stop` (no error ends it, no crowd blocks it); a newcomer takes the slot of
//! somebody who lets us wait or, when everybody is at work, is told 503; after `stop` no connection outlives
//! `drain_timeout`; dropping the future drops all connections.
//! How to get it wrong: retrying a failed accept at once (no free descriptor means a busy loop), or waiting for event
//! streams, which end only because they watch the same `stop`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use slog::{Logger, debug, error, info, o, warn};
use system_calls::give_memory_back;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::{self, Admission};
use super::options::{HttpService, ServerOptions, Shared};
use super::slots::Slots;
use super::trim::{CrowdMark, LOOK_EVERY};
use super::undeclared::Undeclared;

/// So many connections at a time are told that there is no slot; more are closed without a word.
const REFUSALS_MAX: usize = 64;
/// The pause after a failed accept doubles from the first to the second.
const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(10);
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Failed accepts come in swarms; one line says it.
const ACCEPT_ERROR_EVERY: Duration = Duration::from_secs(10);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still at work when the time was up.
    pub cut_off: usize,
}

/// Serves until `stop`, then lets requests in flight finish.
///
/// The request that the service gets has its method and target only; everything else is in the
/// [`Exchange`](super::Exchange) among its extensions.
pub async fn serve<S: HttpService>(
    listener: TcpListener,
    service: S,
    options: ServerOptions,
    stop: CancellationToken,
) -> Drained {
    let log = options.log.clone();
    let mut house = House {
        slots: Slots::new(options.limits.connections_max),
        refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        connections: JoinSet::new(),
        shared: Arc::new(Shared { service, options, stop: Arc::new(stop.clone()), undeclared: Undeclared::default() }),
    };
    let mut stopped = std::pin::pin!(stop.cancelled());
    let mut failures = 0u32;
    let mut told = None;
    let mut mark = CrowdMark::default();
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            _ = looks.tick() => {
                if mark.has_gone(house.connections.len()) {
                    tokio::task::spawn_blocking(give_memory_back);
                }
            }
            Some(ended) = house.connections.join_next() => note_end(&log, ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    failures = 0;
                    house.take_in(stream, peer);
                    mark.saw(house.connections.len());
                }
                // The client changed its mind between its knock and our answer.
                Err(error) if is_the_clients(&error) => debug!(log, "a connection ended unborn"; "error" => %error),
                Err(error) => {
                    failures += 1;
                    let left = house.slots.evict_idle();
                    if told.is_none_or(|at: Instant| at.elapsed() >= ACCEPT_ERROR_EVERY) {
                        told = Some(Instant::now());
                        error!(log, "connections cannot be accepted; is LimitNOFILE high enough?";
                            "error" => %error, "sent_away" => left);
                    }
                    let pause = ACCEPT_PAUSE_MIN.saturating_mul(1 << failures.min(10)).min(ACCEPT_PAUSE_MAX);
                    tokio::select! { () = &mut stopped => break, () = sleep(pause) => {} }
                }
            },
        }
    }
    drop(listener);
    house.drain(&log).await
}

struct House<S> {
    slots: Arc<Slots>,
    refusals: Arc<Semaphore>,
    connections: JoinSet<()>,
    shared: Arc<Shared<S>>,
}

impl<S: HttpService> House<S> {
    fn take_in(&mut self, stream: TcpStream, peer: std::net::SocketAddr) {
        let admission = match self.slots.take_slot(peer.ip()) {
            Some(lease) => Admission::Inside(lease),
            None => match Arc::clone(&self.refusals).try_acquire_owned() {
                Ok(permit) => Admission::AtTheDoor { _permit: permit, slot: self.slots.standing_slot(peer.ip()) },
                Err(_) => return,
            },
        };
        // An accepted socket that cannot change its hands is one that is gone.
        let Ok(stream) = stream.into_std() else { return };
        let (lane, on_lane) = self.shared.options.lanes.least_busy();
        let shared = Arc::clone(&self.shared);
        let serving = async move {
            let _on_lane = on_lane;
            if let Ok(stream) = TcpStream::from_std(stream) {
                connection::run(stream, peer, admission, shared).await;
            }
        };
        self.connections.spawn_on(serving, lane);
    }

    async fn drain(mut self, log: &Logger) -> Drained {
        let limit = self.shared.options.limits.drain_timeout;
        let all_gone = async {
            while let Some(ended) = self.connections.join_next().await {
                note_end(log, ended);
            }
        };
        let cut_off = match timeout(limit, all_gone).await {
            Ok(()) => 0,
            Err(_) => self.connections.len(),
        };
        self.connections.shutdown().await;
        if cut_off == 0 {
            info!(log, "every connection ended");
        } else {
            warn!(log, "connections were cut off"; o!("cut_off" => cut_off, "drain_secs" => limit.as_secs()));
        }
        Drained { cut_off }
    }
}

fn note_end(log: &Logger, ended: Result<(), JoinError>) {
    // A panic in a service is caught before it comes here; one in the body of an answer is not.
    if let Err(error) = ended
        && error.is_panic()
    {
        error!(log, "a connection panicked while its answer was written"; "error" => %error);
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
