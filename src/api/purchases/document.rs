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

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Purchase)]
pub(crate) struct Document<'a> {
    purchase_id: Uuid,
    state: OrderState,
    requested_count: u32,
    purchased_count: usize,
    numbers: Vec<Bought<'a>>,
    errors: &'a [PurchaseError],
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PurchasedNumber)]
struct Bought<'a> {
    #[schema(value_type = PhoneNumber)]
    phone_number: &'a str,
    #[schema(value_type = NumberSid)]
    sid: &'a str,
    #[schema(value_type = WebhookStatus)]
    webhook_status: &'a str,
}

fn bought(line: &NumberLine) -> Bought<'_> {
    Bought { phone_number: &line.phone_number, sid: &line.sid, webhook_status: &line.webhook_status }
}

pub(crate) fn document(record: &PurchaseRecord) -> Document<'_> {
    // Between two slices an order waits for the lock; to the outside it is still running.
    let begun = record.order.state == OrderState::Queued && record.order.started_at.is_some();
    Document {
        purchase_id: record.order.id,
        state: if begun { OrderState::Running } else { record.order.state },
        requested_count: record.order.wish.count,
        purchased_count: record.numbers.len(),
        numbers: record.numbers.iter().map(bought).collect(),
        errors: &record.errors,
    }
}
