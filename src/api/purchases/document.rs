//! What an order by hand says, and what is told of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::numbers::OwnedNumber;
use crate::db::purchases::Cancelled;
use crate::db::purchases::record::{PurchaseError, PurchaseRecord};
use crate::domain::{AreaCode, CountryCode, NumberSid, OrderOutcome, OrderState, PhoneNumber, WebhookStatus};
use crate::http::RequestBody;

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct PurchaseBody {
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) count: u32,
    pub(crate) area_code: Option<AreaCode>,
    pub(crate) country: Option<CountryCode>,
    #[serde(default)]
    pub(crate) fallback: bool,
    #[serde(default)]
    pub(crate) override_caps: bool,
}

impl RequestBody for PurchaseBody {
    const FIELDS: &'static [&'static str] = &["count", "area_code", "country", "fallback", "override_caps"];
}

// An order by hand, as it is told to whoever asks, and read by the command line. The description says it at the route.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Purchase)]
pub(crate) struct Document {
    pub(crate) purchase_id: Uuid,
    pub(crate) state: OrderState,
    pub(crate) requested_count: u32,
    pub(crate) purchased_count: usize,
    numbers: Vec<Bought>,
    pub(crate) errors: Vec<ErrorView>,
    /// What came of it, for people: whether it bought all, some or nothing.
    pub(crate) outcome: OrderOutcome,
    /// By whom it was cancelled, and when; what Twilio had not been asked for by then is not bought.
    #[schema(required)]
    pub(crate) cancelled: Option<Cancelled>,
}

/// One line of what an order did not get.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PurchaseError)]
pub(crate) struct ErrorView {
    /// Ours: `no_stock`, `spend_cap`, `twilio_21422`, `outcome_unknown`, …
    pub(crate) code: String,
    /// Twilio's, when it gave one.
    #[schema(required)]
    twilio_code: Option<i32>,
    /// What happened, and what to do.
    pub(crate) message: String,
    /// Numbers or attempts that it concerns.
    pub(crate) count: i64,
    /// Twilio's ids of the requests that were refused or lost, for its support; the latest five.
    request_ids: Vec<String>,
}

impl From<PurchaseError> for ErrorView {
    fn from(error: PurchaseError) -> Self {
        let PurchaseError { code, twilio_code, message, count, request_ids, passing: _ } = error;
        Self { code, twilio_code, message, count, request_ids }
    }
}

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PurchasedNumber)]
struct Bought {
    phone_number: PhoneNumber,
    sid: NumberSid,
    webhook_status: WebhookStatus,
}

fn bought(number: &OwnedNumber) -> Bought {
    Bought { phone_number: number.phone_number.clone(), sid: number.sid.clone(), webhook_status: number.webhook_status }
}

pub(crate) fn document(record: &PurchaseRecord) -> Document {
    // Between two slices an order waits for the lock; to the outside it is still running.
    let begun = record.order.state == OrderState::Queued && record.order.started_at.is_some();
    Document {
        purchase_id: record.order.id,
        state: if begun { OrderState::Running } else { record.order.state },
        requested_count: record.order.wish.count,
        purchased_count: record.numbers.len(),
        numbers: record.numbers.iter().map(bought).collect(),
        errors: record.errors.iter().cloned().map(Into::into).collect(),
        outcome: record.outcome(),
        cancelled: record.order.cancelled.clone(),
    }
}
