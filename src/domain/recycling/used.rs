//! What a use is, and how it came to be known.
//!
//! How to get it wrong: storing the assignment as a use. The lease says it, and says it for whoever has the number now.

use chrono::{DateTime, Utc};

use crate::domain::number::stored_enum;

/// How a use came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseSource {
    /// The application told.
    Touch,
    /// A call from or to it.
    Call,
    /// A message from or to it.
    Message,
    /// It was assigned. That is not stored: the lease says it.
    Assignment,
}

stored_enum!(UseSource { Touch = "touch", Call = "call", Message = "message", Assignment = "assignment" });

/// The last use that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: DateTime<Utc>,
    /// From whom it is known.
    pub source: UseSource,
}

/// What a walk goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Swept {
    /// The account's calls.
    Calls,
    /// The account's messages.
    Messages,
}

stored_enum!(Swept { Calls = "calls", Messages = "messages" });

impl Swept {
    /// What each row of it is.
    #[must_use]
    pub fn source(self) -> UseSource {
        match self {
            Self::Calls => UseSource::Call,
            Self::Messages => UseSource::Message,
        }
    }
}
