//! What numbers cost while nobody has them: the share of a month in which a number was ours and nobody's.
//!
//! Invariant: a second counts once, however many assignments cover it; idle and held seconds together are those owned.
//! How to get it wrong: dividing by a whole month while it runs. Its fee is paid, and only a part of it is told yet.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// From an instant, included, to another, excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it is over; `None` = it goes on.
    pub until: Option<DateTime<Utc>>,
}

/// For how many seconds of `[from, until)` a number was owned and nobody's; `held` are its assignments.
#[must_use]
pub fn idle_seconds(owned: Span, held: &[Span], from: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
    let within = |span: &Span| {
        let (begin, end) = (span.from.max(from).timestamp(), span.until.unwrap_or(until).min(until).timestamp());
        (begin < end).then_some((begin, end))
    };
    let Some((mut idle_from, owned_until)) = within(&owned) else { return 0 };
    let mut held: Vec<(i64, i64)> = held.iter().filter_map(within).collect();
    held.sort_unstable();
    let mut idle = 0;
    for (begin, end) in held {
        idle += (begin.min(owned_until) - idle_from).max(0);
        idle_from = idle_from.max(end);
    }
    idle += (owned_until - idle_from).max(0);
    idle.unsigned_abs()
}

/// What so many idle seconds cost, of numbers that cost `monthly`, in a month of which so many seconds have passed.
/// `None` when the month has not begun, or the sum is beyond all measure.
#[must_use]
pub fn idle_cost(monthly: Decimal, idle_seconds: u64, passed_seconds: u64) -> Option<Decimal> {
    let cost = monthly.checked_mul(Decimal::from(idle_seconds))?.checked_div(Decimal::from(passed_seconds))?;
    Some(cost.round_dp(5))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
    }

    fn span(from: i64, until: i64) -> Span {
        Span { from: at(from), until: Some(at(until)) }
    }

    #[test]
    fn what_somebody_had_is_not_idle() {
        let month = |held: &[Span]| idle_seconds(Span { from: at(-50), until: None }, held, at(0), at(100));
        assert_eq!(month(&[]), 100);
        assert_eq!(month(&[span(10, 30), span(60, 70)]), 70);
        assert_eq!(month(&[span(-10, 30), Span { from: at(90), until: None }]), 60);
        assert_eq!(month(&[span(-20, -10), span(200, 300)]), 100);
        assert_eq!(idle_seconds(span(40, 60), &[span(50, 90)], at(0), at(100)), 10);
        assert_eq!(idle_seconds(span(-40, -10), &[], at(0), at(100)), 0);
        let price = "1.15".parse().unwrap();
        assert_eq!(idle_cost(price, 50, 100), Some("0.575".parse().unwrap()));
        assert_eq!((idle_cost(price, 200, 100), idle_cost(price, 0, 0)), (Some("2.30".parse().unwrap()), None));
    }

    proptest! {
        #[test]
        fn every_second_that_is_owned_is_idle_or_somebodys(
            owned in (-50i64..150, 0i64..200),
            held in proptest::collection::vec((-50i64..150, 0i64..80), 0..8),
        ) {
            let spans: Vec<Span> = held.iter().map(|(from, length)| span(*from, from + length)).collect();
            let idle = idle_seconds(span(owned.0, owned.0 + owned.1), &spans, at(0), at(100));
            let is_in = |(from, length): &(i64, i64), second: i64| (*from..from + length).contains(&second);
            let by_hand = (0..100).filter(|second| is_in(&owned, *second) && !held.iter().any(|one| is_in(one, *second)));
            prop_assert_eq!(idle, by_hand.count() as u64);
        }
    }
}
