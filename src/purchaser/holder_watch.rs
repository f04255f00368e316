//! Whether whoever has the purchase lock still lives: their sign of life, watched by this process's own clock.
//!
//! Invariant: silence counts only while it is looked at, so neither a step of the database's clock, nor a database that was
//! away, nor a sleep of our own makes anybody seem frozen.
//! How to get it wrong: comparing a time that was written down with a clock. One of the two may be wrong by any amount.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::db::purchases::holder::Holder;

/// A holder that gives no sign of life for so long is frozen.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// Between two looks that are further apart, nobody knows who was silent: a living holder gives a sign as often as this.
const GAP_MAX: Duration = Duration::from_secs(10);

/// What the looks of this process saw. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct HolderWatch(Arc<Mutex<Option<Watched>>>);

#[derive(Debug)]
struct Watched {
    holder: Holder,
    silent: Duration,
    looked_at: Instant,
}

impl HolderWatch {
    /// Takes in what a look saw; says whether that holder is frozen.
    pub(crate) fn sees(&self, holder: Option<&Holder>) -> bool {
        self.silence_of(holder, Instant::now()).is_some_and(|silent| silent >= frozen_after())
    }

    /// How long the holder has been seen without a sign of life; `None` = there is none.
    fn silence_of(&self, holder: Option<&Holder>, now: Instant) -> Option<Duration> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(holder) = holder else {
            *watched = None;
            return None;
        };
        let before = watched.take().filter(|watched| watched.holder == *holder);
        let (silent, looked_at) = before.map_or((Duration::ZERO, now), |watched| {
            let gap = now.saturating_duration_since(watched.looked_at);
            (watched.silent + gap.min(GAP_MAX), now.max(watched.looked_at))
        });
        *watched = Some(Watched { holder: holder.clone(), silent, looked_at });
        Some(silent)
    }
}

/// A test has less time.
fn frozen_after() -> Duration {
    fail::fail_point!("holder_looked", |millis| {
        millis.and_then(|millis| millis.parse().ok()).map_or(SILENT_FOR, Duration::from_millis)
    });
    SILENT_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_silence_that_was_looked_at_all_the_time_counts() {
        let (watch, start) = (HolderWatch::default(), Instant::now());
        let silence = |holder: &Holder, secs: u64| {
            watch.silence_of(Some(holder), start + Duration::from_secs(secs)).expect("there is one").as_secs()
        };
        let (one, other) = (Holder::example(1, 0), Holder::example(2, 0));
        assert_eq!([0, 5, 13].map(|secs| silence(&one, secs)), [0, 5, 13]);
        assert_eq!(silence(&one, 600), 23, "nobody looked for long");
        assert_eq!(silence(&one, 599), 23, "looks overtake each other");
        // A sign of life, however far its clock stepped meanwhile, begins anew; so does another holder.
        for (n, sign) in [3600, 3605, -7200].into_iter().enumerate() {
            let secs = 610 + 5 * u64::try_from(n).expect("a few");
            assert_eq!(silence(&Holder::example(1, sign), secs), 0);
        }
        assert_eq!([630, 635].map(|secs| silence(&other, secs)), [0, 5]);
        assert_eq!(watch.silence_of(None, start + Duration::from_secs(636)), None);
        assert_eq!(silence(&other, 637), 0, "it had given the lock back");
    }
}
