//! What a signup asks for, and what it is answered.

use std::time::Duration;

use crate::db::assignments::Assignment;
use crate::domain::{AreaCode, CountryCode, UserId};

/// What a signup asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// For whom.
    pub user_id: UserId,
    /// In which area code, if there is stock.
    pub area_code: Option<AreaCode>,
    /// In which country, if that matters.
    pub country: Option<CountryCode>,
    /// Whether no other area code will do.
    pub strict: bool,
}

/// What a signup gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The number and since when.
    pub assignment: Assignment,
    /// The user had it before this request.
    pub replayed: bool,
}

/// Why a signup got no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoNumber {
    /// Nothing in stock, and nothing could be bought in time; why, when it is known.
    PoolEmpty(Option<String>),
    /// No stock in the area code that the request insisted on.
    AreaCodeUnavailable,
    /// PostgreSQL does not answer.
    DatabaseUnavailable,
    /// The desk restarts, or too many signups wait for it.
    Unavailable,
    /// A bug; the log has it.
    Internal,
}

impl NoNumber {
    /// The code of the problem that tells it.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::PoolEmpty(_) => "pool_empty",
            Self::AreaCodeUnavailable => "area_code_unavailable",
            Self::DatabaseUnavailable => "database_unavailable",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// How long a signup waits for a statement, whatever PostgreSQL does.
pub(super) const STATEMENT_PATIENCE: Duration = Duration::from_millis(1900);
