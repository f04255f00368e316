//! Traffic of five weeks, made up: the same for the same seed.
//!
//! How to get it wrong: a random number for one thing less on one path than on the other. Everything behind it changes.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

pub const DAY_MS: i64 = 86_400_000;
/// Four weeks to learn from, and one held out.
pub const DAYS: i64 = 35;
pub const LEARNED_DAYS: i64 = 28;

/// A kind of traffic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// As many at any time.
    Steady,
    /// A wave of 80 % each day.
    Daily,
    /// Few, in a daily wave, and a campaign every second day.
    Bursts,
    /// A fifth more each week.
    Growth,
    /// A daily wave that ends with the fourth week.
    Silence,
}

impl Shape {
    pub const ALL: [Self; 5] = [Self::Steady, Self::Daily, Self::Bursts, Self::Growth, Self::Silence];

    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Daily => "daily",
            Self::Bursts => "bursts",
            Self::Growth => "growth",
            Self::Silence => "silence",
        }
    }

    /// Requests a second, on the average of the first day.
    pub fn per_second(self) -> f64 {
        match self {
            Self::Steady | Self::Daily => 0.4,
            Self::Growth => 0.2,
            Self::Bursts | Self::Silence => 0.5 / 60.0,
        }
    }

    /// When somebody asks, in milliseconds from the beginning; `part` of the usual traffic.
    pub fn requests(self, seed: u64, part: f64) -> Vec<i64> {
        let mut random = SmallRng::seed_from_u64(seed);
        let most = self.per_second() * part * 4.0;
        let (mut asked, mut now, end) = (Vec::new(), 0.0, (DAYS * DAY_MS) as f64);
        // Thinned out of more than ever ask.
        while now < end {
            now += -(1.0 - random.random::<f64>()).ln() / most * 1000.0;
            if random.random::<f64>() * 4.0 < self.level(now / DAY_MS as f64) && now < end {
                asked.push(now as i64);
            }
        }
        if self == Self::Bursts {
            asked.extend((0..DAYS).step_by(2).flat_map(|day| campaign(&mut random, day)));
            asked.sort_unstable();
        }
        asked
    }

    /// How much of the usual traffic there is at this time, in days.
    fn level(self, day: f64) -> f64 {
        let wave = 1.0 + 0.8 * (day * std::f64::consts::TAU).sin();
        match self {
            Self::Steady => 1.0,
            Self::Daily | Self::Bursts => wave,
            Self::Growth => 1.2f64.powf(day / 7.0),
            Self::Silence => {
                if day < LEARNED_DAYS as f64 {
                    wave
                } else {
                    0.0
                }
            }
        }
    }
}

/// Ten and more, most of them within minutes; few campaigns are large.
fn campaign(random: &mut SmallRng, day: i64) -> Vec<i64> {
    let pareto = (1.0 - random.random::<f64>()).powf(-1.0 / 1.3);
    let count = (10.0 * pareto).min(600.0) as usize;
    let begin = (day as f64 + random.random::<f64>()) * DAY_MS as f64;
    let mut asks = || (begin - (1.0 - random.random::<f64>()).ln() * 300_000.0) as i64;
    (0..count).map(|_| asks()).filter(|at| *at < DAYS * DAY_MS).collect()
}
