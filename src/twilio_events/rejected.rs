//! Requests that Twilio did not send, or so it seems: told in the log once a minute.
//!
//! After a token's change, or with another address than Twilio was given, they are Twilio's own, and lost.
//! How to get it wrong: a line for each. Anybody can send them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(60);

/// Which of them were told.
#[derive(Debug, Default)]
pub(crate) struct Rejections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    untold: u64,
}

impl Rejections {
    /// One more; says so if a minute is over since that was said.
    pub(crate) fn rejected(&self, log: &slog::Logger, why: &'static str) {
        if let Some(count) = self.one_more(Instant::now()) {
            slog::warn!(log, "events are rejected: nothing shows that Twilio sent them. If they come from Twilio, it has another token or \
                another address than this daemon: look at TWILIO_AUTH_TOKEN and events.public_url, then run callbunker twilio setup-events";
                "why" => why, "rejected" => count);
        }
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
}
