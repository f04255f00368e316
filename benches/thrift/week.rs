//! The week that was held out, as each of the three meets it.

use callbunker::domain::foresight::{Held, History, Replay, Setting, Supply, WhatIf, advise, hold};
use callbunker::domain::{CapLimits, PoolPolicy, Stock, UNBOUND};

use crate::SHARE;
use crate::shapes::{DAY_MS, DAYS, LEARNED_DAYS};

const FROM: i64 = LEARNED_DAYS * DAY_MS;
const UNTIL: i64 = DAYS * DAY_MS;
/// Registered within two minutes, on a good day.
const SUPPLY: Supply = Supply { lead_ms: 120_000, per_second: 13.0 };

/// The configuration's defaults, without caps.
fn setting(threshold_low: u32) -> Setting {
    let policy = PoolPolicy {
        threshold_low,
        replenishment_batch_size: 10,
        total_min: 0,
        available_max: 100_000,
        owned_max: UNBOUND,
    };
    let limits = CapLimits::of_spend(UNBOUND, UNBOUND);
    Setting { policy, limits, supply: SUPPLY, emergency_wait_ms: 8_000 }
}

fn held_out(asked: &[i64]) -> &[i64] {
    &asked[asked.partition_point(|at| *at < FROM)..]
}

/// With one threshold all the week.
pub fn fixed(asked: &[i64], threshold: u32) -> WhatIf {
    let mut replay = Replay::begin(setting(threshold), Stock::default(), FROM);
    held_out(asked).iter().for_each(|at| replay.ask(*at));
    replay.end(UNTIL, UNTIL)
}

/// With advice out of the four weeks before it, renewed each day.
pub fn advised(asked: &[i64]) -> WhatIf {
    let (mut replay, mut held) = (None, None);
    for day in LEARNED_DAYS..DAYS {
        let now = day * DAY_MS;
        let (from, until) = (asked.partition_point(|at| *at < now - FROM), asked.partition_point(|at| *at < now));
        let history = History { asked: &asked[from..until], from: now - FROM, until: now, start: Stock::default() };
        let advice = advise(&history, &setting(10), SHARE);
        let (next, _): (Held, _) = hold(held, advice.threshold, 0, now);
        held = Some(next);
        let replay = replay.get_or_insert_with(|| Replay::begin(setting(next.in_force), Stock::default(), now));
        replay.set_threshold(next.in_force, now);
        let today = asked[until..].iter().take_while(|at| **at < now + DAY_MS);
        today.for_each(|at| replay.ask(*at));
    }
    replay.expect("a week has days").end(UNTIL, UNTIL)
}

/// With the smallest threshold at which no more would wait than so many.
pub fn clairvoyant(asked: &[i64], waiting: u64) -> WhatIf {
    let (mut low, mut high) = (0, 4096);
    while low < high {
        let middle = low + (high - low) / 2;
        if fixed(asked, middle).waiting <= waiting { high = middle } else { low = middle + 1 }
    }
    fixed(asked, high)
}
