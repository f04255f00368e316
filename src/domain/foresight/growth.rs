//! Whether demand grows, week by week, and the history as it would have been at the level of the week that comes.
//!
//! A week's level is the median of its days, so that a campaign is no growth. Growth counts when it is more than chance makes of
//! two weeks that are alike, and no more than twofold a week.
//! Invariant: without growth the history stays as it is; what declines is never scaled down, for it may come back.
//! How to get it wrong: taking the quantile of a history that grew. Its quiet beginning outvotes the weeks that come.

use super::refill::DAY_MS;

const WEEK_MS: i64 = 7 * DAY_MS;
/// Weeks that have a level; older ones count as the last of them.
const WEEKS_MAX: usize = 5;
/// The most that demand is taken to grow in a week.
const WEEKLY_MAX: f64 = 2.0;
/// The most that a week is scaled by.
const SCALE_MAX: f64 = 8.0;

/// How demand grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// The last week's level over that of the week before, between 1 and 2.
    pub weekly: f64,
    /// What each week lacks to the level of the coming one, the last one first.
    scales: Vec<f64>,
    until: i64,
}

/// The growth of a history that begins at one instant and reaches to another.
#[must_use]
pub fn growth(asked: &[i64], from: i64, until: i64) -> Growth {
    let weeks = usize::try_from((until - from) / WEEK_MS).unwrap_or_default().min(WEEKS_MAX);
    let levels: Vec<f64> = (0..weeks).map(|week| level(asked, until, week)).collect();
    let weekly = match levels[..] {
        [last, before, ..] if is_more_than_chance(last, before) => (last / before).clamp(1.0, WEEKLY_MAX),
        _ => 1.0,
    };
    // As much again as it grew.
    let coming = levels.first().copied().unwrap_or_default() * weekly;
    let scale = |level: &f64| if weekly > 1.0 && *level > 0.0 { (coming / level).clamp(1.0, SCALE_MAX) } else { 1.0 };
    Growth { weekly, scales: levels.iter().map(scale).collect(), until }
}

/// Two medians of seven Poisson days differ by chance by some `sqrt(pi / 2 * (a + b) / 7)`.
fn is_more_than_chance(last: f64, before: f64) -> bool {
    before > 0.0 && last - before > 2.5 * (std::f64::consts::FRAC_PI_2 * (last + before) / 7.0).sqrt()
}

/// The median of the days of a week, counted back from the end.
fn level(asked: &[i64], until: i64, week: usize) -> f64 {
    let mut days: Vec<usize> = (0..7)
        .map(|day| {
            let end = until - WEEK_MS * week as i64 - DAY_MS * day;
            asked.partition_point(|at| *at < end) - asked.partition_point(|at| *at < end - DAY_MS)
        })
        .collect();
    days.sort_unstable();
    days[3] as f64
}

impl Growth {
    /// The same requests at the level of the coming week: those of weeks with less demand lie closer together.
    #[must_use]
    pub fn levelled(&self, asked: &[i64]) -> Vec<i64> {
        asked.iter().map(|at| self.moved(*at)).collect()
    }

    /// Where an instant lies in the history at that level.
    #[must_use]
    pub fn moved(&self, at: i64) -> i64 {
        if self.weekly <= 1.0 {
            return at;
        }
        let (mut back, mut moved) = (self.until - at, 0.0);
        for (week, scale) in self.scales.iter().enumerate() {
            let is_last = week + 1 == self.scales.len();
            let part = if is_last { back } else { back.min(WEEK_MS) };
            moved += part as f64 / scale;
            back -= part;
        }
        self.until - moved.round() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: i64 = 1_790_000_000_000;

    /// So many requests on each day of each week, the last week first, evenly spread.
    fn weeks(per_day: &[i64]) -> Vec<i64> {
        let days = per_day
            .iter()
            .enumerate()
            .rev()
            .flat_map(|(week, count)| (0..7).rev().map(move |day| (week as i64 * 7 + day, *count)));
        days.flat_map(|(day, count)| (0..count).map(move |one| UNTIL - (day + 1) * DAY_MS + one * (DAY_MS / count)))
            .collect()
    }

    fn of(per_day: &[i64]) -> Growth {
        growth(&weeks(per_day), UNTIL - per_day.len() as i64 * WEEK_MS, UNTIL)
    }

    #[test]
    fn growth_is_what_chance_does_not_make() {
        for (per_day, weekly) in [
            (&[1200, 1000, 800][..], 1.2),
            (&[5000, 1000, 1000], 2.0),
            (&[1010, 1000, 1000], 1.0),
            (&[12, 10, 10], 1.0),
            (&[800, 1000], 1.0),
            (&[1000, 0], 1.0),
            (&[1000], 1.0),
            (&[], 1.0),
        ] {
            assert_eq!(of(per_day).weekly, weekly, "{per_day:?}");
        }
    }

    #[test]
    fn a_campaign_is_no_growth() {
        let mut asked = weeks(&[1000, 1000, 1000]);
        asked.extend((0..5_000).map(|one| UNTIL - DAY_MS / 2 + one));
        asked.sort_unstable();
        assert_eq!(growth(&asked, UNTIL - 3 * WEEK_MS, UNTIL).weekly, 1.0);
    }

    #[test]
    fn a_history_that_grew_is_told_at_the_level_that_comes() {
        let asked = weeks(&[2000, 1600, 1280]);
        let growth = of(&[2000, 1600, 1280]);
        let levelled = growth.levelled(&asked);
        assert!(levelled.windows(2).all(|two| two[0] <= two[1]));
        // Each stretch of it now has as many a day as the next week will.
        let coming = 2000.0 * 1.25;
        for part in levelled.chunks(4000) {
            let days = (part[part.len() - 1] - part[0]) as f64 / DAY_MS as f64;
            let per_day = (part.len() - 1) as f64 / days;
            assert!((per_day / coming - 1.0).abs() < 0.02, "{per_day} a day, {coming} to come");
        }
        let steady = of(&[1000, 1000]);
        assert_eq!(steady.levelled(&asked), asked);
    }
}
