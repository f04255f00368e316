//! Requests that Twilio did not send, or so it seems: told in the log once a minute.
//!
//! After a token's change, or with another address than Twilio was given, they are Twilio's own, and lost.
//! How to get it wrong: a line for each. Anybody can send them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

const EVERY: Duration = Duration::from_secs(60);
/// So long after the last one they are told of.
const RECENT: chrono::TimeDelta = chrono::TimeDelta::minutes(15);

/// Which of them were told.
#[derive(Debug, Default)]
pub(crate) struct Rejections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    untold: u64,
    /// Those that no other instance knows of yet.
    unwritten: u64,
    /// Those of the last while: how many, the first and the last.
    recent: Option<Rejected>,
}

/// How many came of late, on this instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// How many.
    pub(crate) count: u64,
    /// When the first of them came.
    pub(crate) since: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl Rejections {
    /// One more; says so if a minute is over since that was said.
    pub(crate) fn rejected(&self, log: &slog::Logger, why: &'static str) {
        self.note(Utc::now());
        if let Some(count) = self.one_more(Instant::now()) {
            slog::warn!(log, "events are rejected: nothing shows that Twilio sent them. If they come from Twilio, it has another token or \
                another address than this daemon: look at TWILIO_AUTH_TOKEN and events.public_url, then run callbunker twilio setup-events";
                "why" => why, "rejected" => count);
        }
    }

    /// Takes those that no other instance knows of.
    pub(crate) fn take_unwritten(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.unwritten)
    }

    /// So many could not be written down.
    pub(crate) fn still_unwritten(&self, count: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.unwritten = state.unwritten.saturating_add(count);
    }

    /// Those that came of late; `None` = none for a quarter of an hour.
    pub(crate) fn recent(&self, now: DateTime<Utc>) -> Option<Rejected> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.recent.filter(|recent| now.signed_duration_since(recent.last) < RECENT)
    }

    fn note(&self, now: DateTime<Utc>) {
        let before = self.recent(now);
        let count = before.map_or(1, |before| before.count.saturating_add(1));
        let since = before.map_or(now, |before| before.since);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.recent = Some(Rejected { count, since, last: now });
        state.unwritten = state.unwritten.saturating_add(1);
    }

    /// How many there were since the last line, if it is time for another one.
    fn one_more(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.untold += 1;
        let is_time = state.told.is_none_or(|told| now.saturating_duration_since(told) >= EVERY);
        if !is_time {
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_told_once_a_minute_and_none_is_forgotten() {
        let (rejections, begin) = (Rejections::default(), Instant::now());
        assert_eq!(rejections.one_more(begin), Some(1));
        assert_eq!(rejections.one_more(begin + EVERY / 2), None);
        assert_eq!(rejections.one_more(begin + EVERY), Some(2));
        assert_eq!(rejections.one_more(begin + EVERY), None);
    }

    #[test]
    fn they_are_told_of_for_a_quarter_of_an_hour_after_the_last() {
        let (rejections, begin) = (Rejections::default(), DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        assert_eq!(rejections.recent(begin), None);
        let later = begin + RECENT / 2;
        rejections.note(begin);
        rejections.note(later);
        let told = rejections.recent(begin + RECENT).expect("the last is young");
        assert_eq!((told.count, told.since), (2, begin));
        assert_eq!(rejections.recent(later + RECENT), None);
        rejections.note(later + RECENT);
        assert_eq!(rejections.recent(later + RECENT).map(|told| told.count), Some(1), "these are others");
        assert_eq!((rejections.take_unwritten(), rejections.take_unwritten()), (3, 0));
        rejections.still_unwritten(3);
        assert_eq!(rejections.take_unwritten(), 3);
    }
}
