//! The field's words as schemas: what a text must look like to be one.
//!
//! Invariant: every pattern here accepts exactly what the type's `FromStr` accepts, as far as a pattern can say it.
//! How to get it wrong: a pattern that only some engines read. They keep to ASCII classes.

use std::borrow::Cow;

use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{AreaCode, CountryCode, NumberSid, PhoneNumber, PoolName, UserId};

/// A text that is written in place wherever it occurs.
macro_rules! text_schema {
    ($($type:ty = $text:literal, $example:literal, $build:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let text = Object::builder().schema_type(Type::String).description(Some($text)).examples([$example]);
                let build: fn(ObjectBuilder) -> ObjectBuilder = $build;
                build(text).into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                stringify!($type).into()
            }
        }
    )*};
}

text_schema! {
    PhoneNumber = "A phone number in E.164.", "+14155550100", |text| text.pattern(Some(r"^\+[1-9][0-9]{6,14}$"));
    NumberSid = "Twilio's identity of an incoming phone number.", "PNd4c773a219946d6010fcfaee13267bd5",
        |text| text.pattern(Some("^PN[0-9a-fA-F]{32}$"));
    AreaCode = "An area code of the North American numbering plan.", "415", |text| text.pattern(Some("^[2-9][0-9]{2}$"));
    CountryCode = "A country as ISO 3166-1 alpha-2 writes it.", "US", |text| text.pattern(Some("^[A-Z]{2}$"));
    PoolName = "A pool: `default`, or the name of a `[pools.NAME]`.", "gb",
        |text| text.pattern(Some("^[a-z](_?[a-z0-9])*$")).max_length(Some(32));
    UserId = "A user as the signup service names them: no control, format or line-separator character.", "u-1",
        |text| text.min_length(Some(1)).max_length(Some(UserId::CHARACTERS_MAX));
    Cursor = "A place in a list.", "1024", |text| text.pattern(Some("^[0-9a-f-]{1,36}$"));
    UserBeginning = "How the id of a user begins.", "ann@", |text| text.min_length(Some(1)).max_length(Some(UserId::CHARACTERS_MAX));
    IdempotencyKey = "1 to 255 printable ASCII characters.", "refill-1",
        |text| text.pattern(Some("^[ -~]{1,255}$"));
    Preference = "RFC 7240; `respond-async` is known.", "respond-async", |text| text;
    MonthName = "A month, in UTC.", "2026-10", |text| text.pattern(Some("^[0-9]{4}-(0[1-9]|1[0-2])$"));
    AlertId = "The `id` of an alert.", "01a20291-f2e9-773c-a618-19b7d665f262",
        |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    PurchaseId = "The `purchase_id` of an order.", "01a20291-f2e9-773c-a618-19b7d665f262",
        |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
}

/// Where a list goes on.
pub(super) struct Cursor;
/// How a user's id begins.
pub(crate) struct UserBeginning;
/// What makes an order the same one.
pub(crate) struct IdempotencyKey;
/// How the client wants its answer.
pub(crate) struct Preference;
/// A month.
pub(crate) struct MonthName;
/// An alert.
pub(crate) struct AlertId;
/// An order.
pub(crate) struct PurchaseId;
/// How many lines of a list.
pub(super) struct Limit;
/// How many numbers of an order by hand.
pub(crate) struct Count;

/// A whole number of a range that is written in place.
macro_rules! range_schema {
    ($($type:ty = $min:literal, $max:literal;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                Object::builder().schema_type(Type::Integer).minimum(Some($min)).maximum(Some($max)).into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                stringify!($type).into()
            }
        }
    )*};
}

/// How much of the past the dashboard's chart shows.
pub(crate) struct Hours;

impl PartialSchema for Hours {
    fn schema() -> RefOr<Schema> {
        Object::builder().schema_type(Type::Integer).enum_values(Some([1, 24, 168, 720])).into()
    }
}

impl ToSchema for Hours {
    fn name() -> Cow<'static, str> {
        "Hours".into()
    }
}

range_schema! {
    Limit = 1, 200;
    Count = 1, 100;
}
