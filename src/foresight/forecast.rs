//! One pool's forecast: its past replayed under the policy that it has, and under the one that is advised.
//!
//! How to get it wrong: replaying years of signups under a cap on what is owned now. Numbers come back, and the replay does not
//! know it; so it has the room at its end that the pool has today.

use std::sync::Arc;

use super::facts::Facts;
use super::words::because;
use crate::config::Config;
use crate::db::foresight::AdvisedDay;
use crate::domain::foresight::{
    Advice, Bound, Confidence, History, Needs, Setting, advise, confidence, measured, needs,
};
use crate::domain::{CapLimits, PoolName, PoolPolicy, Stock};

const DAY_MS: i64 = 86_400_000;
/// Points of the curve.
const CURVE_POINTS: u32 = 40;

/// What is asked of the past of one pool.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pool: PoolName,
    pub(super) asked: Arc<Vec<i64>>,
    pub(super) setting: Setting,
    pub(super) start: Stock,
    pub(super) days: u32,
    from: i64,
    at: i64,
    policy: PoolPolicy,
    purchases: usize,
    share: f64,
    day: Option<AdvisedDay>,
}

/// What a pool needs.
#[derive(Debug, Clone)]
pub(crate) struct Forecast {
    /// What it should be set to.
    pub(crate) advice: Advice,
    /// Why, for people.
    pub(crate) because: String,
    /// How much it is to be believed.
    pub(crate) confidence: Confidence,
    /// Days of the past that it knows.
    pub(crate) history_days: u32,
    /// Requests in them.
    pub(crate) signups: usize,
    /// The policy in force.
    pub(crate) policy: PoolPolicy,
    /// The share that may wait.
    pub(crate) share: f64,
    /// How the latest advice stood against its day.
    pub(crate) accuracy: Option<AdvisedDay>,
    /// Stocks from none to what nobody would have found empty, and the share that would have found each empty.
    pub(crate) curve: Vec<(u32, f64)>,
    needs: Needs,
}

impl Forecast {
    /// The share that would have found this stock empty, with one-for-one replacement.
    pub(crate) fn share_at(&self, stock: u32) -> f64 {
        self.needs.share_at(stock)
    }
}

impl Question {
    /// `None` = the pool is not configured, or nothing is known of it yet.
    pub(super) fn of(config: &Config, pool: &PoolName, facts: &Facts) -> Option<Self> {
        let (policy, limits) = (config.policy(pool)?, config.cap_limits(config.pool(pool)?));
        let seen = facts.stock.pools.get(pool)?;
        let asked = facts.asked.get(pool).cloned().unwrap_or_default();
        let market = facts.markets.get(pool).cloned().unwrap_or_default();
        let (replayed, limits, start) = at_the_end_as_today(policy, limits, &seen.stock, seen.owned_all, asked.len());
        let setting = Setting {
            policy: replayed,
            limits,
            supply: measured(&market.leads_ms, market.per_second),
            emergency_wait_ms: i64::try_from(config.purchase.emergency_wait().as_millis()).unwrap_or(i64::MAX),
        };
        let from = asked.first().copied().unwrap_or(facts.at).max(facts.from);
        Some(Self {
            pool: pool.clone(),
            asked,
            setting,
            start,
            days: u32::try_from((facts.at - from) / DAY_MS).unwrap_or_default(),
            from,
            at: facts.at,
            policy,
            purchases: market.leads_ms.len(),
            share: config.foresight.waiting_share_max,
            day: facts.days.get(pool).cloned(),
        })
    }

    /// The share that may wait.
    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// The answer; it takes its time.
    pub(super) fn answered(self) -> Forecast {
        let Self { asked, setting, share, start, from, at, .. } = &self;
        let history = History { asked, from: *from, until: *at, start: *start };
        let advice = advise(&history, setting, *share);
        let confidence = confidence(self.days, asked.len() as u64, self.purchases);
        let needs = needs(asked, &setting.supply, &setting.limits);
        let most = needs.stock_for(0.0).max(advice.base_stock).max(self.policy.threshold_low).max(1);
        let step = most.div_ceil(CURVE_POINTS).max(1);
        let curve = (0..=most.div_ceil(step)).map(|point| (point * step, needs.share_at(point * step))).collect();
        Forecast {
            because: because(&self.pool, &advice, setting, *share, asked.len(), self.days),
            curve,
            needs,
            confidence,
            history_days: self.days,
            signups: asked.len(),
            policy: self.policy,
            share: *share,
            accuracy: self.day.clone(),
            advice,
        }
    }
}

/// The caps on what is owned, so that the replay ends with the room that there is now; and what was somebody's at its beginning.
fn at_the_end_as_today(
    policy: PoolPolicy,
    limits: CapLimits,
    stock: &Stock,
    owned_all: u32,
    requests: usize,
) -> (PoolPolicy, CapLimits, Stock) {
    let requests = u32::try_from(requests).unwrap_or(u32::MAX);
    let start = Stock { assigned: stock.assigned.saturating_sub(requests), ..Stock::default() };
    let at_the_end = start.assigned.saturating_add(requests).saturating_add(stock.idle_at_most());
    let with_room = |max: u32, owned: u32| match max {
        0 => 0,
        max => at_the_end.saturating_add(max.saturating_sub(owned)),
    };
    let policy = PoolPolicy { owned_max: with_room(policy.owned_max, stock.owned_at_most()), ..policy };
    let owned_all_max = limits.owned_all_max.map(|max| with_room(max, owned_all));
    (policy, CapLimits { owned_all_max, ..limits }, start)
}

/// What made the advice as large as it is, in a word.
pub(crate) fn binding(bound: Bound) -> &'static str {
    match bound {
        Bound::Replay => "replay",
        Bound::Moments => "moments",
        Bound::Growth => "growth",
        Bound::SampleEnd => "sample_end",
        Bound::Cap(cap) => cap.as_str(),
    }
}
