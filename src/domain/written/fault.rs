//! Why a value is refused, and what is told of one that is taken.
//!
//! How to get it wrong: a cause with the value in it. A thousand rows with one fault would be a thousand causes. Or naming an option of
//! the command to a program, which has a field for it.

use std::borrow::Cow;

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

/// Who sends values: what may be said beside them has one name on the command line and another in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Somebody with a file and our command.
    Command,
    /// A program that calls the API.
    Program,
}

/// What is told of a value that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// It lay less than a day in the future, and was taken as now.
    FutureIsNow,
    /// Its day may be its month, and was taken to be first, because there are dots.
    DayFirst,
    /// A word that programs write for "none" was taken as no user.
    WordForNone,
    /// A user id begins or ends with blanks, which belong to it.
    BlanksAround,
    /// A time was left out, because there is no user who could have had the number since then.
    LoneInstant,
}

impl Note {
    /// Its name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::FutureIsNow => "future_is_now",
            Self::DayFirst => "day_first",
            Self::WordForNone => "word_for_none",
            Self::BlanksAround => "blanks_around",
            Self::LoneInstant => "lone_assigned_at",
        }
    }

    /// It as a sentence.
    #[must_use]
    pub fn words(self, to: Sender) -> &'static str {
        match (self, to) {
            (Self::FutureIsNow, Sender::Command) => {
                "assigned_at lies in the future and was taken as now; perhaps these are local times: say which with --timezone"
            }
            (Self::FutureIsNow, Sender::Program) => {
                "assigned_at lies in the future and was taken as now; perhaps these are local times: say which with \"timezone\""
            }
            (Self::DayFirst, _) => "assigned_at has dots, and was read with its day first",
            (Self::WordForNone, _) => "a word for no user, such as NULL",
            (Self::BlanksAround, _) => "the user_id begins or ends with blanks, which belong to it",
            (Self::LoneInstant, _) => "assigned_at without a user_id was left out",
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

/// What may be said beside a value that is refused without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// User ids are to be taken to the letter.
    AsIs,
    /// The country of numbers without a plus.
    DefaultCountry,
}

impl Remedy {
    fn words(self, to: Sender) -> &'static str {
        match (self, to) {
            (Self::AsIs, Sender::Command) => "or give --as-is if it is meant so",
            (Self::AsIs, Sender::Program) => "or give \"as_is\":true if it is meant so",
            (Self::DefaultCountry, Sender::Command) => "or say which country the numbers are of (--default-country US)",
            (Self::DefaultCountry, Sender::Program) => {
                "or say which country the numbers are of (\"default_country\":\"US\")"
            }
        }
    }
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind it is.
    pub kind: FaultKind,
    /// A sentence that is the same for all values with this fault, and says what to do.
    cause: &'static str,
    /// What else there is to do.
    remedy: Option<Remedy>,
    /// What of this value is wrong.
    pub detail: Option<String>,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, cause: &'static str) -> Self {
        Self { kind, cause, remedy: None, detail: None }
    }

    pub(super) fn of(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(super) fn or(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// A sentence that is the same for all values with this fault, and says what to do.
    #[must_use]
    pub fn cause(&self, to: Sender) -> Cow<'static, str> {
        match self.remedy {
            Some(remedy) => format!("{}, {}", self.cause, remedy.words(to)).into(),
            None => self.cause.into(),
        }
    }

    /// The same, with what of this value is wrong.
    #[must_use]
    pub fn told(&self, to: Sender) -> String {
        let detail = self.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        format!("{}{detail}", self.cause(to))
    }
}
