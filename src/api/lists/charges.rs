//! The charges one by one, the latest first: what the cost of a month adds up.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;

use super::{Page, Part, Sheet};
use crate::api::plan::amount;
use crate::api::services::Services;
use crate::db::charges::{ChargeFilter, ChargeKey, ChargeRow, charges_list};
use crate::db::slice::Slice;
use crate::domain::money::{ChargeKind, PriceSource};
use crate::domain::{CountryCode, NumberType, PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, MonthName, Outcome, Request, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["month", "pool", "phone_number"];

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Charge)]
pub(crate) struct ChargeView {
    /// When, in UTC.
    pub(crate) date: NaiveDate,
    /// Whose.
    pub(crate) phone_number: PhoneNumber,
    /// It was bought on that day, or that is an anniversary of it.
    pub(crate) what: ChargeKind,
    /// Its pool on that day.
    pub(crate) pool: PoolName,
    /// Its country.
    pub(crate) country: CountryCode,
    /// Its type.
    pub(crate) number_type: NumberType,
    /// What it cost; null = not known yet.
    #[schema(required)]
    pub(crate) amount: Option<String>,
    /// ISO 4217.
    #[schema(required)]
    pub(crate) currency: Option<String>,
    /// `seen`: the price last seen before that day; `today`: nobody had seen one then.
    #[schema(required)]
    pub(crate) price_source: Option<PriceSource>,
}

impl From<ChargeRow> for ChargeView {
    fn from(row: ChargeRow) -> Self {
        Self {
            date: row.charged_on,
            phone_number: row.phone_number,
            what: row.what,
            pool: row.pool,
            country: row.country,
            number_type: row.number_type,
            amount: row.amount.map(amount),
            currency: row.currency,
            price_source: row.price_source,
        }
    }
}

async fn charges(
    services: &Services,
    filter: ChargeFilter,
    part: Part<ChargeKey>,
) -> Result<Sheet<ChargeRow, ChargeKey>, Problem> {
    let read = move |conn: &mut crate::db::Connection, slice: Slice<ChargeKey>, most: i64| {
        charges_list(conn, &filter, slice, most)
    };
    let key = |row: &ChargeRow| ChargeKey { charged_on: row.charged_on, number_id: row.number_id };
    part.read(services, "charges_list", read, key).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, FILTERS)?;
    let filter = ChargeFilter {
        month: request.query("month")?,
        pool: request.query("pool")?,
        phone_number: request.query("phone_number")?,
    };
    answer(charges(&services, filter, part).await.map(Sheet::page::<ChargeView>))
}

pub(crate) fn about() -> About {
    About::new("charges", "Money", "The charges one by one, the latest first: what the cost of a month adds up")
        .text(
            "Charges are written within the hour, and before a cost is told. Those of months that are older than 25 are kept as sums only.",
        )
        .query::<MonthName>("month", "Only those of this month.")
        .query::<PoolName>("pool", "Only those of numbers that were of this pool on their day.")
        .query::<PhoneNumber>("phone_number", "Only those of this number.")
        .page::<Page<ChargeView>, ChargeView>(json!({"items": [{"date": "2026-10-03", "phone_number": "+14155550100",
            "what": "renewal", "pool": "default", "country": "US", "number_type": "local", "amount": "1.15", "currency": "USD",
            "price_source": "seen"}], "next_cursor": "20261003-17"}))
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
