//! Numbers for the signups that wait, on whichever instance: bought by whoever holds the lock.
//!
//! Invariants: buys only for waiters that neither stock, nor numbers under repair, nor numbers on their way will serve;
//! it buys in the pool's country, which somebody configured and priced, and nowhere else: whoever insists on another one
//! is served by stock alone, and keeps no other waiting.
//! How to get it wrong: sizing the order before its search. Those who came meanwhile would wait for another run.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::buyer::Buyer;
use super::candidates::Candidates;
use super::order::{fill, finish, open};
use super::report::EmergencyReport;
use super::run::Run;
use super::shortfall::Shortfall;
use super::traffic::Kind;
use super::waitlist::{pace, plan_for_waiters};
use crate::db::DbError;
use crate::db::purchases::items::Pace;
use crate::db::stock::Observation;
use crate::domain::{CountryCode, Trigger, Why};

/// Rounds of one emergency run; each is one order.
const ROUNDS_MAX: u32 = 64;

/// Serves the waitlist, if there is anybody whom nothing else will serve.
pub(super) async fn serve_waitlist(buyer: &Buyer, run: &Run) -> Result<EmergencyReport, DbError> {
    let mut report = EmergencyReport::new(buyer.config.load().pool.country);
    let mut searched: BTreeMap<CountryCode, Candidates> = BTreeMap::new();
    let mut done: Vec<CountryCode> = Vec::new();
    for _round in 0..ROUNDS_MAX {
        let seen = buyer.observe().await?;
        report.on_their_way = coming(&seen);
        report.tell_other_countries(&seen);
        let country = report.pool_country;
        let somebody_waits = seen.needs.keys().any(|wanted| wanted.is_none_or(|wanted| wanted == country));
        if !somebody_waits || done.contains(&country) {
            break;
        }
        match round(buyer, run, country, &seen, &mut searched).await? {
            Round::Bought(count) => report.bought += count,
            Round::Nothing => done.push(country),
            Round::Short(bought, shortfall) => {
                report.bought += bought;
                let ends_all = shortfall.ends_all_buying();
                report.short.insert(country, shortfall.clone());
                done.push(country);
                if ends_all {
                    // What stops one country stops the others, and whoever waits for them may know.
                    for other in seen.needs.keys().map(|country| country.unwrap_or(report.pool_country)) {
                        report.short.entry(other).or_insert_with(|| shortfall.clone());
                    }
                    report.on_their_way = coming(&buyer.observe().await?);
                    break;
                }
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

/// One order for those on the waitlist who wait for `country`, or for any.
async fn round(
    buyer: &Buyer,
    run: &Run,
    country: CountryCode,
    seen: &Observation,
    searched: &mut BTreeMap<CountryCode, Candidates>,
) -> Result<Round, DbError> {
    let mut plan = plan_for_waiters(buyer, seen, country);
    if plan.count == 0 {
        let why = plan.why;
        return Ok(if why == Why::NobodyWaits { Round::Nothing } else { Round::Short(0, Shortfall::Refused(why)) });
    }
    let most = match pace(buyer).await? {
        Pace::Free => u32::MAX,
        Pace::One => 1,
        Pace::Wait => return Ok(Round::Short(0, Shortfall::Paced)),
    };
    let candidates = match searched.entry(country) {
        Entry::Occupied(searched) => searched.into_mut(),
        Entry::Vacant(vacant) => {
            // Searched before the order is sized, so that it counts those who came meanwhile.
            let pool = buyer.pool();
            let kind = pool.kind.in_country(country);
            let mut candidates = Candidates::new(kind, std::iter::once(pool.widest(kind)).collect());
            if let Err(shortfall) = search_first(buyer, run, &mut candidates).await {
                return Ok(Round::Short(0, shortfall));
            }
            if candidates.len() == 0 {
                return Ok(Round::Short(0, Shortfall::NoStock));
            }
            plan = plan_for_waiters(buyer, &buyer.observe().await?, country);
            vacant.insert(candidates)
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
