//! What is known of a stretch of time: whether every use in it would have been seen.
//!
//! Twilio lists a call or a message up to a day late. So a walk over its lists that came to its end proves all but its last day,
//! each walk begins a day before the end of the one before, and a window ends two days before now: one for what is late, one for
//! the time since the last walk.
//! Invariant: calls and messages are both known, or touches on every day; half of each is nothing.
//! How to get it wrong: counting a walk that broke off. The page that it did not read may hold the one use.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// A row may come into Twilio's lists so much after its call or message.
const LATE: TimeDelta = TimeDelta::days(1);
/// So long before now a window ends.
pub const WINDOW_ENDS_BEFORE: TimeDelta = TimeDelta::days(2);

/// A stretch of time in which a number must not have been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// What is known of uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Walks over the account's calls that read every page of such a time.
    pub calls: Vec<Window>,
    /// And over its messages.
    pub messages: Vec<Window>,
    /// The days, of UTC, on which the application told of a use at all; `None` = its word is not asked for
    /// (`recycling.by_touch`).
    pub touch_days: Option<BTreeSet<NaiveDate>>,
}

impl Window {
    /// The one that must be silent for a number to be inactive now.
    #[must_use]
    pub fn before(now: DateTime<Utc>, inactive_days: u16) -> Self {
        Self { from: now - TimeDelta::days(i64::from(inactive_days)), until: now - WINDOW_ENDS_BEFORE }
    }
}

impl Evidence {
    /// Whether every use within the window would be known.
    #[must_use]
    pub fn covers(&self, window: Window) -> bool {
        let by_walks = is_walked(&self.calls, window) && is_walked(&self.messages, window);
        by_walks || self.touch_days.as_ref().is_some_and(|days| is_touched(days, window))
    }
}

/// Where the next walk begins: a day before the end of the last one, if what came before is known for as many days as a number must
/// not have been used; else so many days ago.
#[must_use]
pub fn walk_from(walks: &[Window], now: DateTime<Utc>, inactive_days: u16) -> DateTime<Utc> {
    let first = now - TimeDelta::days(i64::from(inactive_days));
    let Some(known_until) = walks.iter().map(|walk| walk.until - LATE).max() else { return first };
    let is_known = known_until >= first && is_walked(walks, Window { from: first, until: known_until });
    if is_known { known_until } else { first }
}

/// Whether walks adjoin from the beginning to the end.
fn is_walked(walks: &[Window], window: Window) -> bool {
    let mut walks = walks.to_vec();
    walks.sort_by_key(|walk| walk.from);
    let mut known_until = window.from;
    for walk in walks {
        if walk.from > known_until {
            break;
        }
        known_until = known_until.max(walk.until - LATE);
    }
    known_until >= window.until
}

/// Whether there was a touch on each day of it. A day without any proves a broken job, not silence.
fn is_touched(days: &BTreeSet<NaiveDate>, window: Window) -> bool {
    let (first, last) = (window.from.date_naive(), window.until.date_naive());
    first.iter_days().take_while(|day| *day <= last).all(|day| days.contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_035_200 + hour * 3600, 0).unwrap()
    }

    fn walks(walks: &[(i64, i64)]) -> Vec<Window> {
        walks.iter().map(|(from, until)| Window { from: at(*from), until: at(*until) }).collect()
    }

    #[test]
    fn walks_cover_a_window_when_they_adjoin_for_calls_and_for_messages() {
        let window = Window { from: at(0), until: at(240) };
        let covers = |calls: &[(i64, i64)], messages: &[(i64, i64)]| {
            Evidence { calls: walks(calls), messages: walks(messages), touch_days: None }.covers(window)
        };
        let whole = [(-10, 264)];
        assert!(covers(&whole, &whole));
        assert!(!covers(&whole, &[]) && !covers(&[], &whole));
        // What came in the last day may be listed later.
        assert!(!covers(&whole, &[(-10, 263)]));
        // Each begins a day before the end of the one before.
        assert!(covers(&whole, &[(120, 270), (-10, 144)]));
        assert!(!covers(&whole, &[(121, 270), (-10, 144)]));
        assert!(!covers(&whole, &[(1, 264)]));
        assert!(covers(&whole, &[(0, 50), (0, 200), (20, 60), (176, 300)]));
    }

    #[test]
    fn a_walk_begins_where_the_last_one_is_no_proof_any_more() {
        let now = at(20 * 24);
        let from = |hours: &[(i64, i64)]| walk_from(&walks(hours), now, 10);
        assert_eq!(from(&[]), at(10 * 24), "nothing is known");
        assert_eq!(from(&[(8 * 24, 19 * 24)]), at(18 * 24));
        assert_eq!(from(&[(12 * 24, 19 * 24)]), at(10 * 24), "more days are asked for than were walked over");
        assert_eq!(from(&[(8 * 24, 9 * 24)]), at(10 * 24), "that was long ago");
        assert_eq!(from(&[(8 * 24, 14 * 24), (14 * 24, 19 * 24)]), at(10 * 24), "there is a gap of a day");
    }

    #[test]
    fn touches_cover_a_window_when_no_day_of_it_lacks_them() {
        let window = Window { from: at(0), until: at(240) };
        let first = window.from.date_naive();
        let days = |without: Option<u64>| {
            let days = (0..=10).filter(|day| Some(*day) != without).map(|day| first + chrono::Days::new(day));
            Evidence { touch_days: Some(days.collect()), ..Evidence::default() }
        };
        assert!(days(None).covers(window));
        for missing in 0..=10 {
            assert!(!days(Some(missing)).covers(window), "day {missing}");
        }
        assert!(!Evidence::default().covers(window));
        let half = Evidence { calls: walks(&[(-10, 300)]), ..days(Some(3)) };
        assert!(!half.covers(window));
    }
}
