//! How long stock lasts at this week's rate, or at that of the last minutes when they are busier, and which threshold gives a
//! day's lead.
//!
//! How to get it wrong: a rate from the first minute of a new installation. Below an hour there is none.

use super::text::counted;
use crate::db::assignments::Pace;

/// A day's lead, with a half on top for the hours that are busier than others.
const LEAD_DAYS: f64 = 1.5;
/// Shorter histories tell nothing.
const DAYS_MIN: f64 = 1.0 / 24.0;
/// Longer than this is long enough to say so.
const DAYS_TOLD_MAX: f64 = 365.0;
/// The last minutes are told when they are so many times busier than the week.
const RUSH: f64 = 3.0;

/// What the pace means for stock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Runway {
    /// `3.2 days left`, `Empty`, `About 12 min at the rate of the last 10 min (8 signups)`
    pub(crate) headline: String,
    /// The rate in words.
    pub(super) rate: String,
    /// What to do about it, if anything.
    pub(crate) advice: Option<String>,
    /// Less than a day.
    pub(crate) is_short: bool,
    /// Nothing is known, which is no news.
    pub(crate) is_quiet: bool,
}

impl Runway {
    pub(super) fn new(pace: &Pace, available: u32, threshold: u32) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count of a week's signups")]
        let daily = (pace.days >= DAYS_MIN && pace.assigned > 0).then(|| pace.assigned as f64 / pace.days);
        let lately = Lately::new(pace, available);
        let rate = match (daily, pace.assigned) {
            (Some(daily), _) => format!("{daily:.1} signups a day, this week's rate"),
            (None, 0) => "No signup took a number in the last 7 days.".to_owned(),
            (None, some) => format!("{some} taken so far; the rate is known after an hour."),
        };
        let advice = daily.and_then(|daily| advice(daily, threshold));
        let left = daily.map(|daily| f64::from(available) / daily);
        // A rush of the last minutes says more than the week before it.
        let rushes = lately.as_ref().is_some_and(|lately| left.is_none_or(|left| lately.days_left * RUSH < left));
        let (headline, is_quiet) = match (available, lately.filter(|_| rushes), left) {
            (0, ..) => ("Empty".to_owned(), false),
            (_, Some(lately), _) => {
                let headline = lately.headline();
                return Self { headline, rate, advice, is_short: lately.days_left < 1.0, is_quiet: false };
            }
            (_, None, Some(left)) => (days_left(left), false),
            (_, None, None) => ("No rate yet".to_owned(), true),
        };
        Self { headline, rate, advice, is_short: available == 0 || left.is_some_and(|left| left < 1.0), is_quiet }
    }
}

/// The last ten minutes, if anybody came.
struct Lately {
    signups: i64,
    days_left: f64,
}

impl Lately {
    fn new(pace: &Pace, available: u32) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a count of ten minutes' signups")]
        let per_day = pace.lately as f64 * 6.0 * 24.0;
        (pace.lately > 0).then(|| Self { signups: pace.lately, days_left: f64::from(available) / per_day })
    }

    fn headline(&self) -> String {
        let minutes = self.days_left * 24.0 * 60.0;
        let left = match minutes {
            ..90.0 => format!("{minutes:.0} min"),
            ..2880.0 => format!("{:.0} h", minutes / 60.0),
            _ => format!("{:.0} days", self.days_left),
        };
        format!("About {left} at the rate of the last 10 min ({})", counted(self.signups.unsigned_abs(), "signup"))
    }
}

fn days_left(left: f64) -> String {
    match left {
        left if left >= DAYS_TOLD_MAX => "More than a year left".to_owned(),
        left if left >= 2.0 => format!("{left:.1} days left"),
        left => format!("{:.1} hours left", left * 24.0),
    }
}

fn advice(daily: f64, threshold: u32) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    let wanted = (daily * LEAD_DAYS).ceil() as u32;
    (wanted > threshold)
        .then(|| format!("For a day's lead set pool.threshold_low to {wanted} or more; it is {threshold}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runway(assigned: i64, days: f64, available: u32, threshold: u32) -> Runway {
        Runway::new(&Pace { assigned, days, lately: 0 }, available, threshold)
    }

    #[test]
    fn stock_lasts_as_long_as_the_weeks_rate_says() {
        let calm = runway(35, 7.0, 16, 10);
        assert_eq!((calm.headline.as_str(), calm.advice, calm.is_short), ("3.2 days left", None, false));
        let short = runway(350, 7.0, 25, 10);
        assert_eq!((short.headline.as_str(), short.is_short), ("12.0 hours left", true));
        assert!(short.advice.unwrap().contains("75 or more; it is 10"));
        let empty = runway(7, 7.0, 0, 10);
        assert_eq!((empty.headline.as_str(), empty.is_short, empty.is_quiet), ("Empty", true, false));
        assert_eq!(runway(1, 7.0, 500, 10).headline, "More than a year left");
    }

    #[test]
    fn a_young_or_idle_pool_has_no_rate() {
        assert_eq!(runway(0, 7.0, 20, 10).headline, "No rate yet");
        let young = runway(5, 0.01, 20, 10);
        assert_eq!((young.headline.as_str(), young.is_quiet, young.is_short), ("No rate yet", true, false));
        assert_eq!(runway(0, 0.0, 0, 10).headline, "Empty");
    }

    #[test]
    fn a_rush_of_the_last_minutes_says_more_than_the_week() {
        let rush =
            |assigned, days, lately, available| Runway::new(&Pace { assigned, days, lately }, available, 10).headline;
        assert_eq!(rush(8, 0.02, 8, 10), "About 12 min at the rate of the last 10 min (8 signups)");
        assert_eq!(rush(35, 7.0, 1, 20), "About 3 h at the rate of the last 10 min (1 signup)");
        assert_eq!(rush(7000, 7.0, 7, 2000), "2.0 days left", "no busier than ever");
        assert_eq!(rush(8, 0.02, 8, 0), "Empty");
        assert!(Runway::new(&Pace { assigned: 8, days: 0.02, lately: 8 }, 10, 10).is_short);
    }
}
