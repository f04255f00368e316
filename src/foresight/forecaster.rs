//! Whoever is asked what a pool needs, or what would have been: reads what is new, works it out, and remembers it for a while.
//!
//! How to get it wrong: answering from what was worked out under another policy. A reload or another threshold asks anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::Utc;
use tokio::time::Instant;

use super::boosts::{Boosts, Unreachable};
use super::facts::{Facts, Memory};
use super::forecast::{Forecast, Question};
use crate::config::Config;
use crate::db::{Db, DbError};
use crate::domain::PoolName;
use crate::domain::foresight::{WhatIf, times, what_if};
use crate::telemetry::Telemetry;

/// Whoever asks what a pool needs is told of what is no older,
const FRESH: Duration = Duration::from_secs(60);
/// and whoever asks what would have been, of what is no older.
const READ_EVERY: Duration = Duration::from_secs(5);

/// Works out what pools need. Cheap to clone; all clones remember the same.
#[derive(Clone)]
pub(crate) struct Forecaster(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) config: Arc<ArcSwap<Config>>,
    pub(super) telemetry: Telemetry,
    memory: tokio::sync::Mutex<Memory>,
    /// What was worked out last, pool by pool.
    told: Mutex<BTreeMap<PoolName, (Instant, Arc<Forecast>)>>,
    pub(super) boosts: Mutex<Boosts>,
    /// One at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) log: slog::Logger,
}

/// What somebody wants to know: what would have been if. What is left out is as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Supposed {
    /// Another threshold.
    pub(crate) threshold: Option<u32>,
    /// Another batch.
    pub(crate) batch: Option<u32>,
    /// Numbers are ready after so many seconds.
    pub(crate) lead_secs: Option<u32>,
    /// So many are bought in a second.
    pub(crate) rate: Option<f64>,
    /// So many times the requests.
    pub(crate) growth: Option<f64>,
}

/// What would have been.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) found: WhatIf,
    pub(crate) history_days: u32,
}

impl Forecaster {
    pub(crate) fn new(db: Db, config: Arc<ArcSwap<Config>>, telemetry: Telemetry, log: slog::Logger) -> Self {
        Self(Arc::new(Inner {
            db,
            config,
            telemetry,
            memory: tokio::sync::Mutex::default(),
            told: Mutex::default(),
            boosts: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            log,
        }))
    }

    /// What a pool needs, as of the last minute; `None` = it is not configured.
    pub(crate) async fn forecast(&self, pool: &PoolName) -> Result<Option<Arc<Forecast>>, DbError> {
        if let Some(known) = self.known(pool) {
            return Ok(Some(known));
        }
        let facts = self.facts().await?;
        let _turn = self.0.turn.lock().await;
        // Whoever had the turn before may have worked it out.
        match self.known(pool) {
            Some(known) => Ok(Some(known)),
            None => self.work_out(pool, &facts).await,
        }
    }

    /// What would have been if; `None` = the pool is not configured.
    pub(crate) async fn suppose(&self, pool: &PoolName, supposed: Supposed) -> Result<Option<Answered>, DbError> {
        let facts = self.facts().await?;
        let Some(mut question) = self.question(pool, &facts) else { return Ok(None) };
        let (policy, supply) = (&mut question.setting.policy, &mut question.setting.supply);
        policy.threshold_low = supposed.threshold.unwrap_or(policy.threshold_low);
        policy.replenishment_batch_size = supposed.batch.unwrap_or(policy.replenishment_batch_size);
        supply.lead_ms = supposed.lead_secs.map_or(supply.lead_ms, |secs| i64::from(secs) * 1000);
        supply.per_second = supposed.rate.unwrap_or(supply.per_second);
        let _turn = self.0.turn.lock().await;
        let answered = tokio::task::spawn_blocking(move || {
            let Question { asked, setting, start, days, .. } = question;
            let found = match supposed.growth {
                Some(factor) => what_if(&times(&asked, factor), &setting, start),
                None => what_if(&asked, &setting, start),
            };
            Answered { found, history_days: days }
        });
        Ok(Some(answered.await.map_err(|_panicked| DbError::Panicked("what_if"))?))
    }

    /// Boosts that will lack numbers when they begin.
    pub(crate) fn unreachable(&self) -> Vec<Unreachable> {
        let (config, now) = (self.0.config.load(), Utc::now());
        let mut unreachable = self.0.boosts.lock().unwrap_or_else(PoisonError::into_inner).unreachable.clone();
        unreachable.retain(|lacks| lacks.is_coming(&config, now));
        unreachable
    }

    fn known(&self, pool: &PoolName) -> Option<Arc<Forecast>> {
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, forecast) = told.get(pool)?;
        let config = self.0.config.load();
        let is_same = config.policy(pool).is_some_and(|policy| policy == forecast.policy)
            && config.foresight.waiting_share_max.to_bits() == forecast.share.to_bits();
        (at.elapsed() < FRESH && is_same).then(|| Arc::clone(forecast))
    }

    pub(super) async fn facts(&self) -> Result<Arc<Facts>, DbError> {
        let keys = self.0.config.load().keys();
        self.0.memory.lock().await.facts(&self.0.db, keys, READ_EVERY, &self.0.log).await
    }

    pub(super) fn question(&self, pool: &PoolName, facts: &Facts) -> Option<Question> {
        Question::of(&self.0.config.load(), pool, facts)
    }

    /// Works it out on a thread of its own, and remembers it.
    pub(super) async fn work_out(&self, pool: &PoolName, facts: &Facts) -> Result<Option<Arc<Forecast>>, DbError> {
        let Some(question) = self.question(pool, facts) else { return Ok(None) };
        let answered = tokio::task::spawn_blocking(move || question.answered());
        let forecast = Arc::new(answered.await.map_err(|_panicked| DbError::Panicked("forecast"))?);
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(pool.clone(), (Instant::now(), Arc::clone(&forecast)));
        Ok(Some(forecast))
    }
}
