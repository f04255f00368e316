//! Who on the waitlist will not be served by what is there or on its way: what an emergency must buy, and for which pool.
//!
//! How to get it wrong: setting what one pool has against those who wait at another.

use std::collections::BTreeMap;

use super::pool::PoolName;
use super::region::AreaCode;

/// What those lack who wait at one pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// How many numbers.
    pub count: u32,
    /// How many wait with which wish. More than lack a number, if something is on its way: whom it will serve, nobody knows.
    pub wishes: Vec<(Option<AreaCode>, u32)>,
}

/// What signups on the waitlist lack, pool by pool; a pool where nobody lacks anything is not among them.
pub type Unserved = BTreeMap<PoolName, Lacking>;

/// Sets those who wait, by their wishes, against what is `coming`: assignable or on its way, pool by pool.
#[must_use]
pub fn unserved(
    waiting: BTreeMap<PoolName, Vec<(Option<AreaCode>, u32)>>,
    coming: &BTreeMap<PoolName, u32>,
) -> Unserved {
    let lacking = |(pool, wishes): (PoolName, Vec<(Option<AreaCode>, u32)>)| {
        let waiting: u32 = wishes.iter().map(|(_, count)| count).sum();
        let count = waiting.saturating_sub(coming.get(&pool).copied().unwrap_or_default());
        (count > 0).then_some((pool, Lacking { count, wishes }))
    };
    waiting.into_iter().filter_map(lacking).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(name: &str) -> PoolName {
        name.parse().unwrap()
    }

    #[test]
    fn what_one_pool_has_serves_nobody_who_waits_at_another() {
        let wishes = vec![(None, 2), (Some("415".parse().unwrap()), 1)];
        let waiting = BTreeMap::from([(pool("default"), wishes.clone()), (pool("gb"), vec![(None, 2)])]);
        let lack = |coming: &[(&str, u32)]| {
            let coming = coming.iter().map(|(name, count)| (pool(name), *count)).collect();
            let lacking = unserved(waiting.clone(), &coming);
            assert!(lacking.get(&pool("default")).is_none_or(|lacking| lacking.wishes == wishes));
            lacking.into_iter().map(|(pool, lacking)| (pool.to_string(), lacking.count)).collect::<Vec<_>>()
        };
        let of = |default: u32, gb: u32| vec![("default".to_owned(), default), ("gb".to_owned(), gb)];
        assert_eq!(lack(&[]), of(3, 2));
        assert_eq!(lack(&[("default", 1), ("ca", 9)]), of(2, 2));
        assert_eq!(lack(&[("default", 9)]), of(3, 2)[1..]);
        assert_eq!(lack(&[("default", 3), ("gb", 2)]), []);
    }
}
