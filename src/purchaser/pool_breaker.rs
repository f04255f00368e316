//! Halts one pool, and says what it needs: every other create of it would be refused alike, and those of other pools not.
//!
//! Invariants: one refusal is enough; the account's halt ([`breaker`](super::breaker)) stands above it, and neither ends the
//! other. A search's row that kept silent about an address says nothing of the pool: it was an odd row.
//! How to get it wrong: halting for what an order by hand wanted of another kind than the pool holds.

use super::buyer::Buyer;
use super::item::Item;
use crate::db::pool_halts::{Keys, PoolRefused, pool_halt};
use crate::domain::PoolKey;
use crate::twilio::{TwilioError, Verdict, hide_numbers};

/// Which key `item`'s pool lacks, if `failure` says it of the pool and not of the one number.
pub(super) fn lacks(item: &Item, failure: &TwilioError) -> Option<PoolKey> {
    let TwilioError::Refused(refusal) = failure else { return None };
    let Verdict::HaltPool(key) = refusal.verdict() else { return None };
    let is_told = match key {
        // What a search said needs none, or is refused with the one that is shown, would be refused with every number.
        PoolKey::AddressSid => item.says_none || item.papers.address.is_some(),
        PoolKey::Country | PoolKey::NumberType | PoolKey::BundleSid | PoolKey::IdentitySid => true,
    };
    (item.is_of_the_pool && is_told).then_some(key)
}

/// Halts the pool for whoever has these keys; returns the key that it needs, with dots.
pub(super) async fn halt_pool(buyer: &Buyer, keys: &Keys, key: PoolKey, failure: &TwilioError) -> String {
    let pool = &keys.pool;
    let needs = pool.key(key.as_str());
    buyer.first_alone.unproven(keys);
    let refused = PoolRefused {
        keys: keys.clone(),
        twilio_code: failure.twilio_code(),
        message: failure.in_full(),
        needs: needs.clone(),
    };
    fail::fail_point!("pool_halt_decided");
    let halted = buyer.db.run_patiently("pool_halt", move |conn| pool_halt(conn, &refused)).await;
    fail::fail_point!("pool_halt_written");
    match halted {
        Ok(true) => {
            slog::crit!(buyer.log, "a pool is halted: set the key that it needs, or mend what it names at Twilio and resume";
            "pool" => pool.as_str(), "needs" => &needs, "twilio_code" => failure.twilio_code(),
            "cause" => hide_numbers(&failure.to_string()), "request_id" => failure.request_id())
        }
        Ok(false) => {}
        Err(error) => slog::error!(buyer.log, "a pool should halt, but that could not be written";
            "pool" => pool.as_str(), "needs" => &needs, "error" => error.in_full()),
    }
    needs
}
