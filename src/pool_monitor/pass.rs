//! One pass: observe → plan → ask the Purchaser, pool by pool, the emptiest first → report.
//!
//! Invariants: a pool for which a batch bought nothing, or less than it should, is done with for this pass, and the others go
//! on; so a market that is slow or empty costs them one batch. A bound on the number of batches ends it, too. What was decided
//! for each pool and why is written to `passes`; between two batches an order of another instance gets the lock.
//! How to get it wrong: trying again at once after a refusal. The next activation does. Or filling one pool before the next:
//! whichever is emptiest for what it wants has its turn, also
//! one that had enough when the pass began.

use std::collections::BTreeSet;
use std::time::Duration;

use super::dependencies::MonitorDependencies;
use super::levels::levels;
use crate::db::DbError;
use crate::db::passes::{PassLine, pass_record};
use crate::db::stock::{Observation, Overview, stock_read_all};
use crate::domain::{BATCHES_MAX, Level, Plan, PoolName, Stock, Trigger, Why, emptiest, lack, plan, tell_pool_halt};
use crate::purchaser::{BatchReport, PurchaserError, others_wait};
use crate::telemetry::{PoolReading, Reading};
use crate::twilio::hide_numbers;

/// Whoever waits for the lock gets so long to take it between two batches; an order by hand tries several times as often.
const OTHERS_TURN: Duration = Duration::from_millis(250);
/// The reason of a pass that found somebody else buying.
const LOCKED: &str = "locked";

/// What a pass did and why.
#[derive(Debug, Clone, Default)]
pub struct PassReport {
    /// For each pool that it was asked for and that is configured, `default` first, then by name.
    pub pools: Vec<PoolPass>,
    /// Of all of them, and what users have of pools that are not configured: before.
    pub previous: Stock,
    /// After.
    pub new: Stock,
}

/// What a pass did for one pool and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPass {
    /// Which pool.
    pub pool: PoolName,
    /// What set it off.
    pub trigger: Trigger,
    /// Before.
    pub previous: Stock,
    /// After.
    pub new: Stock,
    /// How many were bought.
    pub purchased_count: u32,
    /// Why it bought, or bought nothing: a [`Why`], `locked`, or what fell short.
    pub reason: String,
    /// What went wrong.
    pub error: Option<String>,
}

impl PassReport {
    /// How many were bought.
    #[must_use]
    pub fn purchased_count(&self) -> u32 {
        self.pools.iter().map(|pool| pool.purchased_count).sum()
    }

    /// Why nothing was bought: as `default` says it, or the first that lacks something.
    #[must_use]
    pub fn reason(&self) -> &str {
        let lacking = self.pools.iter().find(|pool| pool.reason != Why::AboveThreshold.as_str());
        lacking.or(self.pools.first()).map_or(Why::AboveThreshold.as_str(), |pool| &pool.reason)
    }

    /// The first thing that went wrong.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.pools.iter().find_map(|pool| pool.error.as_deref())
    }
}

impl PassReport {
    /// How the pools stand after buying. What was bought is told, and written down, also when nobody can look: then what was seen before
    /// stands, and why.
    async fn look_again(&mut self, deps: &MonitorDependencies) {
        match observe(deps).await {
            Ok(after) => {
                for pass in &mut self.pools {
                    pass.new = after.pools.get(&pass.pool).map(|seen| seen.stock).unwrap_or_default();
                }
                self.new = after.in_force();
            }
            Err(error) => {
                let error = error.in_full();
                slog::warn!(deps.log, "a pass bought, and cannot look how the pools stand now"; "error" => &error);
                for pass in self.pools.iter_mut().filter(|pass| pass.reason != Why::AboveThreshold.as_str()) {
                    pass.error.get_or_insert_with(|| error.clone());
                }
            }
        }
    }
}

impl PoolPass {
    /// Whether somebody else was buying.
    pub(super) fn is_locked(&self) -> bool {
        self.reason == LOCKED
    }

    /// Whether it is worth a line. What nobody asked for decided nothing while somebody else was buying: the last pass that
    /// did is worth more. Nor did it where nothing lacks.
    fn is_news(&self) -> bool {
        let is_by_itself = matches!(self.trigger, Trigger::Threshold | Trigger::WarmStart);
        !is_by_itself || !(self.is_locked() || self.reason == Why::AboveThreshold.as_str())
    }
}

/// Runs a pass for these pools, each set off by its own trigger. Those of `watched` join it if they come to lack something
/// while it goes on.
pub(super) async fn run(
    deps: &MonitorDependencies,
    wanted: &[(PoolName, Trigger)],
    watched: &[(PoolName, Trigger)],
) -> Result<PassReport, DbError> {
    let before = observe(deps).await?;
    let mut open = Open::default();
    let mut report = PassReport::default();
    for (pool, trigger) in wanted.iter().chain(watched) {
        let Some(seen) = before.pools.get(pool) else { continue };
        let Some(planned) = plan_for(deps, pool, seen, *trigger) else { continue };
        if planned.count > 0 {
            open.lacking.insert(pool.clone());
        } else if planned.why == Why::AboveThreshold {
            open.full.insert(pool.clone());
        }
        report.pools.push(PoolPass {
            pool: pool.clone(),
            trigger: *trigger,
            previous: seen.stock,
            new: seen.stock,
            purchased_count: 0,
            reason: planned.why.as_str().to_owned(),
            error: halt_of(seen).filter(|_| planned.why == Why::Halted),
        });
    }
    report.previous = before.in_force();
    report.new = report.previous;
    if !open.lacking.is_empty() {
        buy(deps, &mut report.pools, &mut open).await;
        report.look_again(deps).await;
    }
    // Whoever was only watched, and lacked nothing, had no pass.
    report.pools.retain(|pass| wanted.iter().any(|(pool, _)| *pool == pass.pool) || open.joined.contains(&pass.pool));
    fail::fail_point!("pass_decided");
    for pass in report.pools.iter().filter(|pass| pass.is_news()) {
        deps.telemetry.pass_ended(&pass.pool, pass.trigger, &pass.reason, pass.purchased_count);
        record(deps, pass).await?;
    }
    Ok(report)
}

/// The pools of a pass with which it is not done.
#[derive(Default)]
struct Open {
    /// They lack something, or did.
    lacking: BTreeSet<PoolName>,
    /// They had enough so far.
    full: BTreeSet<PoolName>,
    /// They had enough when it began, and did not later.
    joined: BTreeSet<PoolName>,
}

impl Open {
    /// Looks at all of them: who came to lack something is among the lacking from here on.
    async fn look(&mut self, deps: &MonitorDependencies) -> Result<Vec<Level>, DbError> {
        let all: BTreeSet<PoolName> = self.lacking.union(&self.full).cloned().collect();
        let levels = levels(deps, &all).await?;
        for level in &levels {
            if lack(&level.policy, level.idle, level.assigned).is_some() && self.full.remove(&level.pool) {
                self.lacking.insert(level.pool.clone());
                self.joined.insert(level.pool.clone());
            }
        }
        Ok(levels)
    }
}

/// What halts this pool alone, in words; a halt of all buying stands above it.
fn halt_of(seen: &Observation) -> Option<String> {
    let halt = seen.pool_halt.as_ref().filter(|_| seen.buying.halted.is_none())?;
    Some(tell_pool_halt(&halt.needs, &halt.message))
}

/// How a batch leaves its pool.
enum Next {
    /// It may need another one.
    More,
    /// Nothing more is tried for it in this pass.
    Done,
    /// Nothing can be bought here now, for whatever pool.
    Nobody,
}

/// Batch after batch, for whichever of all pools is emptiest by then.
async fn buy(deps: &MonitorDependencies, passes: &mut [PoolPass], open: &mut Open) {
    let mut begun: Vec<(PoolName, Why)> = Vec::new();
    let most = u32::try_from(passes.len()).unwrap_or(u32::MAX).saturating_mul(BATCHES_MAX);
    for _batch in 0..most {
        let levels = match open.look(deps).await {
            Ok(levels) => levels,
            Err(error) => return end(passes, &open.lacking, "unavailable", Some(&error.in_full())),
        };
        let Some(next) = emptiest(levels.iter()) else { break };
        let Some(pass) = passes.iter_mut().find(|pass| pass.pool == *next) else { break };
        let first = begun.iter().find(|(pool, _)| pool == next).map(|(_, why)| *why);
        let (outcome, why) = buy_batch(deps, pass, first).await;
        begun.extend(why.filter(|_| first.is_none()).map(|why| (next.clone(), why)));
        match outcome {
            Next::More => {}
            Next::Done => {
                open.lacking.remove(next);
            }
            Next::Nobody => {
                let (reason, error) = (pass.reason.clone(), pass.error.clone());
                return end(passes, &open.lacking, &reason, error.as_deref());
            }
        }
    }
    // Whoever was low a moment ago, and is not by now, needed nothing.
    for pass in passes.iter_mut().filter(|pass| open.lacking.contains(&pass.pool)) {
        if !begun.iter().any(|(pool, _)| *pool == pass.pool) {
            Why::AboveThreshold.as_str().clone_into(&mut pass.reason);
        }
    }
}

/// Nothing more can be bought for any of `open`, which lack something.
fn end(passes: &mut [PoolPass], open: &BTreeSet<PoolName>, reason: &str, error: Option<&str>) {
    for pass in passes.iter_mut().filter(|pass| open.contains(&pass.pool)) {
        reason.clone_into(&mut pass.reason);
        pass.error = error.map(str::to_owned);
    }
}

/// One batch of one pool; also why this pool's batches began, once one has. `first` is what an earlier one said.
async fn buy_batch(deps: &MonitorDependencies, pass: &mut PoolPass, first: Option<Why>) -> (Next, Option<Why>) {
    let batch = match deps.purchaser.batch(pass.trigger, &pass.pool).await {
        Ok(batch) => batch,
        Err(error) => {
            pass.error = Some(told(&error));
            "unavailable".clone_into(&mut pass.reason);
            return (Next::Nobody, None);
        }
    };
    pass.purchased_count += batch.bought;
    let BatchReport { plan, bought, shortfall, gave_way } = batch;
    let Some(Plan { count, why, .. }) = plan else {
        LOCKED.clone_into(&mut pass.reason);
        return (Next::Nobody, None);
    };
    // Enough is there now: the reason remains why we began.
    let why = first.unwrap_or(why);
    why.as_str().clone_into(&mut pass.reason);
    if count == 0 {
        pass.error = shortfall.map(|shortfall| shortfall.message(&deps.config.load().sought_for(&pass.pool, None)));
        return (Next::Done, Some(why));
    }
    if let Some(shortfall) = shortfall {
        pass.error = Some(shortfall.message(&deps.config.load().sought_for(&pass.pool, None)));
        if pass.purchased_count == 0 {
            pass.reason = shortfall.code();
        }
        return (Next::Done, Some(why));
    }
    if bought == 0 {
        if gave_way {
            LOCKED.clone_into(&mut pass.reason);
        }
        return (Next::Done, Some(why));
    }
    if gave_way || others_wait(&deps.db, None).await {
        tokio::time::sleep(OTHERS_TURN).await;
    }
    (Next::More, Some(why))
}

fn told(error: &PurchaserError) -> String {
    match error {
        PurchaserError::Database(error) => error.in_full(),
        other => other.to_string(),
    }
}

/// Reads all pools, and tells the metrics.
pub(super) async fn observe(deps: &MonitorDependencies) -> Result<Overview, DbError> {
    let keys = deps.config.load().keys();
    let seen = deps.db.run("stock_observe", move |conn| stock_read_all(conn, &keys)).await?;
    let config = deps.config.load();
    let all = seen.pools.iter().chain(&seen.others);
    let readings = all.map(|(pool, seen)| PoolReading {
        pool,
        stock: &seen.stock,
        missing: seen.missing,
        contested: seen.contested,
        threshold: config.policy(pool).map_or(0, |policy| policy.threshold_low),
        halted: seen.pool_halt.is_some(),
    });
    let pools: Vec<PoolReading<'_>> = readings.collect();
    deps.telemetry.seen(&Reading {
        pools: &pools,
        unconfigured: u32::try_from(seen.unconfigured().count()).unwrap_or(u32::MAX),
        hour: (seen.spend.hour, config.spend.purchases_per_hour_max),
        day: (seen.spend.day, config.spend.purchases_per_day_max),
        paused: seen.buying.paused.is_some(),
        halted: seen.buying.halted.is_some(),
    });
    Ok(seen)
}

/// What the pool would buy; `None` = it is not configured any more.
fn plan_for(deps: &MonitorDependencies, pool: &PoolName, seen: &Observation, trigger: Trigger) -> Option<Plan> {
    let config = deps.config.load();
    let (policy, limits) = (config.policy(pool)?, config.cap_limits(config.pool(pool)?));
    Some(plan(&policy, &seen.caps(&limits), &seen.stock, trigger))
}

async fn record(deps: &MonitorDependencies, pass: &PoolPass) -> Result<(), DbError> {
    let PoolPass { pool, trigger, reason, error, purchased_count: bought, new, .. } = pass.clone();
    if bought > 0 || error.is_some() {
        slog::info!(deps.log, "a pass ended"; "pool" => pool.as_str(), "trigger" => trigger.as_str(), "reason" => &reason,
            "bought" => bought, "available" => new.available, "error" => error.as_deref().map(hide_numbers));
    }
    let record = move |conn: &mut crate::db::Connection| {
        let (reason, error) = (reason.as_str(), error.as_deref());
        pass_record(conn, &PassLine { pool: &pool, trigger, reason, bought, error, detail: None })
    };
    deps.db.run("pass_record", record).await
}
