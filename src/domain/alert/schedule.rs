//! When a message that was not taken is tried again.
//!
//! How to get it wrong: giving up by the count of tries. Who was down for a week would not have tried at all.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A message that old is not tried again once it fails.
pub const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);
/// The longest wait that a far side may ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

const HOUR: u64 = 3600;
/// After the first try, the second, and so on; after all later ones as after the last.
const WAITS_SECS: [u64; 10] = [5, 30, 5 * 60, 30 * 60, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// Each wait is longer or shorter by up to so much of itself.
const JITTER: f64 = 0.2;

/// When a message is tried again whose `tries`-th try failed at `failed_at`; `None` = never. `chance` is at random from 0 to 1;
/// `retry_after` is what the far side asked for.
#[must_use]
pub fn next_try(
    tries: u32,
    created_at: DateTime<Utc>,
    failed_at: DateTime<Utc>,
    retry_after: Option<Duration>,
    chance: f64,
) -> Option<DateTime<Utc>> {
    if failed_at - created_at >= delta(GIVEN_UP_AFTER) {
        return None;
    }
    let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_SECS.len() - 1);
    let factor = 1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
    let wait = Duration::from_secs(WAITS_SECS[place]).mul_f64(factor);
    let asked = retry_after.map_or(Duration::ZERO, |asked| asked.min(RETRY_AFTER_MAX));
    Some(failed_at + delta(wait.max(asked)))
}

fn delta(duration: Duration) -> TimeDelta {
    // Proof of the default: nothing here is longer than some days.
    TimeDelta::from_std(duration).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn wait(tries: u32, retry_after: Option<u64>, chance: f64) -> i64 {
        let next = next_try(tries, at(0), at(100), retry_after.map(Duration::from_secs), chance);
        (next.unwrap() - at(100)).num_seconds()
    }

    #[test]
    fn waits_grow_to_a_day_and_each_is_a_little_longer_or_shorter() {
        assert_eq!([1, 2, 3, 4, 5].map(|tries| wait(tries, None, 0.5)), [5, 30, 300, 1800, 7200]);
        assert_eq!([10, 11, 1000].map(|tries| wait(tries, None, 0.5)), [86_400; 3]);
        assert_eq!((wait(4, None, 0.0), wait(4, None, 1.0)), (1440, 2160));
        assert_eq!(wait(0, None, 0.5), 5, "a claim whose try nobody counted");
    }

    #[test]
    fn what_the_far_side_asks_for_counts_when_it_is_later_and_a_day_at_most() {
        assert_eq!(wait(1, Some(120), 0.5), 120);
        assert_eq!(wait(5, Some(120), 0.5), 7200);
        assert_eq!(wait(1, Some(10_000_000), 0.5), 86_400);
    }

    #[test]
    fn after_three_days_the_next_failure_is_the_last_however_few_tries_there_were() {
        let three_days = 3 * 24 * 3600;
        assert_eq!(next_try(1, at(0), at(three_days), None, 0.5), None);
        assert!(next_try(50, at(0), at(three_days - 1), None, 0.5).is_some());
        // All the waits, shortened as far as may be, do not end before.
        let sum: u64 = WAITS_SECS.iter().sum();
        assert!(sum >= GIVEN_UP_AFTER.as_secs(), "{sum}");
    }
}
