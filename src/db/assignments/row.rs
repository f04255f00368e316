//! An assignment, live or of the history.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz};

use crate::domain::{AreaCode, AssignmentSource, Match, PhoneNumber, PoolName, UserId};

/// A live assignment.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, QueryableByName)]
pub struct Assignment {
    /// Whose.
    #[diesel(sql_type = Text)]
    pub user_id: UserId,
    /// Which.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its area code, where the country has them.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_code: Option<AreaCode>,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub assigned_at: DateTime<Utc>,
    /// Where the number came from.
    #[diesel(sql_type = Text)]
    pub source: AssignmentSource,
    /// Whether Twilio no longer lists the number.
    #[diesel(sql_type = Bool)]
    pub missing: bool,
    /// Its number's pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// How near the number came to the wish; `None` = nothing was wished.
    #[diesel(sql_type = Nullable<Text>)]
    pub matched: Option<Match>,
}

/// The columns of an [`Assignment`], in its order.
pub(super) type AssignmentColumns = (Text, Text, Nullable<Text>, Timestamptz, Text, Bool, Text, Nullable<Text>);

/// An assignment of the history.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct AssignmentRecord {
    /// Newest first.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Whose.
    #[diesel(sql_type = Text)]
    pub user_id: String,
    /// Which.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its area code.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_code: Option<AreaCode>,
    /// Where the number came from.
    #[diesel(sql_type = Text)]
    pub source: AssignmentSource,
    /// From.
    #[diesel(sql_type = Timestamptz)]
    pub assigned_at: DateTime<Utc>,
    /// Until; `None` = live.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub released_at: Option<DateTime<Utc>>,
    /// Its number's pool then.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// How near the number came to the wish; `None` = nothing was wished.
    #[diesel(sql_type = Nullable<Text>)]
    pub matched: Option<Match>,
}

/// The columns of an [`AssignmentRecord`]; the assignment is `a`, its number `n`.
pub(super) const RECORD: &str =
    "a.id, a.user_id, n.phone_number, n.area_code, a.source, a.assigned_at, a.released_at, a.pool, a.matched";
