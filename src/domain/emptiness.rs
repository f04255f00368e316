//! Which pool is bought for next: the one that is emptiest for what it wants.
//!
//! Invariant: only a pool that lacks something is named, and always the same one of the same levels, in whatever order they
//! come.
//! How to get it wrong: comparing how many numbers lack. A pool of a thousand would always come before a pool of ten that
//! has nothing left.

use std::cmp::Ordering;

use super::caps::PoolPolicy;
use super::plan::lack;
use super::pool::PoolName;
use super::why::Why;

/// How full a pool is, and how it wants to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Which pool.
    pub pool: PoolName,
    /// Numbers that are idle, on their way, under repair or back from their rest.
    pub idle: u32,
    /// Numbers that are somebody's.
    pub assigned: u32,
    /// How it wants to be.
    pub policy: PoolPolicy,
}

/// The pool that has least of what it wants; none if no pool lacks anything. Of equals `default` comes first, then the
/// first by name.
pub fn emptiest<'a>(levels: impl Iterator<Item = &'a Level>) -> Option<&'a PoolName> {
    let lacking = levels.filter_map(|level| Some((fullness(level)?, &level.pool)));
    let order = |(one, pool): &((u32, u32), &PoolName), (other, next): &((u32, u32), &PoolName)| {
        compare(*one, *other).then_with(|| (!pool.is_default(), pool).cmp(&(!next.is_default(), next)))
    };
    lacking.min_by(order).map(|(_, pool)| pool)
}

/// What there is of what is wanted, as a fraction below one; `None` when nothing lacks.
fn fullness(level: &Level) -> Option<(u32, u32)> {
    let Level { idle, assigned, policy, .. } = level;
    let is_total = lack(policy, *idle, *assigned)? == Why::BelowTotalMin;
    Some(if is_total { (idle.saturating_add(*assigned), policy.total_min) } else { (*idle, policy.threshold_low) })
}

/// Compares `a / b` with `c / d` without dividing.
fn compare((have, want): (u32, u32), (have_there, want_there): (u32, u32)) -> Ordering {
    (u64::from(have) * u64::from(want_there)).cmp(&(u64::from(have_there) * u64::from(want)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::plan::defaults::POLICY;

    fn level(pool: &str, idle: u32, threshold_low: u32) -> Level {
        let policy = PoolPolicy { threshold_low, total_min: 0, ..POLICY };
        Level { pool: pool.parse().unwrap(), idle, assigned: 0, policy }
    }

    fn next(levels: &[Level]) -> Option<&str> {
        emptiest(levels.iter()).map(PoolName::as_str)
    }

    #[test]
    fn the_pool_with_least_of_what_it_wants_is_next() {
        assert_eq!(next(&[level("default", 50, 100), level("gb", 1, 3), level("ca", 2, 3)]), Some("gb"));
        assert_eq!(next(&[level("default", 50, 1000), level("gb", 1, 3)]), Some("default"));
        assert_eq!(next(&[level("default", 10, 10), level("gb", 2, 3)]), Some("gb"), "at its threshold nothing lacks");
        assert_eq!(next(&[level("default", 10, 10), level("off", 0, 0)]), None);
        assert_eq!(next(&[]), None);
    }

    #[test]
    fn of_equals_the_default_comes_first_and_then_the_name() {
        assert_eq!(next(&[level("ca", 0, 3), level("gb", 0, 5), level("default", 0, 10)]), Some("default"));
        assert_eq!(next(&[level("gb", 1, 2), level("ca", 5, 10), level("default", 9, 10)]), Some("ca"));
    }

    #[test]
    fn a_pool_that_wants_more_in_all_compares_by_that() {
        let filling = Level {
            assigned: 10,
            policy: PoolPolicy { threshold_low: 0, total_min: 20, ..POLICY },
            ..level("gb", 2, 0)
        };
        assert_eq!(next(&[filling.clone(), level("default", 7, 10)]), Some("gb"));
        assert_eq!(next(&[filling, level("default", 5, 10)]), Some("default"));
    }

    prop_compose! {
        fn any_level()(pool in "[a-e]|default", idle in 0u32..9, assigned in 0u32..9, threshold_low in 0u32..9, total_min in 0u32..12) -> Level {
            let policy = PoolPolicy { threshold_low, total_min, ..POLICY };
            Level { pool: pool.parse().unwrap(), idle, assigned, policy }
        }
    }

    proptest! {
        /// In whatever order they come.
        #[test]
        fn none_of_the_others_is_emptier(mut levels in proptest::collection::vec(any_level(), 0..8)) {
            levels.sort_by(|one, other| one.pool.cmp(&other.pool));
            levels.dedup_by(|one, other| one.pool == other.pool);
            let found = emptiest(levels.iter()).cloned();
            prop_assert_eq!(emptiest(levels.iter().rev()).cloned(), found.clone());
            let of = |level: &Level| fullness(level).map(|(have, want)| f64::from(have) / f64::from(want));
            let lacking: Vec<&Level> = levels.iter().filter(|level| of(level).is_some()).collect();
            prop_assert_eq!(found.is_some(), !lacking.is_empty());
            let least = lacking.iter().find(|level| Some(&level.pool) == found.as_ref()).and_then(|level| of(level));
            prop_assert!(lacking.iter().all(|level| of(level) >= least));
        }
    }
}
