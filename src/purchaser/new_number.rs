//! A number that Twilio shows, as one that becomes ours: whoever takes one in, by a purchase, an operator's word or a
//! comparison, makes it here.
//!
//! How to get it wrong: taking in an attribute somewhere else. It would be there for one way in, and missing for the others.

use chrono::{DateTime, Utc};

use crate::db::numbers::NewNumber;
use crate::domain::{Capability, CountryCode, NumberType, PoolName, WebhookStatus, Webhooks};
use crate::twilio::IncomingNumber;

/// What is known of its webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wiring<'a> {
    /// They were compared with these.
    ComparedWith(&'a Webhooks),
    /// The caller says how they stand.
    Known(WebhookStatus),
}

/// `found` as a number of ours in `country`; `wanted` is `pool.capabilities`. What Twilio does not date was bought by
/// `by_then`.
pub(crate) fn new_number(
    found: &IncomingNumber,
    country: CountryCode,
    wiring: Wiring<'_>,
    wanted: &[Capability],
    by_then: DateTime<Utc>,
) -> NewNumber {
    let (webhook_status, compared_with) = match wiring {
        Wiring::ComparedWith(webhooks) if found.carries(webhooks) => {
            (WebhookStatus::Configured, Some(webhooks.clone()))
        }
        Wiring::ComparedWith(webhooks) => (WebhookStatus::Drifted, Some(webhooks.clone())),
        Wiring::Known(status) => (status, None),
    };
    NewNumber {
        sid: found.sid.clone(),
        phone_number: found.phone_number.clone(),
        country,
        webhook_status,
        compared_with,
        // Silence about a capability is no "no".
        capable: !found.lacks(wanted),
        purchased_at: found.date_created.unwrap_or(by_then),
        pool: PoolName::default_pool(),
        number_type: NumberType::Local,
    }
}
