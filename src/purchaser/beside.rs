//! The waitlist is served before whatever a run is for, and beside it, as soon as its calls to Twilio hang, or are for those who
//! wait at another pool.
//!
//! Invariants: everything beside belongs to the same run, under the same lock and the same bound on creates, of which the
//! run's own orders leave one slot; a market that hangs takes no other pool's turn; when this returns, nothing of the run is in
//! flight.
//! How to get it wrong: waiting in the loop itself. What the run is at would stand still meanwhile.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::MissedTickBehavior;

use super::buyer::Buyer;
use super::report::{EmergencyReport, PoolReport};
use super::run::{self, Run};
use super::serve::serve_pool;
use super::serving::Turn;
use super::traffic::HANG;
use super::waitlist::{pool_lacks, waiting_pools};
use crate::db::DbError;
use crate::domain::PoolName;

const CHECK_EVERY: Duration = Duration::from_millis(250);
/// Served beside at a time, of one pool.
const BESIDE_MAX: usize = 4;
/// After the end of what the run was for, the waitlist is served on for so long at most, while what was begun hangs.
const LINGER: Duration = Duration::from_secs(30);

/// Something beside that ended.
enum Beside {
    /// A look at who could be served.
    Looked(Result<Vec<Turn>, DbError>),
    /// The service of one pool.
    Served(PoolName, Result<PoolReport, DbError>),
}

type Running<'a> = Pin<Box<dyn Future<Output = Beside> + 'a>>;

/// Serves the waitlist, then does `work`, which the run is for. Where those who wait wait for a market that hangs, the work begins
/// beside them, and their pools go on beside it; what became of each is told.
pub(super) async fn with_waitlist_first<T>(buyer: &Buyer, run: &Run, work: impl Future<Output = T>) -> T {
    let first = match waiting_pools(buyer).await {
        Ok(pools) => pools.into_iter().filter_map(|pool| run.serving.claim(&pool, 1)).collect(),
        Err(error) => {
            could_not(buyer, &error);
            Vec::new()
        }
    };
    serve_beside(buyer, run, first, work).await
}

/// Does `work`, which the run is for, and serves the waitlist beside it while the run's calls hang, and pool beside pool.
pub(super) async fn with_waitlist_beside<T>(buyer: &Buyer, run: &Run, work: impl Future<Output = T>) -> T {
    serve_beside(buyer, run, Vec::new(), work).await
}

async fn serve_beside<T>(buyer: &Buyer, run: &Run, first: Vec<Turn>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut report = EmergencyReport::new();
    let mut awaited: BTreeSet<PoolName> = first.iter().map(|turn| turn.pool.clone()).collect();
    let mut beside: FuturesUnordered<Running<'_>> = first.into_iter().map(|turn| serve(buyer, run, turn)).collect();
    let mut is_looking = false;
    let mut done: Option<(T, Instant)> = None;
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if beside.is_empty()
            && let Some((output, _)) = done
        {
            return output;
        }
        tokio::select! {
            output = &mut work, if awaited.is_empty() && done.is_none() => {
                run.is_done.store(true, Ordering::Relaxed);
                done = Some((output, Instant::now()));
            }
            Some(ended) = beside.next(), if !beside.is_empty() => match ended {
                Beside::Looked(found) => {
                    is_looking = false;
                    match found {
                        Ok(turns) => beside.extend(turns.into_iter().map(|turn| serve(buyer, run, turn))),
                        Err(error) => could_not(buyer, &error),
                    }
                }
                Beside::Served(pool, served) => {
                    awaited.remove(&pool);
                    match served {
                        Ok(served) => {
                            report.pools.insert(pool, served);
                            // Whoever waits here while an order by hand has turns hears of it through the handle.
                            buyer.waitlist_reports.send_replace(Some(report.clone()));
                        }
                        Err(error) => could_not(buyer, &error),
                    }
                }
            },
            _ = ticks.tick() => {
                // Those who wait for a market that hangs hold nobody else up.
                awaited.retain(|pool| !run.traffic.hangs_at(pool, HANG));
                let lingers = done.as_ref().is_none_or(|(_, at)| at.elapsed() < LINGER);
                // While one pool's waiters are served, those who come to another one do not wait for them.
                let is_time = run.traffic.hangs(HANG) || (done.is_none() && run.serving.is_anywhere());
                if lingers && is_time && !is_looking && !buyer.is_stopping() {
                    is_looking = true;
                    beside.push(Box::pin(async move { Beside::Looked(look(buyer, run).await) }));
                }
            }
        }
    }
}

fn serve<'a>(buyer: &'a Buyer, run: &'a Run, turn: Turn) -> Running<'a> {
    Box::pin(async move {
        let (pool, served) = serve_pool(buyer, run, turn).await;
        Beside::Served(pool, served)
    })
}

fn could_not(buyer: &Buyer, error: &DbError) {
    if !run::is_overtaken(error) {
        slog::warn!(buyer.log, "those who wait could not be served beside a purchase"; "error" => error.in_full());
    }
}

/// Turns at the pools where somebody lacks a number. Where nobody serves them yet, they are served at once: every order has one
/// create at least. Where somebody does and hangs, others are tried beside, as far as there are slots.
async fn look(buyer: &Buyer, run: &Run) -> Result<Vec<Turn>, DbError> {
    let mut turns = Vec::new();
    for pool in waiting_pools(buyer).await? {
        let most = if !run.serving.is_at(&pool) {
            1
        } else if run.traffic.hangs_at(&pool, HANG) && run.traffic.creates(run.hangs_after) < run.slots {
            1 + BESIDE_MAX
        } else {
            continue;
        };
        if pool_lacks(buyer, &pool).await? {
            turns.extend(run.serving.claim(&pool, most));
        }
    }
    if !turns.is_empty() {
        fail::fail_point!("waitlist_beside");
    }
    Ok(turns)
}
