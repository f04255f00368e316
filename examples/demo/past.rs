//! A made-up year of the default pool: who signed up when, which number they got, and when it was bought.
//!
//! Invariants: the same at every start but for its dates, which end now; the ledger is as thrifty as the default pool's configuration:
//! it keeps ten ready, buys ten at a time, and one for whoever finds nothing; nothing is bought on the last day, so no cap is near.
//! How to get it wrong: dates that end at a fixed day. Tomorrow the year would lie in the past.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

const SEED: u64 = 17;
const DAYS: i64 = 365;
/// The days that foresight looks at have more traffic, and campaigns.
const BUSY_DAYS: i64 = 28;
const CAMPAIGN_EVERY: i64 = 5;
const CAMPAIGN_SIGNUPS: u32 = 30;
/// What the pool keeps ready, and buys at a time.
const READY: usize = 10;
const BATCH: usize = 10;
/// One in so many users stays for good.
const STAYS: u32 = 25;

/// Somebody who had a number, or has it.
pub struct Tenure {
    pub user: String,
    pub from: DateTime<Utc>,
    /// `None` = they have it.
    pub until: Option<DateTime<Utc>>,
    /// It was bought for them.
    pub waited: bool,
}

/// A number of that year.
pub struct Number {
    pub phone_number: String,
    pub sid: String,
    pub order: Uuid,
    pub item: Uuid,
    pub bought_at: DateTime<Utc>,
    pub tenures: Vec<Tenure>,
}

/// What was bought at once.
pub struct Order {
    pub id: Uuid,
    pub trigger: &'static str,
    pub at: DateTime<Utc>,
    pub count: usize,
}

/// The year.
#[derive(Default)]
pub struct Year {
    pub numbers: Vec<Number>,
    pub orders: Vec<Order>,
}

/// When somebody signed up, in order.
fn signups(now: DateTime<Utc>, dice: &mut StdRng) -> Vec<DateTime<Utc>> {
    let mut all = Vec::new();
    for day in (1..=DAYS).rev() {
        let begins = now - TimeDelta::days(day);
        let is_busy = day <= BUSY_DAYS;
        let usual = if is_busy { 34 } else { 1 + u32::try_from((DAYS - day) / 90).unwrap_or_default() };
        for _ in 0..usual {
            all.push(begins + TimeDelta::seconds(dice.random_range(0..86_400)));
        }
        if is_busy && day % CAMPAIGN_EVERY == 0 {
            let noon = begins + TimeDelta::hours(12);
            all.extend((0..CAMPAIGN_SIGNUPS).map(|_| noon + TimeDelta::seconds(dice.random_range(0..600))));
        }
    }
    all.sort_unstable();
    all
}

impl Year {
    /// The one that ends now.
    pub fn until(now: DateTime<Utc>) -> Self {
        let mut dice = StdRng::seed_from_u64(SEED);
        let mut year = Self::default();
        year.buy("warm_start", now - TimeDelta::days(DAYS), 2 * BATCH);
        // When each number can be given to the next one.
        let mut free: Vec<Option<DateTime<Utc>>> = vec![Some(now - TimeDelta::days(DAYS)); year.numbers.len()];
        let last_day = now - TimeDelta::days(1);
        for (count, at) in signups(now, &mut dice).into_iter().enumerate() {
            let is_free = |free: &Option<DateTime<Utc>>| free.is_some_and(|since| since <= at);
            let found = free.iter().position(is_free);
            if found.is_none() && at > last_day {
                continue;
            }
            let (place, from) = found.map_or_else(
                || {
                    year.buy("emergency", at, 1);
                    free.push(None);
                    (free.len() - 1, at + TimeDelta::seconds(5))
                },
                |place| (place, at),
            );
            let until = from + TimeDelta::minutes(dice.random_range(360..4_320));
            let stays = dice.random_ratio(1, STAYS);
            let until = (!stays && until < now).then_some(until);
            // It rests for a day after whoever had it.
            free[place] = until.map(|until| until + TimeDelta::days(1));
            let tenure = Tenure { user: format!("u-{}", count + 1), from, until, waited: found.is_none() };
            year.numbers[place].tenures.push(tenure);
            let coming = free.iter().filter(|free| is_free(free)).count();
            if coming < READY && at <= last_day {
                year.buy("threshold", at, BATCH);
                free.resize(year.numbers.len(), Some(at + TimeDelta::seconds(5)));
            }
        }
        year
    }

    fn buy(&mut self, trigger: &'static str, at: DateTime<Utc>, count: usize) {
        let order = Order { id: Uuid::new_v4(), trigger, at, count };
        for _ in 0..count {
            let place = self.numbers.len();
            self.numbers.push(Number {
                // Twilio sells none of exchange 555.
                phone_number: format!("+1415555{place:04}"),
                sid: format!("PN{:032x}", 0x5eed_0000 + place),
                order: order.id,
                item: Uuid::new_v4(),
                bought_at: at + TimeDelta::seconds(1),
                tenures: Vec::new(),
            });
        }
        self.orders.push(order);
    }
}
