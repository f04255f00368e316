//! Twilio's other answers as types: the price list, the balance, a refusal. Unknown fields are ignored, because Twilio adds
//! fields when it likes.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::lenient;

/// What a number costs. Amounts are decimal text, as Twilio tells them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Price {
    /// A month, now, for this account.
    pub monthly: Decimal,
    /// ISO 4217, such as `USD`.
    pub unit: String,
}

#[derive(Deserialize)]
pub(super) struct PriceAnswer {
    #[serde(default, deserialize_with = "lenient::or_default")]
    phone_number_prices: Vec<PriceRow>,
    #[serde(deserialize_with = "lenient::words")]
    price_unit: String,
}

#[derive(Deserialize)]
struct PriceRow {
    #[serde(default, deserialize_with = "lenient::text")]
    number_type: String,
    // Text in Twilio's examples, a number in its types.
    #[serde(default, deserialize_with = "lenient::or_default")]
    current_price: Option<Decimal>,
}

impl PriceAnswer {
    pub(super) fn local(self) -> Option<Price> {
        let local = self.phone_number_prices.into_iter().find(|row| row.number_type == "local")?;
        Some(Price { monthly: local.current_price?, unit: self.price_unit.to_uppercase() })
    }
}

/// What the account has left.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Balance {
    /// Decimal text; below zero when something is owed.
    #[serde(rename(deserialize = "balance"))]
    pub amount: Decimal,
    /// ISO 4217, such as `USD`.
    #[serde(deserialize_with = "lenient::words")]
    pub currency: String,
}

#[derive(Deserialize)]
pub(super) struct ErrorAnswer {
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(super) code: Option<i32>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) message: String,
}
