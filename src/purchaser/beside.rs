//! The waitlist is served beside whatever a run is at, as soon as its calls to Twilio hang.
//!
//! Invariants: everything beside belongs to the same run, under the same lock and the same bound on creates, of which the
//! run's own orders leave one slot; when this returns, nothing of the run is in flight.
//! How to get it wrong: waiting in the loop itself. What the run is at would stand still meanwhile.

use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::MissedTickBehavior;

use super::buyer::Buyer;
use super::run::{self, Run};
use super::serve::serve_waitlist;
use super::traffic::HANG;
use super::waitlist::waitlist_lacks;
use crate::db::DbError;

const CHECK_EVERY: Duration = Duration::from_millis(250);
/// Served beside at a time.
const BESIDE_MAX: usize = 4;
/// After the end of what the run was for, the waitlist is served on for so long at most, while what was begun hangs.
const LINGER: Duration = Duration::from_secs(30);

type Beside<'a> = Pin<Box<dyn Future<Output = Result<(), DbError>> + 'a>>;

/// Does `work`, which the run is for, and serves the waitlist beside it while the run's calls hang.
pub(super) async fn with_waitlist_beside<T>(buyer: &Buyer, run: &Run, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut beside: FuturesUnordered<Beside<'_>> = FuturesUnordered::new();
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
            output = &mut work, if done.is_none() => done = Some((output, Instant::now())),
            Some(served) = beside.next(), if !beside.is_empty() => {
                if let Err(error) = served && !run::is_overtaken(&error) {
                    slog::warn!(buyer.log, "those who wait could not be served beside a purchase that hangs"; "error" => error.in_full());
                }
            }
            _ = ticks.tick() => {
                let lingers = done.as_ref().is_none_or(|(_, at)| at.elapsed() < LINGER);
                let room = beside.len() < BESIDE_MAX && run.traffic.creates(run.hangs_after) < run.slots;
                if lingers && room && !buyer.is_stopping() && run.traffic.hangs_for(HANG) {
                    beside.push(Box::pin(serve(buyer, run)));
                }
            }
        }
    }
}

async fn serve(buyer: &Buyer, run: &Run) -> Result<(), DbError> {
    if !waitlist_lacks(buyer).await? {
        return Ok(());
    }
    fail::fail_point!("waitlist_beside");
    serve_waitlist(buyer, run).await.map(|_report| ())
}
