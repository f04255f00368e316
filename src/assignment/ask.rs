//! What a signup asks for, and what it is answered.

use std::time::Duration;

use crate::db::assignments::{Asking, Assignment, Returning};
use crate::domain::{AreaCode, Away, CountryCode, PoolName, UserId};

/// What a signup asks for, and where it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// For whom.
    pub user_id: UserId,
    /// The pool that serves it.
    pub pool: PoolName,
    /// Whether it named the pool: then what rests for the user in another one does not come back.
    pub only_pool: bool,
    /// In which area code, if there is stock; else as near as there is.
    pub wish: Option<AreaCode>,
    /// Whether no other area code will do.
    pub strict: bool,
    /// The country that it named: no other will do.
    pub country: Option<CountryCode>,
    /// No pool is of that country: only what lies apart in `pool` will do.
    pub stock_only: bool,
}

impl Ask {
    /// As it stands in a statement.
    pub(super) fn asking(&self) -> Asking<'_> {
        Asking { user_id: self.user_id.as_str(), pool: &self.pool, only_pool: self.only_pool }
    }

    pub(super) fn returning(&self) -> Returning<'_> {
        let only_pool = self.only_pool.then_some(&self.pool);
        Returning { user_id: self.user_id.as_str(), wish: self.wish, only_pool }
    }
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
    /// The same while so many of the pool's numbers register: what was asked for is on its way, and takes longer than a signup waits.
    Registering(u32),
    /// No stock in the area code that the request insisted on.
    AreaCodeUnavailable,
    /// No pool is of the country that the request insisted on, and nothing of it lies in stock.
    CountryUnavailable(CountryCode),
    /// PostgreSQL does not answer; why.
    DatabaseUnavailable(Away),
    /// The desk restarts, or too many signups wait for it.
    Unavailable,
    /// A bug; the log has it.
    Internal,
}

impl NoNumber {
    /// The code of the problem that tells it.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::PoolEmpty(_) | Self::Registering(_) => "pool_empty",
            Self::AreaCodeUnavailable => "area_code_unavailable",
            Self::CountryUnavailable(_) => "country_unavailable",
            Self::DatabaseUnavailable(_) => "database_unavailable",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// How long a signup waits for a statement, whatever PostgreSQL does.
pub(super) const STATEMENT_PATIENCE: Duration = Duration::from_millis(1900);
