//! How long stock lasts at this week's rate, or at that of the last minutes when they are busier, and which threshold gives a
//! day's lead.
//!
//! How to get it wrong: a rate from the first minute of a new installation. Below an hour there is none.

use super::text::counted;
use crate::db::assignments::Pace;
use crate::domain::PoolName;

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
    /// What the headline tells, in days; `None` = there is no rate.
    pub(super) days_left: Option<f64>,
}

impl Runway {
    /// `key` is what the configuration calls that threshold.
    pub(super) fn new(pace: &Pace, available: u32, threshold: u32, key: &str) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count of a week's signups")]
        let daily = (pace.days >= DAYS_MIN && pace.assigned > 0).then(|| pace.assigned as f64 / pace.days);
        let lately = Lately::new(pace, available);
        let rate = match (daily, pace.assigned) {
            (Some(daily), _) => format!("{daily:.1} signups a day, this week's rate"),
            (None, 0) => "No signup took a number in the last 7 days.".to_owned(),
            (None, some) => format!("{some} taken so far; the rate is known after an hour."),
        };
        let advice = daily.and_then(|daily| advice(daily, threshold, key));
        let left = daily.map(|daily| f64::from(available) / daily);
        // A rush of the last minutes says more than the week before it.
        let rushes = lately.as_ref().is_some_and(|lately| left.is_none_or(|left| lately.days_left * RUSH < left));
        let (headline, is_quiet) = match (available, lately.filter(|_| rushes), left) {
            (0, ..) => ("Empty".to_owned(), false),
            (_, Some(lately), _) => {
                let headline = lately.headline();
                let days_left = Some(lately.days_left);
                return Self { headline, rate, advice, is_short: lately.days_left < 1.0, is_quiet: false, days_left };
            }
            (_, None, Some(left)) => (days_left(left), false),
            (_, None, None) => ("No rate yet".to_owned(), true),
        };
        let days_left = if available == 0 { Some(0.0) } else { left };
        Self { headline, rate, advice, is_short: days_left.is_some_and(|left| left < 1.0), is_quiet, days_left }
    }

    /// In a line of a table.
    pub(super) fn short(&self) -> String {
        match self.days_left {
            None => "–".to_owned(),
            Some(left) if left <= 0.0 => "0 min".to_owned(),
            Some(left) if left >= DAYS_TOLD_MAX => "> 1 year".to_owned(),
            Some(left) => span(left),
        }
    }

    /// The same, told of this pool beside others.
    pub(super) fn of(self, pool: &PoolName) -> Self {
        Self { headline: format!("{pool}: {}", self.headline), rate: format!("{pool}: {}", self.rate), ..self }
    }
}

/// `12 min`, `30 h`, `3 days`.
fn span(days: f64) -> String {
    let minutes = days * 24.0 * 60.0;
    match minutes {
        ..90.0 => format!("{minutes:.0} min"),
        ..2880.0 => format!("{:.0} h", minutes / 60.0),
        _ => format!("{days:.0} days"),
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
        let left = span(self.days_left);
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

fn advice(daily: f64, threshold: u32, key: &str) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    let wanted = (daily * LEAD_DAYS).ceil() as u32;
    (wanted > threshold).then(|| format!("For a day's lead set {key} to {wanted} or more; it is {threshold}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runway(assigned: i64, days: f64, available: u32, threshold: u32) -> Runway {
        Runway::new(&Pace { assigned, days, lately: 0 }, available, threshold, "pool.threshold_low")
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
        let rush = |assigned, days, lately, available| {
            Runway::new(&Pace { assigned, days, lately }, available, 10, "").headline
        };
        assert_eq!(rush(8, 0.02, 8, 10), "About 12 min at the rate of the last 10 min (8 signups)");
        assert_eq!(rush(35, 7.0, 1, 20), "About 3 h at the rate of the last 10 min (1 signup)");
        assert_eq!(rush(7000, 7.0, 7, 2000), "2.0 days left", "no busier than ever");
        assert_eq!(rush(8, 0.02, 8, 0), "Empty");
        assert!(Runway::new(&Pace { assigned: 8, days: 0.02, lately: 8 }, 10, 10, "").is_short);
    }

    #[test]
    fn a_line_of_a_table_has_the_same_in_short() {
        let short = |assigned, available| runway(assigned, 7.0, available, 10).short();
        assert_eq!([short(35, 16), short(350, 25), short(3500, 10)].join(" "), "3 days 12 h 29 min");
        assert_eq!([short(0, 20), short(7, 0), short(1, 500)].join(" "), "– 0 min > 1 year");
        let gb = Runway::new(&Pace { assigned: 350, days: 7.0, lately: 0 }, 25, 3, "pools.gb.threshold_low");
        assert!(gb.advice.as_ref().unwrap().starts_with("For a day's lead set pools.gb.threshold_low to 75"));
        assert_eq!(gb.of(&"gb".parse().unwrap()).headline, "gb: 12.0 hours left");
    }
}
