//! A number that Twilio shows, as one that becomes ours: whoever takes one in, by a purchase, an operator's word or a
//! comparison, makes it here.
//!
//! How to get it wrong: taking in an attribute somewhere else. It would be there for one way in, and missing for the others.

use chrono::{DateTime, Utc};

use crate::db::numbers::NewNumber;
use crate::domain::{Capability, CountryCode, PoolName, WebhookStatus, Webhooks};
use crate::twilio::IncomingNumber;

/// What is known of its webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wiring<'a> {
    /// They were compared with these.
    ComparedWith(&'a Webhooks),
    /// The caller says how they stand.
    Known(WebhookStatus),
}

/// `found` as a number of ours in `country`, of `pool`, which wants these capabilities. What Twilio does not date was bought by
/// `by_then`. Of which pool and type what was bought is, its order says, when it is settled.
pub(crate) fn new_number(
    found: &IncomingNumber,
    (pool, country): (&PoolName, CountryCode),
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
        pool: pool.clone(),
        number_type: found.type_or_guess(),
    }
}
