//! What an order by hand says, and what is told of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::numbers::OwnedNumber;
use crate::db::purchases::Cancelled;
use crate::db::purchases::record::{PurchaseError, PurchaseRecord};
use crate::domain::{
    AreaCode, CountryCode, NumberSid, NumberType, OrderOutcome, OrderState, PhoneNumber, PoolName, WebhookStatus,
    explain_trigger, needs_told,
};
use crate::http::RequestBody;

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct PurchaseBody {
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) count: u32,
    pub(crate) area_code: Option<AreaCode>,
    pub(crate) country: Option<CountryCode>,
    /// The pool; without it, that of the country or the area code, else `default`.
    pub(crate) pool: Option<PoolName>,
    #[serde(default)]
    pub(crate) fallback: bool,
    #[serde(default)]
    pub(crate) override_caps: bool,
}

impl RequestBody for PurchaseBody {
    const FIELDS: &'static [&'static str] = &["count", "area_code", "country", "pool", "fallback", "override_caps"];
}

// An order by hand, as it is told to whoever asks, and read by the command line. The description says it at the route.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Purchase)]
pub(crate) struct Document {
    pub(crate) purchase_id: Uuid,
    pub(crate) state: OrderState,
    pub(crate) requested_count: u32,
    pub(crate) purchased_count: usize,
    pub(crate) numbers: Vec<Bought>,
    pub(crate) errors: Vec<ErrorView>,
    /// What came of it, for people: whether it bought all, some or nothing.
    pub(crate) outcome: OrderOutcome,
    /// By whom it was cancelled, and when; what Twilio had not been asked for by then is not bought.
    #[schema(required)]
    pub(crate) cancelled: Option<Cancelled>,
    /// Why it exists.
    #[serde(default)]
    pub(crate) trigger: String,
    /// The same in words.
    #[serde(default)]
    pub(crate) explanation: String,
    /// Who asked: a key's name, or `callbunker`.
    #[serde(default)]
    pub(crate) requested_by: String,
    /// In which country.
    #[serde(default)]
    pub(crate) country: String,
    /// For which pool.
    #[serde(default = "PoolName::default_pool")]
    pub(crate) pool: PoolName,
    /// Which of Twilio's stocks it buys from.
    #[serde(default)]
    pub(crate) number_type: NumberType,
    /// In which area code, if that was said,
    #[serde(default)]
    #[schema(required)]
    pub(crate) area_code: Option<AreaCode>,
    /// and whether another would do.
    #[serde(default)]
    pub(crate) fallback: bool,
    /// Whether the spend caps were set aside for it.
    #[serde(default)]
    pub(crate) override_caps: bool,
    /// When it was asked for.
    #[serde(default)]
    pub(crate) created_at: DateTime<Utc>,
    /// When it began.
    #[serde(default)]
    #[schema(required)]
    pub(crate) started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default)]
    #[schema(required)]
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// One line of what an order did not get.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PurchaseError)]
pub(crate) struct ErrorView {
    /// Ours: `no_stock`, `spend_cap`, `twilio_21422`, `outcome_unknown`, …
    pub(crate) code: String,
    /// Twilio's, when it gave one.
    #[schema(required)]
    pub(crate) twilio_code: Option<i32>,
    /// What happened, and what to do.
    pub(crate) message: String,
    /// Numbers or attempts that it concerns.
    pub(crate) count: i64,
    /// Twilio's ids of the requests that were refused or lost, for its support; the latest five.
    pub(crate) request_ids: Vec<String>,
}

impl ErrorView {
    /// Whether one pool is halted, and not all buying.
    pub(crate) fn is_of_a_halted_pool(&self) -> bool {
        is_of_a_halted_pool(&self.code, &self.message)
    }
}

/// The same of an error with this code and message: of a pool's halt, the message names the key that it needs.
pub(super) fn is_of_a_halted_pool(code: &str, message: &str) -> bool {
    code == "halted" && needs_told(message).is_some()
}

impl From<PurchaseError> for ErrorView {
    fn from(error: PurchaseError) -> Self {
        let PurchaseError { code, twilio_code, message, count, request_ids, passing: _ } = error;
        Self { code, twilio_code, message, count, request_ids }
    }
}

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PurchasedNumber)]
pub(crate) struct Bought {
    pub(crate) phone_number: PhoneNumber,
    pub(crate) sid: NumberSid,
    pub(crate) webhook_status: WebhookStatus,
    /// The pool that it went into, or has been moved to since.
    #[serde(default = "PoolName::default_pool")]
    pub(crate) pool: PoolName,
}

fn bought(number: &OwnedNumber) -> Bought {
    Bought {
        phone_number: number.phone_number.clone(),
        sid: number.sid.clone(),
        webhook_status: number.webhook_status,
        pool: number.pool.clone(),
    }
}

pub(crate) fn document(record: &PurchaseRecord) -> Document {
    let wish = &record.order.wish;
    Document {
        purchase_id: record.order.id,
        state: record.order.state.shown(record.order.started_at.is_some()),
        requested_count: record.order.wish.count,
        purchased_count: record.numbers.len(),
        numbers: record.numbers.iter().map(bought).collect(),
        errors: record.errors.iter().cloned().map(Into::into).collect(),
        outcome: record.outcome(),
        cancelled: record.order.cancelled.clone(),
        trigger: wish.trigger.as_str().to_owned(),
        explanation: explain_trigger(wish.trigger).to_owned(),
        requested_by: wish.requested_by.clone(),
        country: wish.country.to_string(),
        pool: wish.pool.clone(),
        number_type: wish.number_type,
        area_code: wish.area_code,
        fallback: wish.fallback,
        override_caps: wish.override_caps,
        created_at: record.order.created_at,
        started_at: record.order.started_at,
        ended_at: record.order.ended_at,
    }
}
