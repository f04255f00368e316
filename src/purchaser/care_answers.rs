//! Whether Twilio answers those who look after the numbers that we have. While it keeps silent, numbers whose rest is over and
//! numbers under repair come for nobody who waits: others are bought for them, if Twilio sells.
//!
//! Invariants: one number about which it keeps silent is no silence; a moment is none; an answer ends it.
//! How to get it wrong: counting on a look that hangs for as long as it hangs. Whoever waits has seconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::db::stock::Care;

/// Without an answer for so long Twilio is silent.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// A silence counts for so long.
const COUNTS_FOR: Duration = Duration::from_secs(60);
/// For so long nobody asks about the next number whose rest is over. Shorter, with a request's time, than a silence counts:
/// nobody waits for a look that only finds that it lasts.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(20);

/// What was heard last. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct CareAnswers(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    answered: Option<Instant>,
    silence: Option<Silence>,
}

#[derive(Debug, Clone, Copy)]
struct Silence {
    /// The beginning of the first call that had no answer.
    since: Instant,
    /// The last time that one had none.
    until: Instant,
}

impl CareAnswers {
    /// Twilio answered, whatever it said.
    pub(crate) fn answered(&self) {
        self.answered_at(Instant::now());
    }

    /// A call that began at `begun` has no answer, yet or for good.
    pub(crate) fn unanswered(&self, begun: Instant) {
        self.unanswered_at(begun, Instant::now());
    }

    /// What those who buy for the waitlist may count on.
    pub(crate) fn now(&self) -> Care {
        if self.is_silent(COUNTS_FOR, Instant::now()) { Care::Stalls } else { Care::Comes }
    }

    /// Whether nobody should begin another look that somebody waits for.
    pub(crate) fn is_left_alone(&self) -> bool {
        self.is_silent(LEFT_ALONE_FOR, Instant::now())
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered_at(&self, now: Instant) {
        *self.heard() = Heard { answered: Some(now), silence: None };
    }

    fn unanswered_at(&self, begun: Instant, now: Instant) {
        let mut heard = self.heard();
        // It answered others meanwhile: this one says nothing of them.
        if heard.answered.is_some_and(|answered| answered >= begun) {
            return;
        }
        let before = heard.silence.filter(|silence| now.saturating_duration_since(silence.until) < COUNTS_FOR);
        heard.silence = Some(Silence { since: before.map_or(begun, |silence| silence.since.min(begun)), until: now });
    }

    fn is_silent(&self, counts_for: Duration, now: Instant) -> bool {
        self.heard().silence.is_some_and(|silence| {
            silence.until.saturating_duration_since(silence.since) >= PATIENCE
                && now.saturating_duration_since(silence.until) < counts_for
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_lasts_counts_for_a_while_and_ends_with_an_answer() {
        let (care, start) = (CareAnswers::default(), Instant::now());
        let at = |secs| start + Duration::from_secs(secs);
        let is_silent = |secs| care.is_silent(COUNTS_FOR, at(secs));
        assert!(!is_silent(0));
        care.unanswered_at(at(0), at(1));
        assert!(!is_silent(1), "a moment is none");
        care.unanswered_at(at(2), at(3));
        assert!(is_silent(3), "short ones add up");
        assert!(is_silent(62) && !is_silent(63), "it counts for a minute");
        assert!(care.is_silent(LEFT_ALONE_FOR, at(22)) && !care.is_silent(LEFT_ALONE_FOR, at(23)));
        care.answered_at(at(30));
        assert!(!is_silent(30));
        care.unanswered_at(at(29), at(39));
        assert!(!is_silent(39), "others were answered meanwhile");
        care.unanswered_at(at(31), at(41));
        assert!(is_silent(41));
        care.answered_at(at(42));
        care.unanswered_at(at(43), at(44));
        care.unanswered_at(at(200), at(201));
        assert!(!is_silent(201), "what was long ago does not add up");
    }
}
