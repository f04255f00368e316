//! When a message that gathers goes: a single alert soon, what one cause raises together, a storm once a minute.
//!
//! How to get it wrong: holding the first alert up for company. What is pending is known, so only that is waited for.

use chrono::{DateTime, TimeDelta, Utc};

const ALONE: TimeDelta = TimeDelta::seconds(2);
/// A condition is raised when it is due; the round that does so takes a moment.
const ROUND: TimeDelta = TimeDelta::seconds(2);
const PATIENCE: TimeDelta = TimeDelta::seconds(60);
const PATIENCE_IF_CRITICAL: TimeDelta = TimeDelta::seconds(5);
const BETWEEN_TWO: TimeDelta = TimeDelta::seconds(60);

/// A message that still takes notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathering {
    /// When its first notification was written.
    pub since: DateTime<Utc>,
    /// Whether it tells anything critical.
    pub is_critical: bool,
    /// When the channel's last message went.
    pub last_message_at: Option<DateTime<Utc>>,
}

/// When it goes; `pending` = when each condition that is pending will be raised, if it lasts.
#[must_use]
pub fn goes_at(message: Gathering, pending: impl IntoIterator<Item = DateTime<Utc>>) -> DateTime<Utc> {
    let Gathering { since, is_critical, last_message_at } = message;
    let patience = since + if is_critical { PATIENCE_IF_CRITICAL } else { PATIENCE };
    let company = pending.into_iter().filter(|due| *due <= since + PATIENCE).max();
    let at = company.map_or(since + ALONE, |due| (due + ROUND).max(since + ALONE).min(patience));
    last_message_at.map_or(at, |last| at.max(last + BETWEEN_TWO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn goes(is_critical: bool, last: Option<i64>, pending: &[i64]) -> i64 {
        let message = Gathering { since: at(0), is_critical, last_message_at: last.map(at) };
        (goes_at(message, pending.iter().map(|second| at(*second))) - at(0)).num_seconds()
    }

    #[test]
    fn one_alone_goes_soon_and_pending_ones_are_waited_for_a_minute_at_most() {
        assert_eq!(goes(false, None, &[]), 2);
        assert_eq!(goes(false, None, &[120]), 2, "that one is not raised within a minute");
        assert_eq!(goes(false, None, &[10, 30]), 32);
        assert_eq!(goes(false, None, &[60]), 60);
        assert_eq!(goes(false, None, &[-3]), 2, "one that is due already");
        assert_eq!(goes(true, None, &[10, 30]), 5, "what hurts now does not wait for the rest");
        assert_eq!(goes(true, None, &[]), 2);
    }

    #[test]
    fn a_channel_has_one_message_a_minute() {
        assert_eq!(goes(false, Some(-10), &[]), 50);
        assert_eq!(goes(true, Some(-10), &[]), 50);
        assert_eq!(goes(false, Some(-70), &[]), 2);
    }
}
