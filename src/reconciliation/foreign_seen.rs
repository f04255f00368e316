//! A number of the account that is not ours, as it is written down.

use chrono::Utc;

use crate::db::usage::ForeignSeen;
use crate::domain::CountryCode;
use crate::twilio::IncomingNumber;

/// What is known of it. What Twilio does not date is as old as our knowledge of it.
pub(super) fn foreign_seen(number: &IncomingNumber) -> ForeignSeen {
    ForeignSeen {
        sid: number.sid.clone(),
        phone_number: number.phone_number.clone(),
        country: number.phone_number.country().unwrap_or(CountryCode::US),
        number_type: number.type_or_guess(),
        date_created: number.date_created.unwrap_or_else(Utc::now),
    }
}
