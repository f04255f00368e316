//! What `[[pool.boosts]]` and `[[pools.NAME.boosts]]` may say.
//!
//! How to get it wrong: refusing one that is over. It is removed when somebody comes by, and `check-config` says that it can be.

use std::collections::BTreeSet;

use super::pool::PoolConfig;
use crate::config::section::Checks;

/// The most boosts of a pool.
const BOOSTS_MAX: usize = 100;

pub(super) fn check_boosts(pool: &PoolConfig, checks: &mut Checks<'_>) {
    let boosts = &pool.boosts;
    if boosts.len() > BOOSTS_MAX {
        checks.refuse("boosts", format!("are {}", boosts.len()), format!("keep {BOOSTS_MAX} at most"));
    }
    for boost in boosts {
        if boost.until <= boost.from {
            let what = format!("has one whose until, {}, is not after its from", boost.until.to_rfc3339());
            checks.refuse("boosts", what, "give an until that is later than from");
        }
        if boost.threshold_low > pool.available_max {
            let what =
                format!("has a threshold_low of {}, above available_max {}", boost.threshold_low, pool.available_max);
            let remedy = format!("raise {}, or lower the boost", checks.at("available_max"));
            checks.refuse_together(&["boosts", "available_max"], what, remedy);
        }
    }
    if boosts.iter().collect::<BTreeSet<_>>().len() < boosts.len() {
        checks.refuse("boosts", "names a boost twice", "remove the duplicate");
    }
}
