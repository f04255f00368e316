//! A number as it is stored, and with whose it is.
//!
//! Invariants: one type for a row, read with all its columns; whatever shows a number is made from it.
//! How to get it wrong: a type of one's own for three columns. A new attribute would have to be remembered there, too.

use std::ops::Deref;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::schema::numbers;
use crate::domain::recycling::UseSource;
use crate::domain::{
    AreaCode, CountryCode, NumberSid, NumberStatus, NumberType, PhoneNumber, PoolName, QuarantineReason, Standing,
    StoredStatus, UserId, WebhookStatus, Withheld,
};

/// A row of `numbers`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = numbers, check_for_backend(diesel::pg::Pg))]
pub struct NumberRow {
    /// Ours, in the order they came.
    pub id: i64,
    /// Twilio's.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// ISO 3166.
    pub country: CountryCode,
    /// Where the country has them.
    pub area_code: Option<AreaCode>,
    /// As it is stored: whether an active one is somebody's, its lease says. See [`OwnedNumber::status`].
    #[diesel(column_name = status)]
    pub stored_status: StoredStatus,
    /// How its webhooks stand.
    pub webhook_status: WebhookStatus,
    /// Whether it has what `pool.capabilities` wants.
    pub capable: bool,
    /// Since when Twilio does not know it.
    pub missing_since: Option<DateTime<Utc>>,
    /// Until when it rests.
    pub quarantined_until: Option<DateTime<Utc>>,
    /// Why it rests, is on hold or is leaving.
    pub quarantine_reason: Option<QuarantineReason>,
    /// The ledger's item, which its tag names.
    pub purchase_item_id: Option<Uuid>,
    /// When Twilio sold it.
    pub purchased_at: DateTime<Utc>,
    /// Whether the next signup may get it, if it is nobody's.
    pub ready: bool,
    /// Since when Twilio shows another environment's tag on it.
    pub another_tag_since: Option<DateTime<Utc>>,
    /// The pool that it belongs to.
    pub pool: PoolName,
    /// Which of Twilio's stocks it came from.
    pub number_type: NumberType,
    /// Of another country or type than its pool: given only to whoever asks for its very area code or its country.
    pub apart: bool,
    /// Since when an operator's word keeps it where it is.
    pub protected_at: Option<DateTime<Utc>>,
}

impl NumberRow {
    /// Whether Twilio does not know it, though it should.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.missing_since.is_some() && self.stored_status != StoredStatus::Released
    }
}

/// [`OwnedNumber::shown_status`] in SQL, of a row `n` and its lease `l`.
pub(super) const SHOWN_STATUS: &str =
    "CASE WHEN n.missing_since IS NOT NULL AND n.status <> 'released' THEN 'missing' WHEN n.status <> 'active' THEN n.status
          WHEN l.user_id IS NULL THEN 'available' ELSE 'assigned' END";

/// A number of ours: its row, whose it is, and which order brought it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct OwnedNumber {
    /// As it is stored.
    #[diesel(embed)]
    pub stored: NumberRow,
    /// Whose it is.
    #[diesel(sql_type = Nullable<Text>)]
    pub user_id: Option<String>,
    /// Since when.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub assigned_at: Option<DateTime<Utc>>,
    /// The order that bought it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub purchase_id: Option<Uuid>,
    /// The last use by whoever has it; the assignment is one.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
    /// How it is known.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_used_source: Option<UseSource>,
}

/// The last use of a number that somebody has, of its lease `l` and its row `u` of `last_uses`.
macro_rules! last_used {
    () => {
        "CASE WHEN u.last_used_at > l.assigned_at THEN u.last_used_at ELSE l.assigned_at END AS last_used_at,
         CASE WHEN u.last_used_at > l.assigned_at THEN u.source WHEN l.assigned_at IS NOT NULL THEN 'assignment' END AS last_used_source"
    };
}
pub(in crate::db) use last_used;

/// Selects [`OwnedNumber`]s; the row of `numbers` is `n`, its lease `l`, its item `i`.
pub(super) const OWNED: &str = concat!(
    "
    SELECT n.*, l.user_id, l.assigned_at, i.purchase_id, ",
    last_used!(),
    "
      FROM numbers n
      LEFT JOIN leases l ON l.number_id = n.id
      LEFT JOIN last_uses u ON u.number_id = n.id
      LEFT JOIN purchase_items i ON i.id = n.purchase_item_id"
);

impl Deref for OwnedNumber {
    type Target = NumberRow;

    fn deref(&self) -> &NumberRow {
        &self.stored
    }
}

impl OwnedNumber {
    /// Where it stands; never [`NumberStatus::Missing`].
    #[must_use]
    pub fn status(&self) -> NumberStatus {
        self.stored_status.with(self.user_id.is_some())
    }

    /// How it stands for whoever looks from outside: missing, whatever it was.
    #[must_use]
    pub fn shown_status(&self) -> NumberStatus {
        if self.is_missing() { NumberStatus::Missing } else { self.status() }
    }

    /// Whether it is this user's.
    #[must_use]
    pub fn is_of(&self, user_id: &UserId) -> bool {
        self.user_id.as_deref() == Some(user_id.as_str())
    }

    /// How it stands, for whoever asks why it is not assignable; `left_at` is when it was given back to Twilio.
    #[must_use]
    pub fn standing(&self, left_at: Option<DateTime<Utc>>, withheld: Option<Withheld>) -> Standing {
        Standing {
            status: self.status(),
            webhook_status: self.webhook_status,
            capable: self.capable,
            missing_since: self.missing_since.map(instant),
            quarantine_reason: self.quarantine_reason,
            quarantined_until: self.quarantined_until.map(instant),
            assigned: self.user_id.clone().zip(self.assigned_at.map(instant)),
            left_at: left_at.map(instant),
            another_tag_since: self.another_tag_since.map(instant),
            withheld,
        }
    }
}

pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
