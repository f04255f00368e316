//! What an act came to, for whoever did it.
//!
//! How to get it wrong: "done" for what has begun, or "not done" for what was done in part.

use uuid::Uuid;

use super::super::page::Ending;
use crate::http::{Problem, ProblemCode};

/// What an act came to.
pub(super) struct Told {
    pub(super) ending: Ending,
    pub(super) text: String,
}

impl Told {
    fn new(ending: Ending, text: impl Into<String>) -> Self {
        Self { ending, text: text.into() }
    }

    /// It is done.
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self::new(Ending::Done, text)
    }

    /// Some of it is done, and the text says what is not.
    pub(super) fn partly(text: impl Into<String>) -> Self {
        Self::new(Ending::Partly(None), text)
    }

    /// It has begun, and no order tells of its end.
    pub(super) fn begun(text: impl Into<String>) -> Self {
        Self::new(Ending::Begun, text)
    }

    /// It has begun; the order's end tells what came of it.
    pub(super) fn ordered(order: Uuid, text: impl Into<String>) -> Self {
        Self::new(Ending::Ordered(order), text)
    }

    /// An order's end has begun, and tells what came of it.
    pub(super) fn ending(order: Uuid, text: impl Into<String>) -> Self {
        Self::new(Ending::Ends(order), text)
    }

    /// Nothing was done, and the text says all of it.
    pub(super) fn not_done(code: ProblemCode, text: impl Into<String>) -> Self {
        Self::new(Ending::NotDone(Some(code)), text)
    }

    /// There was nothing left to do.
    pub(super) fn nothing(text: impl Into<String>) -> Self {
        Self::new(Ending::NotDone(None), text)
    }

    /// It was refused, or came not to its end.
    pub(super) fn refused(problem: &Problem) -> Self {
        let code = Some(problem.code());
        let ending = if problem.is_in_part() { Ending::Partly(code) } else { Ending::NotDone(code) };
        Self::new(ending, format!("{}: {}", problem.code().title(), problem.detail()))
    }
}
