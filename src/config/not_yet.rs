//! What is read and checked, but obeyed by nothing yet: what a pool's numbers are attached to, and Twilio's events.
//!
//! How to get it wrong: letting an operator believe that such a key is in force.

use toml::Table;

use super::loader::{Loader, look};
use super::problem::{Origin, Problem, Problems};
use super::sections::{EventsConfig, PoolConfig};
use crate::domain::PoolName;

/// Whether such keys are refused: the tests of what is to obey them give them.
pub(super) const REFUSED: bool = cfg!(not(feature = "failpoints"));
/// Keys of a pool that nothing obeys.
pub(super) const KEYS: &[&str] =
    &["messaging_services", "ready_for", "sms_ready_when", "customer_profile", "trust_products"];
const WHAT: &str = "is not served yet";
const REMEDY: &str = "remove it until a version serves it";

/// Refuses whatever nothing obeys of `pools` and `events`; `secret` = where their address was given as one, if it was. `loader` says
/// where the rest was given.
pub(super) fn refuse<'p>(
    pools: impl Iterator<Item = (&'p PoolName, &'p PoolConfig)>,
    events: &EventsConfig,
    secret: Option<&Origin>,
    loader: &Loader,
) -> Result<(), Problems> {
    if REFUSED { Problems::or(given(pools, events, secret, loader), ()) } else { Ok(()) }
}

/// All that nothing obeys.
pub(super) fn given<'p>(
    pools: impl Iterator<Item = (&'p PoolName, &'p PoolConfig)>,
    events: &EventsConfig,
    secret: Option<&Origin>,
    loader: &Loader,
) -> Vec<Problem> {
    let table = |pool: &PoolConfig| Table::try_from(pool).expect("a section holds numbers, text and lists");
    let plain = table(&PoolConfig::default());
    let mut problems = Vec::new();
    for (name, pool) in pools {
        let given = table(pool);
        let differs = |key: &&&str| look(&given, key) != look(&plain, key);
        let names = KEYS.iter().filter(differs).map(|key| name.key(key));
        problems.extend(names.map(|name| Problem::new(&name, loader.origin_of(&name), WHAT, REMEDY)));
    }
    if events.public_url.is_some() {
        let name = "events.public_url";
        problems.push(Problem::new(name, loader.origin_of(name), WHAT, REMEDY));
    }
    if let Some(origin) = secret {
        problems.push(Problem::new("EVENTS_PUBLIC_URL", origin.clone(), WHAT, REMEDY));
    }
    problems
}
