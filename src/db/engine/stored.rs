//! The domain's words as columns hold them, so that rows carry types and no texts.
//!
//! Invariant: a text that this version does not know fails the read, and says which column holds it.
//! How to get it wrong: a `String` in a row "for now". Whoever compares it with a word of their own compiles for ever.

use diesel::deserialize::{self, FromSql, Queryable};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Text;

use crate::domain::alert::{AlertChannel, AlertEvent, AlertKind, AlertSeverity, MessageState, Phase};
use crate::domain::money::{ChargeKind, PriceSource};
use crate::domain::recycling::{Swept, UseSource};
use crate::domain::{
    AreaCode, AssignmentSource, AttachmentKind, AttachmentState, AttachmentStatus, CountryCode, HeldBack, Match,
    NumberEventKind, NumberSid, NumberStatus, NumberType, Occasion, OrderState, PhoneNumber, PoolName,
    QuarantineReason, RefusedFor, Registration, StoredStatus, Trigger, UserId, WebhookStatus,
};

macro_rules! stored_as_text {
    ($($type:ty),* $(,)?) => {$(
        impl FromSql<Text, Pg> for $type {
            fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
                let text = std::str::from_utf8(bytes.as_bytes())?;
                text.parse::<Self>().map_err(|why| why.to_string().into())
            }
        }

        impl Queryable<Text, Pg> for $type {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )*};
}

stored_as_text!(
    AlertChannel,
    AlertEvent,
    AlertKind,
    AlertSeverity,
    AreaCode,
    AssignmentSource,
    AttachmentKind,
    AttachmentState,
    AttachmentStatus,
    ChargeKind,
    CountryCode,
    HeldBack,
    Match,
    MessageState,
    NumberEventKind,
    NumberSid,
    NumberStatus,
    NumberType,
    Occasion,
    OrderState,
    Phase,
    PhoneNumber,
    PoolName,
    PriceSource,
    QuarantineReason,
    RefusedFor,
    Registration,
    StoredStatus,
    Swept,
    Trigger,
    UseSource,
    UserId,
    WebhookStatus,
);
