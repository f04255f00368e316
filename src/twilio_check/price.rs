//! What one number costs a month, asked once for each kind of number, however many pools hold it.
//!
//! How to get it wrong: a `fail` without a price. Twilio sells what a price list leaves out, or what a key may not read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::bounds::{Bounds, Silence};
use super::report::{Check, CheckName};
use crate::config::Config;
use crate::domain::{Kind, PoolName};
use crate::twilio::{Price, Twilio};

/// What is known of the prices.
pub(super) type Prices = HashMap<Kind, Result<Option<Price>, Silence>>;

pub(super) async fn ask(config: &Config, twilio: &Twilio, bounds: &Bounds) -> Prices {
    let mut prices = Prices::new();
    for (_, pool) in config.pools() {
        let kind = pool.kind();
        if let Entry::Vacant(unknown) = prices.entry(kind) {
            unknown.insert(bounds.ask("the price", || twilio.price(kind)).await);
        }
    }
    prices
}

/// The price of numbers of this kind, if it is known.
pub(super) fn known(prices: &Prices, kind: Kind) -> Option<&Price> {
    prices.get(&kind)?.as_ref().ok()?.as_ref()
}

pub(super) fn judge(prices: &Prices, pool: &PoolName, kind: Kind) -> Check {
    let what = CheckName::Price.of(Some(pool));
    match prices.get(&kind) {
        Some(Ok(Some(price))) => what.pass(format!("{} {} a month for each number", price.monthly, price.unit)),
        Some(Err(silence)) => silence.told(what),
        Some(Ok(None)) | None => what.warn(
            format!("Twilio's price list of {} names no {} numbers", kind.country, kind.number_type.words()),
            "Look at Twilio's price list for this country before a batch is bought.",
        ),
    }
}
