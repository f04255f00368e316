//! Twilio's usage records: what it counted and charged in a stretch of days, by category and never by number.
//!
//! Invariants: only of this account, without its subaccounts; a row that cannot be read is no zero.
//! How to get it wrong: adding `phonenumbers` up with the categories that it is the sum of.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use super::pages::goes_nowhere;
use crate::telemetry::Operation;

/// What was counted of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Used {
    /// How many.
    pub(crate) count: i64,
    /// What they cost.
    pub(crate) price: Decimal,
    /// ISO 4217, such as `USD`.
    pub(crate) unit: String,
    /// Until when Twilio had counted.
    pub(crate) as_of: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Records {
    #[serde(default, deserialize_with = "lenient::or_default")]
    usage_records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default, deserialize_with = "lenient::text")]
    category: String,
    #[serde(default, deserialize_with = "lenient::text")]
    count: String,
    // Text in Twilio's examples, a number in its types.
    #[serde(default, deserialize_with = "lenient::or_default")]
    price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::words")]
    price_unit: String,
    #[serde(default, deserialize_with = "lenient::instant")]
    as_of: Option<DateTime<Utc>>,
}

impl Records {
    /// That of one category. A count may come as `3` or `3.0`.
    fn of(self, category: &str) -> Option<Used> {
        let record = self.usage_records.into_iter().find(|record| record.category == category)?;
        let count: Decimal = record.count.trim().parse().ok()?;
        Some(Used {
            count: i64::try_from(count.round()).ok()?,
            price: record.price?,
            unit: record.price_unit.to_uppercase(),
            as_of: record.as_of?,
        })
    }
}

impl Twilio {
    /// What was counted of a category from one day to another, both included, in GMT.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. A key may lack the right to it.
    pub(crate) async fn usage(
        &self,
        category: &str,
        (first, last): (NaiveDate, NaiveDate),
    ) -> Result<Used, TwilioError> {
        let mut url = self.settings.url(&["Usage", "Records.json"]);
        url.query_pairs_mut()
            .append_pair("Category", category)
            .append_pair("StartDate", &first.to_string())
            .append_pair("EndDate", &last.to_string())
            .append_pair("IncludeSubaccounts", "false");
        let records = self.transport.get::<Records>(Operation::Usage, url).await?.body;
        records.of(category).ok_or_else(|| goes_nowhere("Twilio's usage records have no row that can be read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: &serde_json::Value) -> Option<Used> {
        let answer = serde_json::json!({"usage_records": [{"category": "sms", "count": "9"}, row]});
        serde_json::from_value::<Records>(answer).unwrap().of("phonenumbers-local")
    }

    #[test]
    fn a_record_is_read_whole_or_not_at_all() {
        let row = serde_json::json!({"category": "phonenumbers-local", "count": "3", "price": "3.45", "price_unit": "usd",
            "as_of": "2026-11-30T06:00:00+00:00"});
        let used = read(&row).unwrap();
        assert_eq!((used.count, used.price.to_string().as_str(), used.unit.as_str()), (3, "3.45", "USD"));
        assert_eq!(used.as_of, "2026-11-30T06:00:00Z".parse::<DateTime<Utc>>().unwrap());
        for (field, odd) in [("count", "some"), ("price", "much"), ("as_of", "soon"), ("category", "sms-inbound")] {
            let mut row = row.clone();
            row[field] = serde_json::json!(odd);
            assert_eq!(read(&row), None, "{field}");
        }
    }
}
