//! Why a value is refused, and what is told of one that is taken.
//!
//! How to get it wrong: a cause with the value in it. A thousand rows with one fault would be a thousand causes.

use std::fmt;

/// A value, and what is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// What it means.
    pub value: T,
    /// What whoever wrote it should know.
    pub note: Option<Note>,
}

impl<T> Written<T> {
    pub(super) fn plain(value: T) -> Self {
        Self { value, note: None }
    }
}

/// What is told of a value that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// It lay less than a day in the future, and was taken as now.
    FutureIsNow,
    /// A word that programs write for "none" was taken as no user.
    WordForNone,
    /// A user id begins or ends with blanks, which belong to it.
    BlanksAround,
}

impl Note {
    /// Its name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::FutureIsNow => "future_is_now",
            Self::WordForNone => "word_for_none",
            Self::BlanksAround => "blanks_around",
        }
    }

    /// It as a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::FutureIsNow => {
                "assigned_at lies in the future and was taken as now; perhaps these are local times: say which zone"
            }
            Self::WordForNone => "a word for no user, such as NULL",
            Self::BlanksAround => "the user_id begins or ends with blanks, which belong to it",
        }
    }
}

/// Which kind of fault a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A spreadsheet, or another encoding, has taken a part of it away.
    Destroyed,
    /// An extension stands behind the number.
    Extension,
    /// Two numbers.
    TwoNumbers,
    /// Neither a plus nor a country that could stand for it.
    NoPlus,
    /// It may be read in two ways, or in none, by the rules of the country.
    Ambiguous,
    /// No phone number.
    NoNumber,
    /// No instant that may be understood in one way only.
    NoInstant,
    /// A local time that its zone has twice, or never.
    NoSuchTime,
    /// It lies in the future.
    Future,
    /// No user id.
    NoUser,
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind it is.
    pub kind: FaultKind,
    /// A sentence that is the same for all values with this fault, and says what to do.
    pub cause: &'static str,
    /// What of this value is wrong.
    pub detail: Option<String>,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, cause: &'static str) -> Self {
        Self { kind, cause, detail: None }
    }

    pub(super) fn of(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}
