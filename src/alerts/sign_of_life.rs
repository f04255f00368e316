//! Signs of life: whoever hears none any more knows that nobody would be told of anything.
//!
//! Invariants: one a minute at most, over all instances; none while the database does not answer, while nobody judges, or while a part
//! of this instance is stuck. A halted account is a good check: alerts tell of it.
//! How to get it wrong: telling that this process lives. It may live and tell nobody.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::channels::{Ask, Failure, Reply, ask};
use super::courier::Courier;
use crate::db::alerts::life_claim;
use crate::supervisor::Health;

const LOOKS_EVERY: Duration = Duration::from_secs(5);
/// A look at the database that is older than this proves nothing.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// Gives signs of life while all is well, until the process stops; `health` is of the parts that must not be stuck.
pub(super) async fn keep_alive(courier: Courier, health: Vec<Arc<Health>>) {
    let mut stopping = courier.stopping.clone();
    let giving = async {
        loop {
            give_when_due(&courier, &health).await;
            sleep(LOOKS_EVERY).await;
        }
    };
    tokio::select! {
        () = giving => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

async fn give_when_due(courier: &Courier, health: &[Arc<Health>]) {
    let config = courier.config.load_full();
    let Some(url) = config.alert_channels().heartbeat else { return };
    let is_seen = courier.telemetry.seen_ago().is_some_and(|ago| ago < SEEN_WITHIN);
    if !is_seen || !health.iter().all(|part| part.is_well()) {
        return;
    }
    match courier.db.run("life_claim", life_claim).await {
        Ok(true) => {}
        Ok(false) => {
            slog::debug!(courier.log, "no sign of life: another was given within the minute, or nobody judges");
            return;
        }
        Err(error) => {
            slog::debug!(courier.log, "no sign of life while the database is away"; "error" => error.in_full());
            return;
        }
    }
    fail::fail_point!("life_claimed");
    match ask(config.outbound().trust().certificates(), Ask::get(&url)).await {
        Reply::Taken { .. } => slog::debug!(courier.log, "a sign of life was given"),
        Reply::Gone { error, .. } | Reply::Failed(Failure { error, .. }) => {
            slog::warn!(courier.log, "a sign of life was not taken"; "error" => error);
        }
    }
}
