//! What forecasts are made from: who asked, how numbers came, what is there and what was bought, all of one moment.
//!
//! How to get it wrong: reading a part of it anew. Advice and what-if would answer from two worlds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::history::History;
use crate::db::foresight::{AdvisedDay, BoughtLately, Market, advice_days_latest, bought_lately, market_read};
use crate::db::stock::{Overview, stock_read_all};
use crate::db::{Db, DbError};
use crate::domain::{Keys, PoolName};

/// All of one moment.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Of when, in milliseconds.
    pub(super) at: i64,
    /// Before this instant nothing is known.
    pub(super) from: i64,
    /// When somebody asked.
    pub(super) asked: BTreeMap<PoolName, Arc<Vec<i64>>>,
    /// How soon and how fast numbers came.
    pub(super) markets: BTreeMap<PoolName, Market>,
    /// What was bought in the last day.
    pub(super) bought: BoughtLately,
    /// What is there.
    pub(super) stock: Overview,
    /// How the latest advice stood against its day.
    pub(super) days: BTreeMap<PoolName, AdvisedDay>,
}

/// The past, and the facts that were read last.
#[derive(Default)]
pub(super) struct Memory {
    history: History,
    read: Option<(Instant, Arc<Facts>)>,
}

impl Memory {
    /// Facts that are no older than `fresh`.
    pub(super) async fn facts(
        &mut self,
        db: &Db,
        keys: Vec<Keys>,
        fresh: Duration,
        log: &slog::Logger,
    ) -> Result<Arc<Facts>, DbError> {
        let has_all = |facts: &Facts| keys.iter().all(|keys| facts.stock.pools.contains_key(&keys.pool));
        if let Some((_, facts)) = self.read.as_ref().filter(|(at, facts)| at.elapsed() < fresh && has_all(facts)) {
            return Ok(Arc::clone(facts));
        }
        let (begun, now) = (Instant::now(), Utc::now());
        let (asked, from) = self.history.look(db, now).await?;
        let read = db.look_patiently("foresight_facts", move |conn| {
            Ok((market_read(conn)?, bought_lately(conn)?, stock_read_all(conn, &keys)?, advice_days_latest(conn)?))
        });
        let (markets, bought, stock, days) = read.await?;
        let requests: usize = asked.values().map(Vec::len).sum();
        slog::debug!(log, "the past of pools was read"; "requests" => requests, "millis" => begun.elapsed().as_millis());
        let facts = Arc::new(Facts {
            at: now.timestamp_millis(),
            from,
            asked: asked.into_iter().map(|(pool, instants)| (pool, Arc::new(instants))).collect(),
            markets,
            bought,
            stock,
            days: days.into_iter().map(|day| (day.pool.clone(), day)).collect(),
        });
        self.read = Some((Instant::now(), Arc::clone(&facts)));
        Ok(facts)
    }
}
