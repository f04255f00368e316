//! What is read and checked, but obeyed by nothing yet: more pools than one, and the keys that came with them.
//!
//! How to get it wrong: letting an operator believe that such a key is in force.

use toml::Table;

use super::loader::{Loader, look};
use super::problem::{Problem, Problems};
use super::section::keys_of;
use super::sections::{PoolConfig, SpendConfig};

/// Keys of `[pool]` that nothing obeys; so are those of the tables inside it.
const KEYS: &[&str] = &["number_type", "purchases_per_day_max", "serves_country"];
const WHAT: &str = "is not served yet";
const REMEDY: &str = "remove it until a version serves it";

/// Refuses whatever nothing obeys; `loader` says where it was given.
pub(super) fn refuse(pool: &PoolConfig, spend: &SpendConfig, loader: &Loader) -> Result<(), Problems> {
    let table = |pool: &PoolConfig| Table::try_from(pool).expect("a section holds numbers, text and lists");
    let (given, plain) = (table(pool), table(&PoolConfig::default()));
    let obeyed_by_nothing = |key: &String| key.contains('.') || KEYS.contains(&key.as_str());
    let keys = keys_of::<PoolConfig>().into_iter().filter(obeyed_by_nothing);
    let mut names: Vec<String> =
        keys.filter(|key| look(&given, key) != look(&plain, key)).map(|key| format!("pool.{key}")).collect();
    names.extend(spend.owned_max.map(|_| "spend.owned_max".to_owned()));
    let problem = |name: String| Problem::new(&name, loader.origin_of(&name), WHAT, REMEDY);
    let mut problems: Vec<Problem> = names.into_iter().map(problem).collect();
    let pools = loader.pools().into_iter();
    problems.extend(pools.map(|(name, origin)| Problem::new(format!("[pools.{name}]"), origin, WHAT, REMEDY)));
    Problems::or(problems, ())
}
