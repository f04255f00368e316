//! When buying for boosts begins, for whoever checks a configuration.
//!
//! How to get it wrong: reckoning with what is in stock. A configuration is checked where there is no database.

use chrono::{DateTime, SecondsFormat, Utc};

use super::root::Config;
use super::sections::{BoostConfig, PoolConfig};
use crate::domain::PoolName;
use crate::domain::foresight::{Boost, Bought, begins_at, measured};

/// When buying for each boost begins at the caps of today, of a pool that is as full as it wants to be and whose numbers need as long
/// as those of which nothing is known.
pub(super) fn boost_lines(config: &Config, now: DateTime<Utc>) -> Vec<String> {
    let of_pool = |(name, pool): (&PoolName, &PoolConfig)| {
        let limits = config.cap_limits(pool);
        let line = |boost: &BoostConfig| {
            let of = format!("{}: the boost to {} from {}", name.path(), boost.threshold_low, boost.from.to_rfc3339());
            if boost.until <= now {
                return format!("{of} is over; it can be removed");
            }
            let asked = Boost {
                from: boost.from.timestamp_millis(),
                until: boost.until.timestamp_millis(),
                threshold_low: boost.threshold_low,
            };
            let bought = Bought { by_all: &[], by_pool: &[] };
            let (supply, idle) = (measured(&[], None), pool.threshold_low);
            let begins = begins_at(&asked, now.timestamp_millis(), idle, &supply, &limits, bought);
            let begins =
                DateTime::from_timestamp_millis(begins).unwrap_or(now).to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("{of} is bought for from {begins} on, at the caps of today")
        };
        pool.boosts.iter().map(line).collect::<Vec<String>>()
    };
    config.pools().flat_map(of_pool).collect()
}
