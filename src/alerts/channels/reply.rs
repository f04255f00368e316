//! What a far side said, and whose fault it is.
//!
//! How to get it wrong: taking every failure for the message's own. While a mail server is away, a later message must not overtake.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A try takes no longer, in all.
pub(in crate::alerts) const TRY: Duration = Duration::from_secs(15);
/// Whoever is told so wants none any more.
const GONE: i32 = 410;

/// What a far side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::alerts) enum Reply {
    /// It has it.
    Taken {
        /// Its status, if it gives one.
        status: Option<i32>,
    },
    /// It wants none any more.
    Gone {
        /// Its status.
        status: i32,
        /// What it said.
        error: String,
    },
    /// It has it not, or nobody knows.
    Failed(Failure),
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::alerts) struct Failure {
    /// Its status, if there was one.
    pub(in crate::alerts) status: Option<i32>,
    /// Why; nothing secret.
    pub(in crate::alerts) error: String,
    /// Another message would have failed, too.
    pub(in crate::alerts) blames_far_side: bool,
    /// How long it asked to be left alone.
    pub(in crate::alerts) retry_after: Option<Duration>,
}

impl Failure {
    /// One that says nothing of this message.
    pub(in crate::alerts) fn of_far_side(error: impl Into<String>) -> Self {
        Self { status: None, error: error.into(), blames_far_side: true, retry_after: None }
    }
}

impl Reply {
    /// What an HTTP status says; `error` is what stands in for it elsewhere.
    pub(super) fn of_status(status: u16, error: String, retry_after: Option<Duration>) -> Self {
        let status = i32::from(status);
        match status {
            200..=299 => Self::Taken { status: Some(status) },
            GONE => Self::Gone { status, error },
            _ => {
                // It may be in time for another message, or for the same one later.
                let is_its_own = matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429);
                Self::Failed(Failure { status: Some(status), error, blames_far_side: !is_its_own, retry_after })
            }
        }
    }
}

/// What `Retry-After` asks for: seconds, or a date.
pub(super) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(value.trim()).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_it_was_taken_and_whose_fault_it_is() {
        for status in [200, 202, 204] {
            assert_eq!(Reply::of_status(status, String::new(), None), Reply::Taken { status: Some(status.into()) });
        }
        assert_eq!(Reply::of_status(410, "no".to_owned(), None), Reply::Gone { status: 410, error: "no".to_owned() });
        for (status, blames) in [
            (301, true),
            (302, true),
            (400, false),
            (401, false),
            (404, false),
            (408, true),
            (425, true),
            (429, true),
            (500, true),
            (503, true),
            (101, true),
        ] {
            let Reply::Failed(failure) = Reply::of_status(status, String::new(), None) else { panic!("{status}") };
            assert_eq!((failure.status, failure.blames_far_side), (Some(status.into()), blames), "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Fri, 15 Jan 2027 08:01:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Fri, 15 Jan 2021 08:01:00 GMT", now), Some(Duration::ZERO), "that is over");
        assert_eq!(retry_after("soon", now), None);
    }
}
