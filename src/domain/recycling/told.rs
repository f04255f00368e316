//! What the application is told of a number that nobody uses.
//!
//! Invariant: it is the one message with a user's id: it goes to whoever knows them.
//! How to get it wrong: writing it when it is sent. A second try would say something else under the same id.

use chrono::{DateTime, SecondsFormat, Utc};

use super::used::{LastUse, UseSource};
use crate::domain::{PhoneNumber, PoolName};

/// What `recycling.notice_url` is sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = InactiveNotice)]
pub struct NoticeBody {
    /// `number.inactive`
    #[serde(rename = "type")]
    what: &'static str,
    /// When it was written.
    timestamp: String,
    /// Of which number.
    data: NoticeData,
}

/// The number, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = InactiveNoticeData)]
struct NoticeData {
    /// E.164.
    phone_number: PhoneNumber,
    /// Whose it is.
    user_id: String,
    /// Its pool.
    pool: PoolName,
    /// The last use that is known; the assignment is one.
    last_used_at: String,
    /// How it is known: `assignment`, `touch`, `call` or `message`.
    last_used_source: UseSource,
    /// Not before then is it taken; a touch until then keeps it. The days count anew from when the notice was taken.
    take_after: String,
}

impl NoticeBody {
    /// Of a user's number, written at `now`.
    #[must_use]
    pub fn new(
        (phone_number, pool): (PhoneNumber, PoolName),
        user_id: String,
        last: LastUse,
        now: DateTime<Utc>,
        take_after: DateTime<Utc>,
    ) -> Self {
        let data = NoticeData {
            phone_number,
            user_id,
            pool,
            last_used_at: instant(last.at),
            last_used_source: last.source,
            take_after: instant(take_after),
        };
        Self { what: "number.inactive", timestamp: instant(now), data }
    }

    /// Its bytes.
    ///
    /// # Panics
    /// Never: it holds texts alone.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("it holds texts")
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
