//! What goes on by itself: each quarter of an hour every pool is forecast, thresholds follow if they may, and days are looked back on;
//! every few seconds this instance learns what is in force.
//!
//! Invariant: whatever changes a threshold stands in the database first; each instance, the one that changed it too, obeys what it
//! reads there.
//! How to get it wrong: changing what this instance has in memory. The others would buy by another threshold.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::facts::Facts;
use super::forecast::Forecast;
use super::forecaster::Forecaster;
use crate::config::{Config, ForesightMode};
use crate::db::foresight::{
    Advised, advice_days_open, advice_days_tell, advice_days_told, threshold_hold, thresholds_read,
};
use crate::db::{Connection, DbError};
use crate::domain::PoolName;
use crate::domain::foresight::in_hindsight;

/// What is in force is read this often,
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// and pools are forecast this often.
const JUDGE_EVERY: Duration = Duration::from_secs(900);
/// A forecast that failed is tried again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Keeps going until it is dropped.
pub(super) async fn keep(forecaster: Forecaster, stopping: watch::Receiver<bool>) {
    let mut clock = tokio::time::interval(LOOK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut next, mut judged): (Instant, Option<Arc<Config>>) = (Instant::now(), None);
    loop {
        clock.tick().await;
        if *stopping.borrow() {
            continue;
        }
        fail::fail_point!("foresight");
        let log = &forecaster.0.log;
        if let Err(error) = forecaster.learn().await {
            slog::debug!(log, "thresholds must wait"; "error" => error.in_full());
            continue;
        }
        // A reload may have brought a pool, a boost, or another mode.
        let config = forecaster.0.config.load_full();
        let is_reloaded = judged.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &config));
        if Instant::now() < next && !is_reloaded {
            continue;
        }
        judged = Some(config);
        let is_told = forecaster.judge_all().await.inspect_err(|error| {
            slog::debug!(log, "forecasts must wait"; "error" => error.in_full());
        });
        next = Instant::now() + if is_told.is_ok() { JUDGE_EVERY } else { AGAIN_AFTER };
    }
}

impl Forecaster {
    /// Learns what is in force.
    async fn learn(&self) -> Result<(), DbError> {
        let thresholds = self.0.db.run("thresholds_read", thresholds_read).await?;
        let config = self.0.config.load();
        config.thresholds_are(thresholds);
        self.tell_begun(&config);
        let unreachable = self.unreachable();
        for (name, pool) in config.pools() {
            self.0.telemetry.configured(name, pool.threshold_low);
            let lacking = unreachable.iter().filter(|lacks| lacks.pool == *name).map(|lacks| lacks.lacking);
            self.0.telemetry.boost_lacks(name, lacking.max().unwrap_or_default());
        }
        Ok(())
    }

    fn tell_begun(&self, config: &Config) {
        let before = config.boosts_that_began();
        let boosts = self.0.boosts.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = boosts.begun(&before, config, Utc::now().timestamp_millis());
        drop(boosts);
        for (pool, boost) in begun.difference(&before) {
            slog::info!(self.0.log, "buying for a boost begins"; "pool" => pool.as_str(), "from" => boost.from.to_rfc3339(),
                "threshold" => boost.threshold_low);
        }
        if begun != before {
            config.boosts_begun(begun);
        }
    }

    /// Forecasts every pool, and does what follows.
    async fn judge_all(&self) -> Result<(), DbError> {
        let facts = self.facts().await?;
        let config = self.0.config.load_full();
        self.0.boosts.lock().unwrap_or_else(PoisonError::into_inner).judge(
            &config,
            &facts,
            Utc::now().timestamp_millis(),
        );
        self.tell_begun(&config);
        if config.foresight.mode == ForesightMode::Off {
            return Ok(());
        }
        let pools: Vec<PoolName> = config.pools().map(|(name, _)| name.clone()).collect();
        for pool in pools {
            let turn = self.0.turn.lock().await;
            let forecast = self.work_out(&pool, &facts).await?;
            drop(turn);
            let Some(forecast) = forecast else { continue };
            self.0.telemetry.advised(&pool, forecast.advice.threshold, forecast.advice.base_stock);
            self.follow(&pool, &forecast).await?;
        }
        self.look_back(&facts).await?;
        self.learn().await
    }

    /// Sets the threshold, if it may, and writes down what was advised.
    async fn follow(&self, pool: &PoolName, forecast: &Arc<Forecast>) -> Result<(), DbError> {
        let config = self.0.config.load_full();
        if config.foresight_applies_to(pool) {
            let Some(configured) = config.pool(pool).map(|pool| pool.threshold_low) else { return Ok(()) };
            let advised = Advised {
                pool: pool.clone(),
                threshold: forecast.advice.threshold,
                configured,
                because: forecast.because.clone(),
            };
            let change = self.0.db.run("threshold_hold", move |conn| threshold_hold(conn, &advised)).await?;
            if let Some(change) = change {
                fail::fail_point!("threshold_written");
                slog::info!(self.0.log, "a pool's threshold follows what it needs"; "pool" => pool.as_str(), "from" => change.from,
                    "to" => change.to, "because" => &forecast.because);
            }
        }
        let (today, pool) = (Utc::now().date_naive(), pool.clone());
        let (threshold, base_stock) = (forecast.advice.threshold, forecast.advice.base_stock);
        let tell = move |conn: &mut Connection| advice_days_tell(conn, &pool, today, threshold, base_stock);
        self.0.db.run("advice_days_tell", tell).await
    }

    /// Looks back on the days that are over.
    async fn look_back(&self, facts: &Arc<Facts>) -> Result<(), DbError> {
        let today = Utc::now().date_naive();
        let open = self.0.db.run("advice_days_open", move |conn| advice_days_open(conn, today)).await?;
        for day in open {
            let Some(question) = self.question(&day.pool, facts) else { continue };
            let base_stock = u32::try_from(day.base_stock).unwrap_or_default();
            let (from, until) = (midnight(day.day), midnight(day.day + TimeDelta::days(1)));
            let found = tokio::task::spawn_blocking(move || {
                let setting = &question.setting;
                in_hindsight(
                    &question.asked,
                    from,
                    until,
                    &setting.supply,
                    &setting.limits,
                    question.share(),
                    base_stock,
                )
            });
            let found = found.await.map_err(|_panicked| DbError::Panicked("in_hindsight"))?;
            let (pool, on) = (day.pool, day.day);
            self.0.telemetry.needed(&pool, found.needed);
            let tell = move |conn: &mut Connection| advice_days_told(conn, &pool, on, &found);
            self.0.db.run("advice_days_told", tell).await?;
        }
        Ok(())
    }
}

fn midnight(day: NaiveDate) -> i64 {
    let at: DateTime<Utc> = day.and_time(chrono::NaiveTime::MIN).and_utc();
    at.timestamp_millis()
}
