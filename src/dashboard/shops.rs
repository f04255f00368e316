//! What can be bought for, with its price: the choice of a pool in the form that buys.
//!
//! How to get it wrong: waiting for Twilio's prices here. What is not known yet comes with the next page.

use super::choice::Choice;
use crate::api::money::price_known;
use crate::api::services::Services;

/// A pool that can be bought for, in the form.
pub(crate) struct Shop {
    pub(crate) name: String,
    /// `gb: GB, mobile, USD 1.25 a month`
    pub(crate) words: String,
    pub(crate) has_area_codes: bool,
    pub(crate) is_chosen: bool,
}

/// Each configured pool, with what a number of it costs as far as that is known; nothing where there is one only.
pub(super) fn shops(services: &Services, choice: &Choice, silent: bool) -> Vec<Shop> {
    if !choice.is_told() {
        return Vec::new();
    }
    let config = services.config.load();
    let shops = config.pools().map(|(name, pool)| {
        let kind = pool.kind();
        let price = price_known(services, kind, silent);
        let price = price.map(|price| format!(", {} {} a month", price.currency, price.amount)).unwrap_or_default();
        Shop {
            name: name.to_string(),
            words: format!("{name}: {}, {}{price}", kind.country, kind.number_type.words()),
            has_area_codes: kind.country.has_area_codes(),
            is_chosen: choice.pool() == Some(name),
        }
    });
    shops.collect()
}
