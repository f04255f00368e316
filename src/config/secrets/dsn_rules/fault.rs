//! What is wrong with a connection string, and what to do.
//!
//! How to get it wrong: quoting the string. It may hold the password.

/// What is wrong with a connection string, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Fault {
    pub what: String,
    pub remedy: String,
}

pub(in super::super) fn fault(what: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault { what: what.into(), remedy: remedy.into() }
}
