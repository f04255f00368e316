//! How long stock lasts at this week's rate, and which threshold gives a day's lead.
//!
//! How to get it wrong: a rate from the first minute of a new installation. Below an hour there is none.

use crate::db::assignments::Pace;

/// A day's lead, with a half on top for the hours that are busier than others.
const LEAD_DAYS: f64 = 1.5;
/// Shorter histories tell nothing.
const DAYS_MIN: f64 = 1.0 / 24.0;
/// Longer than this is long enough to say so.
const DAYS_TOLD_MAX: f64 = 365.0;

/// What the pace means for stock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Runway {
    /// `3.2 days left at this week's rate`
    pub(crate) headline: String,
    /// The rate in words.
    pub(super) rate: String,
    /// What to do about it, if anything.
    pub(crate) advice: Option<String>,
    /// Less than a day.
    pub(crate) is_short: bool,
}

impl Runway {
    pub(super) fn new(pace: &Pace, available: u32, threshold: u32) -> Self {
        if pace.days < DAYS_MIN || pace.assigned == 0 {
            let rate = match pace.assigned {
                0 => "No signup took a number in the last 7 days.".to_owned(),
                some => format!("{some} taken so far; the rate is known after an hour."),
            };
            return Self { headline: "No rate yet".to_owned(), rate, advice: None, is_short: false };
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of a week's signups")]
        let daily = pace.assigned as f64 / pace.days;
        let left = f64::from(available) / daily;
        let headline = match left {
            _ if available == 0 => "Nothing left".to_owned(),
            left if left >= DAYS_TOLD_MAX => "More than a year left".to_owned(),
            left if left >= 2.0 => format!("{left:.1} days left"),
            left => format!("{:.1} hours left", left * 24.0),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        let wanted = (daily * LEAD_DAYS).ceil() as u32;
        let advice = (wanted > threshold)
            .then(|| format!("For a day's lead set pool.threshold_low to {wanted} or more; it is {threshold}."));
        Self { headline, rate: format!("{daily:.1} signups a day, this week's rate"), advice, is_short: left < 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runway(assigned: i64, days: f64, available: u32, threshold: u32) -> Runway {
        Runway::new(&Pace { assigned, days }, available, threshold)
    }

    #[test]
    fn stock_lasts_as_long_as_the_weeks_rate_says() {
        let calm = runway(35, 7.0, 16, 10);
        assert_eq!((calm.headline.as_str(), calm.advice, calm.is_short), ("3.2 days left", None, false));
        let short = runway(350, 7.0, 25, 10);
        assert_eq!((short.headline.as_str(), short.is_short), ("12.0 hours left", true));
        assert!(short.advice.unwrap().contains("75 or more; it is 10"));
        assert_eq!(runway(7, 7.0, 0, 10).headline, "Nothing left");
        assert_eq!(runway(1, 7.0, 500, 10).headline, "More than a year left");
    }

    #[test]
    fn a_young_or_idle_pool_has_no_rate() {
        assert_eq!(runway(0, 7.0, 20, 10).headline, "No rate yet");
        assert_eq!(runway(5, 0.01, 20, 10).headline, "No rate yet");
    }
}
