//! Halts one pool, and says what it needs: every other create of it would be refused alike, and those of other pools not.
//!
//! Invariants: one refusal is enough; the account's halt ([`breaker`](super::breaker)) stands above it, and neither ends the
//! other. A search's row that kept silent about an address says nothing of the pool: it was an odd row. Where numbers lead is one
//! for all of the pool's numbers, whoever ordered them, and whoever sets it on those that are ours already learns it, too.
//! How to get it wrong: halting for what an order by hand wanted of another kind than the pool holds.

use super::buyer::Buyer;
use super::item::Item;
use crate::config::Config;
use crate::db::Db;
use crate::db::pool_halts::{Keys, PoolRefused, pool_halt};
use crate::db::pools::PoolWanted;
use crate::domain::PoolKey;
use crate::twilio::{TwilioError, Verdict, hide_numbers};

/// Which key `item`'s pool lacks, if `failure` says it of the pool and not of the one number.
pub(super) fn lacks(item: &Item, failure: &TwilioError) -> Option<PoolKey> {
    let TwilioError::Refused(refusal) = failure else { return None };
    if let Some(target) = failure.lacking_target(&item.webhooks) {
        return Some(target);
    }
    let Verdict::HaltPool(key) = refusal.verdict() else { return None };
    // What a search said needs none, or is refused with the one that is shown, would be refused with every number.
    let is_told = key != PoolKey::AddressSid || item.says_none || item.papers.address.is_some();
    (item.is_of_the_pool && is_told).then_some(key)
}

/// Halts the pool for whoever has these keys; returns the key that it needs, with dots.
pub(super) async fn halt_pool(buyer: &Buyer, keys: &Keys, key: PoolKey, failure: &TwilioError) -> String {
    let needs = buyer.config.load().path_of(&keys.pool, key);
    write(&buyer.db, &buyer.log, keys, &needs, failure).await;
    // Not before: whoever looked in between would send one more.
    buyer.first_alone.unproven(keys);
    needs
}

/// The same where a number that is ours could not be set to what its pool wants, because that is not in the account; `None` = it is
/// not for that. Such a number is not at fault, and keeps its place.
pub(crate) async fn halt_without_target(
    db: &Db,
    config: &Config,
    log: &slog::Logger,
    wanted: &PoolWanted,
    failure: &TwilioError,
) -> Option<String> {
    let key = failure.lacking_target(&wanted.webhooks)?;
    let needs = config.path_of(&wanted.pool, key);
    // Of a pool that is configured no more nothing is bought.
    if let Some(keys) = config.keys_of(&wanted.pool) {
        write(db, log, &keys, &needs, failure).await;
    }
    Some(needs)
}

async fn write(db: &Db, log: &slog::Logger, keys: &Keys, needs: &str, failure: &TwilioError) {
    let refused = PoolRefused {
        keys: keys.clone(),
        twilio_code: failure.twilio_code(),
        message: failure.in_full(),
        needs: needs.to_owned(),
    };
    fail::fail_point!("pool_halt_decided");
    let halted = db.run_patiently("pool_halt", move |conn| pool_halt(conn, &refused)).await;
    fail::fail_point!("pool_halt_written");
    match halted {
        Ok(true) => {
            slog::crit!(log, "a pool is halted: set the key that it needs, or mend what it names at Twilio and resume";
            "pool" => keys.pool.as_str(), "needs" => needs, "twilio_code" => failure.twilio_code(),
            "cause" => hide_numbers(&failure.to_string()), "request_id" => failure.request_id())
        }
        Ok(false) => {}
        Err(error) => slog::error!(log, "a pool should halt, but that could not be written";
            "pool" => keys.pool.as_str(), "needs" => needs, "error" => error.in_full()),
    }
}
