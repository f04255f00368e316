//! Numbers for the signups that wait, on whichever instance: bought by whoever holds the lock.
//!
//! Invariants: buys only for waiters that neither stock, nor numbers under repair, nor numbers on their way will serve;
//! it buys what their pool is made of, which somebody configured and priced, and nothing else, as near as it gets to what each
//! wishes for; pools are served side by side, so that a market that hangs holds back those who wait at it and nobody else.
//! How to get it wrong: sizing the order before its search. Those who came meanwhile would wait for another run.

use std::sync::atomic::Ordering;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::buyer::Buyer;
use super::candidates::Candidates;
use super::order::{fill, finish, open};
use super::report::{EmergencyReport, PoolReport};
use super::run::Run;
use super::serving::Turn;
use super::shortfall::Shortfall;
use super::sight::Sight;
use super::waitlist::{log_another, most_at_once, others_wait, waiting_pools};
use super::wave::Allowed;
use crate::db::DbError;
use crate::domain::{Plan, PoolName, Trigger, Why};

/// Rounds of one emergency run; each is one order.
const ROUNDS_MAX: u32 = 64;

/// Serves the waitlist of every pool, if there is anybody whom nothing else will serve; whoever waits longest first. A pool that
/// is being served beside is left to whoever does it.
pub(super) async fn serve_waitlist(buyer: &Buyer, run: &Run) -> Result<EmergencyReport, DbError> {
    let mut report = EmergencyReport::new();
    let turns = waiting_pools(buyer).await?.into_iter().filter_map(|pool| run.serving.claim(&pool, 1));
    let mut pools: FuturesUnordered<_> = turns.map(|turn| serve_pool(buyer, run, turn)).collect();
    let mut failed = None;
    // Each to its end, whatever becomes of the others: creates of it may be on the wire.
    while let Some((pool, done)) = pools.next().await {
        match done {
            Ok(done) => _ = report.pools.insert(pool, done),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(report), Err)
}

/// Serves those who wait at one pool.
pub(super) async fn serve_pool(buyer: &Buyer, run: &Run, turn: Turn) -> (PoolName, Result<PoolReport, DbError>) {
    let mut served = rounds(buyer, run, &turn.pool).await;
    if let Ok(report) = &mut served {
        let sought = buyer.config.load().sought_for(&turn.pool, None);
        report.told = report.short.as_ref().map(|short| short.message(&sought));
    }
    (turn.pool.clone(), served)
}

async fn rounds(buyer: &Buyer, run: &Run, pool: &PoolName) -> Result<PoolReport, DbError> {
    let (mut report, mut searched) = (PoolReport::default(), None);
    for _round in 0..ROUNDS_MAX {
        let Some(sight) = buyer.observe(pool).await? else {
            report.short = Some(Shortfall::Unconfigured);
            break;
        };
        (report.on_their_way, report.registering) = (sight.coming(), sight.seen.stock.registering);
        if !sight.somebody_lacks() {
            break;
        }
        match round(buyer, run, pool, sight, &mut searched).await? {
            // What is on the wire hangs: whoever is next serves those who wait first, too.
            Round::Bought(0) if somebody_is_next(buyer, run).await => break,
            Round::Bought(count) => report.bought += count,
            // A reload came between: the next round looks for what is wanted now.
            Round::Anew => {}
            Round::Short(bought, Shortfall::Unconfigured) if buyer.pool(pool).is_some() => report.bought += bought,
            Round::Nothing => break,
            Round::Short(bought, shortfall) => {
                report.bought += bought;
                if shortfall.ends_all_buying()
                    && let Some(sight) = buyer.observe(pool).await?
                {
                    report.on_their_way = sight.coming();
                }
                report.short = Some(shortfall);
                break;
            }
        }
        if run.is_done.load(Ordering::Relaxed) {
            // Whoever has the lock next serves those who wait first, too; and others wait for the lock.
            break;
        }
    }
    Ok(report)
}

/// Whether the run is held up by those who wait alone, and somebody else could have the lock.
async fn somebody_is_next(buyer: &Buyer, run: &Run) -> bool {
    run.is_done.load(Ordering::Relaxed)
        || buyer.batches_waiting.load(Ordering::Relaxed) > 0
        || others_wait(&buyer.db, None).await
}

enum Round {
    Bought(u32),
    Nothing,
    /// What the pool holds changed meanwhile.
    Anew,
    Short(u32, Shortfall),
}

/// One order for those who wait at a pool.
async fn round(
    buyer: &Buyer,
    run: &Run,
    pool: &PoolName,
    mut sight: Sight,
    searched: &mut Option<Candidates>,
) -> Result<Round, DbError> {
    let Plan { count, why, .. } = sight.plan(Trigger::Emergency);
    if count == 0 {
        return Ok(if why == Why::NobodyWaits { Round::Nothing } else { Round::Short(0, sight.shortfall(why)) });
    }
    let Some(in_force) = buyer.pool(pool) else { return Ok(Round::Short(0, Shortfall::Unconfigured)) };
    let most = match most_at_once(buyer, &in_force).await? {
        Ok(most) => most,
        Err(shortfall) => {
            if matches!(shortfall, Shortfall::AnotherKind) {
                log_another(buyer, &in_force);
            }
            return Ok(Round::Short(0, shortfall));
        }
    };
    let mut allowed = Allowed { count, orders_before: run.traffic.orders_if_none_buys() };
    let candidates = match searched {
        // What the pool holds may have changed meanwhile.
        Some(searched) if searched.kind == in_force.kind => searched,
        _ => {
            // Searched before the order is sized, so that it counts those who came meanwhile.
            let mut candidates = Candidates::for_waiters(&in_force);
            candidates.serve(&in_force, sight.wishes());
            if let Err(shortfall) = candidates.look_first(buyer, run, &in_force).await {
                return Ok(Round::Short(0, shortfall));
            }
            if candidates.len() == 0 {
                return Ok(Round::Short(0, Shortfall::NoStock));
            }
            allowed.orders_before = run.traffic.orders_if_none_buys();
            let Some(seen) = buyer.observe(pool).await? else { return Ok(Round::Short(0, Shortfall::Unconfigured)) };
            allowed.count = seen.plan(Trigger::Emergency).count;
            sight = seen;
            searched.insert(candidates)
        }
    };
    // A reload may have come while they were searched.
    let Some(in_force) = buyer.pool(pool) else { return Ok(Round::Short(0, Shortfall::Unconfigured)) };
    if candidates.kind != in_force.kind {
        return Ok(Round::Anew);
    }
    candidates.heed(&in_force);
    candidates.serve(&in_force, sight.wishes());
    if allowed.count == 0 {
        return Ok(Round::Bought(0));
    }
    allowed.count = allowed.count.min(most);
    let order = open(buyer, run, Trigger::Emergency, &in_force, allowed.count).await?;
    let progress = fill(buyer, run, &order, allowed, false, candidates).await;
    finish(buyer, run, &order, &progress).await?;
    fail::fail_point!("waitlist_bought");
    if progress.search_failed && progress.bought > 0 {
        // Those who look where it failed keep nobody else waiting: the next round looks anew, also for them.
        *searched = None;
        return Ok(Round::Bought(progress.bought));
    }
    Ok(match progress.shortfall.filter(Shortfall::is_worth_telling) {
        Some(shortfall) => Round::Short(progress.bought, shortfall),
        None if progress.bought + progress.unknown == 0 => Round::Nothing,
        None => Round::Bought(progress.bought),
    })
}
