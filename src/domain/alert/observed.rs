//! One condition as it was seen in a round.

use chrono::{DateTime, Utc};

use super::decide::Verdict;
use super::kind::{AlertKind, AlertSeverity};
use super::words::AlertWords;
use crate::domain::PoolName;

/// One condition as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What it is.
    pub kind: AlertKind,
    /// The pool or the window that it is about; empty = neither.
    pub subject: String,
    /// The pool that it is about.
    pub pool: Option<PoolName>,
    /// How bad it is now; counts only where the verdict is bad.
    pub severity: AlertSeverity,
    /// Whether it is bad.
    pub verdict: Verdict,
    /// Since when, if anybody wrote that down.
    pub since: Option<DateTime<Utc>>,
    /// What is said of it, unless it is good or unknown.
    pub words: AlertWords,
}

impl Observed {
    /// One of which there is nothing to say.
    #[must_use]
    pub fn plain(kind: AlertKind, pool: Option<&PoolName>, verdict: Verdict) -> Self {
        Self {
            kind,
            subject: pool.map(ToString::to_string).unwrap_or_default(),
            pool: pool.cloned(),
            severity: AlertSeverity::Warning,
            verdict,
            since: None,
            words: AlertWords::default(),
        }
    }
}
