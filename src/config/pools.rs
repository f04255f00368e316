//! `[pools.NAME]`: which pools there are beside `[pool]`.
//!
//! How to get it wrong: stopping at the first pool that is wrong, or at its name. What is wrong with all of them is told at once.

use std::collections::BTreeMap;

use super::loader::Loader;
use super::problem::{Origin, Problem};
use super::schema::POOLS;
use super::sections::PoolConfig;
use crate::domain::{Catalog, Entry, PoolName};

/// The most pools beside `[pool]`.
pub(super) const POOLS_MAX: usize = 50;

/// Reads each pool that a layer names; those whose names do not do are judged, too, and left out.
pub(super) fn read_pools(loader: &mut Loader) -> BTreeMap<PoolName, PoolConfig> {
    let named = loader.pools();
    if named.len() > POOLS_MAX {
        let what = format!("are {}", named.len());
        let remedy = format!("keep {POOLS_MAX} at most");
        // Proof: there are more than fifty.
        let origin = named.values().next().expect("there are some").clone();
        loader.problems.push(Problem::new(format!("[{POOLS}]"), origin, what, remedy));
    }
    let mut pools = BTreeMap::new();
    for (name, origin) in named {
        let path = format!("{POOLS}.{name}");
        let pool = loader.section_at(&path);
        match sound_name(&name, &path, origin) {
            Ok(name) => _ = pools.insert(name, pool),
            Err(problem) => loader.problems.push(problem),
        }
    }
    pools
}

fn sound_name(name: &str, path: &str, origin: Origin) -> Result<PoolName, Problem> {
    let refuse = |what: &str, remedy: String| Err(Problem::new(format!("[{path}]"), origin, what, remedy));
    match name.parse::<PoolName>() {
        Ok(name) if name.is_default() => {
            refuse("is the name of [pool]", "write its keys in [pool], or call this pool otherwise".to_owned())
        }
        Ok(name) => Ok(name),
        Err(rule) => refuse("is no name of a pool", format!("a name {rule}")),
    }
}

/// Which pool serves whom.
pub(super) fn catalog(default: &PoolConfig, others: &BTreeMap<PoolName, PoolConfig>) -> Catalog {
    let entry =
        |name: PoolName, pool: &PoolConfig| Entry { name, kind: pool.kind(), serves_country: pool.serves_country };
    let others = others.iter().map(|(name, pool)| entry(name.clone(), pool));
    Catalog::new(entry(PoolName::default_pool(), default), others)
}
