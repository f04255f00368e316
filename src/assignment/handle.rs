//! How others reach the desk, whichever incarnation of it lives.
//!
//! How to get it wrong: waiting without an end. A desk that stands still answers nobody, and each signup has its time.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;

use super::ask::{Ask, Assigned, NoNumber, STATEMENT_PATIENCE};
use super::counter::CounterSlot;
use super::refusals::Refusals;
use super::reply::Reply;
use crate::config::Config;
use crate::domain::Away;
use crate::telemetry::Telemetry;

/// How others reach the desk.
#[derive(Clone)]
pub struct DeskHandle {
    counters: CounterSlot,
    config: Arc<ArcSwap<Config>>,
    telemetry: Telemetry,
    refusals: Refusals,
}

impl DeskHandle {
    /// Over the slot in which each incarnation puts its counter.
    pub(crate) fn new(
        counters: CounterSlot,
        config: Arc<ArcSwap<Config>>,
        telemetry: Telemetry,
        refusals: Refusals,
    ) -> Self {
        Self { counters, config, telemetry, refusals }
    }

    /// Gives a user a number, or the one they have.
    ///
    /// # Errors
    /// [`NoNumber`] says why not; the request may be repeated at will.
    pub async fn assign(&self, ask: Ask) -> Result<Assigned, NoNumber> {
        let (asked, pool) = (Instant::now(), ask.pool.clone());
        let (reply, answer) = Reply::new(pool.clone(), self.telemetry.clone(), self.refusals.clone());
        let unheard = |why: NoNumber| {
            self.telemetry.assign_refused(&pool, why.code(), asked.elapsed());
            self.refusals.count(&pool, why.code());
            Err(why)
        };
        if !self.counters.load().as_ref().is_some_and(|counter| counter.stand(ask, reply)) {
            return unheard(NoNumber::Unavailable);
        }
        let patience = self.config.load().purchase.emergency_wait() + STATEMENT_PATIENCE * 2;
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_desk_died)) => unheard(NoNumber::Unavailable),
            Err(_elapsed) => unheard(NoNumber::DatabaseUnavailable(Away::Silent)),
        }
    }
}
