//! Twilio's other answers as types: the price list, the balance, a refusal. Unknown fields are ignored, because Twilio adds
//! fields when it likes.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::lenient;
use crate::domain::NumberType;

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
    phone_number_prices: Vec<Value>,
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
    /// What a number of this type costs.
    pub(super) fn of(self, number_type: NumberType) -> Option<Price> {
        let name = match number_type {
            NumberType::Local => "local",
            NumberType::Mobile => "mobile",
            // With a blank, here and nowhere else.
            NumberType::TollFree => "toll free",
            NumberType::National => "national",
        };
        // A row that cannot be read hides no other.
        let mut rows =
            self.phone_number_prices.into_iter().filter_map(|row| serde_json::from_value::<PriceRow>(row).ok());
        let row = rows.find(|row| row.number_type == name)?;
        Some(Price { monthly: row.current_price?, unit: self.price_unit.to_uppercase() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_of_number_has_its_price() {
        let prices = |rows: serde_json::Value| {
            let answer = serde_json::json!({"phone_number_prices": rows, "price_unit": "usd"});
            move |number_type| {
                let read: PriceAnswer = serde_json::from_value(answer.clone()).unwrap();
                read.of(number_type).map(|price| format!("{} {}", price.monthly, price.unit))
            }
        };
        let row =
            |number_type: &str, price: &str| serde_json::json!({"number_type": number_type, "current_price": price});
        let price = prices(serde_json::json!([
            row("mobile", "1.10"),
            row("national", "1.20"),
            row("toll free", "2.00"),
            row("local", "1.15")
        ]));
        let told = NumberType::ALL.iter().map(|number_type| price(*number_type).unwrap());
        assert_eq!(told.collect::<Vec<_>>(), ["1.15 USD", "1.10 USD", "2.00 USD", "1.20 USD"]);
        let only_local = prices(serde_json::json!([null, row("local", "1.15")]));
        assert_eq!((only_local(NumberType::Mobile), only_local(NumberType::TollFree)), (None, None));
    }
}
