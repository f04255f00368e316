//! What the database is told of the pools that are configured: at start, and after a reload.
//!
//! How to get it wrong: changing the webhooks of a pool that another instance configured before. Only an operator's word does
//! that.

use std::time::Duration;

use arc_swap::ArcSwap;

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

/// Stores the pools that are new, says what they all are, and tells the numbers of those that are of another kind by now.
pub(super) async fn claim_pools(db: &Db, config: &Config, log: &slog::Logger) -> Result<(), DbError> {
    let ours = config.webhooks_by_pool();
    db.run_patiently("pools_claim", move |conn| pools_claim(conn, &ours)).await?;
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
