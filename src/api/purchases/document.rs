//! What an order by hand says, and what is told of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::numbers::NumberLine;
use crate::db::purchases::record::{PurchaseError, PurchaseRecord};
use crate::domain::{AreaCode, CountryCode, NumberSid, OrderState, PhoneNumber, WebhookStatus};
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

/// An order by hand, as it is told to whoever asks, and read by the command line.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Purchase)]
pub(crate) struct Document {
    pub(crate) purchase_id: Uuid,
    pub(crate) state: OrderState,
    pub(crate) requested_count: u32,
    pub(crate) purchased_count: usize,
    numbers: Vec<Bought>,
    pub(crate) errors: Vec<PurchaseError>,
}

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PurchasedNumber)]
struct Bought {
    #[schema(value_type = PhoneNumber)]
    phone_number: String,
    #[schema(value_type = NumberSid)]
    sid: String,
    #[schema(value_type = WebhookStatus)]
    webhook_status: String,
}

fn bought(line: &NumberLine) -> Bought {
    let NumberLine { phone_number, sid, webhook_status, .. } = line.clone();
    Bought { phone_number, sid, webhook_status }
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
        errors: record.errors.clone(),
    }
}
