//! What the database is told of the pools that are configured: at start, and after a reload.
//!
//! Invariant: one claim at a time, and only of the configuration in force: an earlier reload that had to wait says nothing after a later
//! one has spoken ([`Claims`]).
//! How to get it wrong: changing the webhooks of a pool that another instance configured before. Only an operator's word does
//! that.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::wants::claim_wants;
use crate::config::Config;
use crate::db::numbers::{Told, numbers_tell_apart, pools_say_kinds};
use crate::db::pool_halts::pool_halts_clear_of_others;
use crate::db::pools::pools_claim;
use crate::db::{Db, DbError};
use crate::domain::{Entry, Kind, PoolName};

/// Numbers told in one statement: nobody waits long for their rows.
const TOLD_AT_ONCE: i64 = 1000;
/// A configuration is rolled out over all instances in less.
const ALL_ARE_TOLD_WITHIN: Duration = Duration::from_secs(600);
/// What the database could not be told is told again so soon.
const TOLD_AGAIN_EVERY: Duration = Duration::from_secs(5);

/// Whoever tells the database of the pools, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims(Arc<tokio::sync::Mutex<()>>);

impl Claims {
    /// Tells the database of the pools of `config`, again and again until it knows, unless another configuration is in force by then:
    /// its own reload tells of that.
    pub(super) async fn claim_if_in_force(
        &self,
        db: &Db,
        config: &Arc<Config>,
        in_force: &ArcSwap<Config>,
        log: &slog::Logger,
    ) {
        let is_in_force = || Arc::ptr_eq(config, &in_force.load_full());
        let _alone = self.0.lock().await;
        while is_in_force() {
            match claim_pools(db, config, &is_in_force, log).await {
                Ok(()) if is_in_force() => return,
                Ok(()) => {}
                Err(error) => {
                    slog::warn!(log, "the database could not be told of the pools and will be soon; nothing is bought by itself for one of \
                                      another kind before"; "error" => error.in_full());
                    tokio::time::sleep(TOLD_AGAIN_EVERY).await;
                }
            }
        }
        slog::debug!(log, "a later reload tells the database of the pools");
    }
}

/// Stores the pools that are new, says what they all are and want, and tells the numbers of those of which something else is so by now.
/// Says nothing more once `is_in_force` denies it.
pub(super) async fn claim_pools(
    db: &Db,
    config: &Config,
    is_in_force: &(dyn Fn() -> bool + Send + Sync),
    log: &slog::Logger,
) -> Result<(), DbError> {
    let ours = config.webhooks_by_pool();
    db.run_patiently("pools_claim", move |conn| pools_claim(conn, &ours)).await?;
    fail::fail_point!("pools_claimed");
    if is_in_force() {
        claim_kinds(db, config, log).await?;
        claim_wants(db, config, is_in_force, log).await?;
    }
    Ok(())
}

/// Says what the pools are, and tells the numbers of those that are of another kind by now.
async fn claim_kinds(db: &Db, config: &Config, log: &slog::Logger) -> Result<(), DbError> {
    let mut kinds: Vec<(PoolName, Kind)> =
        config.catalog().entries().map(|Entry { name, kind, .. }| (name.clone(), *kind)).collect();
    // Two instances that start at once wait for each other in one direction.
    kinds.sort_by(|(one, _), (other, _)| one.cmp(other));
    let to_tell = db.run_patiently("pools_say_kinds", move |conn| pools_say_kinds(conn, &kinds)).await?;
    for (name, kind) in to_tell {
        let (mut after, mut overruled) = (0, false);
        loop {
            let pool = name.clone();
            let tell =
                move |conn: &mut crate::db::Connection| numbers_tell_apart(conn, &pool, kind, after, TOLD_AT_ONCE);
            match db.run_patiently("numbers_tell_apart", tell).await? {
                Told::UpTo(last) => after = last,
                Told::All => break,
                Told::Overruled => {
                    overruled = true;
                    break;
                }
            }
        }
        if overruled {
            slog::warn!(log, "another instance, or a later reload, says that a pool is of another kind: give all instances one configuration";
                "pool" => name.as_str(), "kind_here" => kind.to_string());
            continue;
        }
        slog::info!(log, "a pool is of this kind now; numbers of another one serve only whoever asks for them";
            "pool" => name.as_str(), "kind" => kind.to_string());
    }
    Ok(())
}

/// Forgets the halts of keys that are not in force any more, once other instances have had the time to be told of those that are: until
/// then they would try again what Twilio refused. Whoever has other keys is not halted by them anyway.
pub(super) async fn forget_halts(db: &Db, config: &ArcSwap<Config>, log: &slog::Logger) {
    tokio::time::sleep(ALL_ARE_TOLD_WITHIN).await;
    let keys = config.load().keys();
    match db.run_patiently("pool_halts_clear_of_others", move |conn| pool_halts_clear_of_others(conn, &keys)).await {
        Ok(0) => {}
        Ok(ended) => {
            slog::info!(log, "halts of pools under other keys than they have now are forgotten"; "pools" => ended)
        }
        Err(error) => {
            slog::debug!(log, "halts of other keys stay; the next reload or start forgets them"; "error" => error.in_full());
        }
    }
}
