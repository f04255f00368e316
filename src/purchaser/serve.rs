//! Numbers for the signups that wait, on whichever instance: bought by whoever holds the lock.
//!
//! Invariants: buys only for waiters that neither stock, nor numbers under repair, nor numbers on their way will serve;
//! it buys what the pool is made of, which somebody configured and priced, and nothing else.
//! How to get it wrong: sizing the order before its search. Those who came meanwhile would wait for another run.

use super::buyer::Buyer;
use super::candidates::Candidates;
use super::order::{fill, finish, open};
use super::report::{EmergencyReport, PoolReport};
use super::run::Run;
use super::shortfall::Shortfall;
use super::traffic::Kind;
use super::waitlist::{pace, plan_for_waiters};
use crate::db::DbError;
use crate::db::purchases::items::Pace;
use crate::db::stock::Observation;
use crate::domain::{PoolName, Trigger, Why};

/// Rounds of one emergency run; each is one order.
const ROUNDS_MAX: u32 = 64;

/// Serves the waitlist, if there is anybody whom nothing else will serve.
pub(super) async fn serve_waitlist(buyer: &Buyer, run: &Run) -> Result<EmergencyReport, DbError> {
    let mut report = EmergencyReport::new();
    let pool = PoolName::default_pool();
    let done = serve_pool(buyer, run, &pool).await?;
    report.pools.insert(pool, done);
    Ok(report)
}

/// Serves those who wait at one pool.
async fn serve_pool(buyer: &Buyer, run: &Run, pool: &PoolName) -> Result<PoolReport, DbError> {
    let (mut report, mut searched) = (PoolReport::default(), None);
    for _round in 0..ROUNDS_MAX {
        let seen = buyer.observe().await?;
        report.on_their_way = coming(&seen);
        if !seen.needs.contains_key(pool) {
            break;
        }
        match round(buyer, run, pool, &seen, &mut searched).await? {
            Round::Bought(count) => report.bought += count,
            Round::Nothing => break,
            Round::Short(bought, shortfall) => {
                report.bought += bought;
                if shortfall.ends_all_buying() {
                    report.on_their_way = coming(&buyer.observe().await?);
                }
                report.short = Some(shortfall);
                break;
            }
        }
    }
    Ok(report)
}

/// What may serve somebody yet: on its way, under repair, or back from its rest.
fn coming(seen: &Observation) -> u32 {
    seen.stock.purchasing + seen.stock.unsettled + seen.stock.unready + seen.stock.due
}

enum Round {
    Bought(u32),
    Nothing,
    Short(u32, Shortfall),
}

/// One order for those who wait at a pool.
async fn round(
    buyer: &Buyer,
    run: &Run,
    pool: &PoolName,
    seen: &Observation,
    searched: &mut Option<Candidates>,
) -> Result<Round, DbError> {
    let mut plan = plan_for_waiters(buyer, seen, pool);
    let country = buyer.config.load().pool.country;
    if plan.count == 0 {
        let why = plan.why;
        return Ok(if why == Why::NobodyWaits {
            Round::Nothing
        } else {
            Round::Short(0, Shortfall::of_plan(why, seen))
        });
    }
    let most = match pace(buyer).await? {
        Pace::Free => u32::MAX,
        Pace::One => 1,
        Pace::Wait => return Ok(Round::Short(0, Shortfall::Paced)),
    };
    let candidates = match searched {
        Some(searched) => searched,
        None => {
            // Searched before the order is sized, so that it counts those who came meanwhile.
            let in_force = buyer.pool();
            let kind = in_force.kind.in_country(country);
            let mut candidates = Candidates::new(kind, std::iter::once(in_force.widest(kind)).collect());
            if let Err(shortfall) = search_first(buyer, run, &mut candidates).await {
                return Ok(Round::Short(0, shortfall));
            }
            if candidates.len() == 0 {
                return Ok(Round::Short(0, Shortfall::NoStock));
            }
            plan = plan_for_waiters(buyer, &buyer.observe().await?, pool);
            searched.insert(candidates)
        }
    };
    if plan.count == 0 {
        return Ok(Round::Bought(0));
    }
    let count = plan.count.min(most);
    let order = open(buyer, run, Trigger::Emergency, country, count).await?;
    let progress = fill(buyer, run, &order, count, false, candidates).await;
    finish(buyer, run, &order, &progress).await?;
    fail::fail_point!("waitlist_bought");
    Ok(match progress.shortfall.filter(Shortfall::is_worth_telling) {
        Some(shortfall) => Round::Short(progress.bought, shortfall),
        None if progress.bought + progress.unknown == 0 => Round::Nothing,
        None => Round::Bought(progress.bought),
    })
}

async fn search_first(buyer: &Buyer, run: &Run, candidates: &mut Candidates) -> Result<(), Shortfall> {
    if let Some(search) = candidates.next_search(&buyer.pool()) {
        let _call = run.traffic.call(Kind::Search);
        candidates.add(search.run(buyer, None).await?, true);
        candidates.moved();
    }
    Ok(())
}
