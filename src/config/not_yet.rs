//! What is read and checked, but obeyed by nothing yet: who is told of alerts.
//!
//! How to get it wrong: letting an operator believe that such a key is in force.

use toml::Table;

use super::loader::{Loader, look};
use super::problem::{Origin, Problem};
use super::secrets::AlertSecrets;
use super::section::keys_of;
use super::sections::AlertsConfig;

/// Whether such keys are refused: the tests of what is to obey them give them.
const REFUSED: bool = cfg!(not(feature = "failpoints"));
const WHAT: &str = "is not served yet";
const REMEDY: &str = "remove it until a version serves it";

/// Refuses whatever nothing obeys.
pub(super) fn refuse(alerts: &AlertsConfig, secrets: &AlertSecrets, loader: &Loader, problems: &mut Vec<Problem>) {
    if REFUSED {
        problems.extend(given(alerts, secrets, loader));
    }
}

/// All that nothing obeys.
fn given(alerts: &AlertsConfig, secrets: &AlertSecrets, loader: &Loader) -> Vec<Problem> {
    let table = |alerts: &AlertsConfig| Table::try_from(alerts).expect("a section holds numbers, text and lists");
    let (given, plain) = (table(alerts), table(&AlertsConfig::default()));
    let differs = |key: &String| look(&given, key) != look(&plain, key);
    let keys = keys_of::<AlertsConfig>().into_iter().filter(differs).map(|key| format!("alerts.{key}"));
    let mut problems: Vec<Problem> = keys.map(|key| Problem::new(&key, loader.origin_of(&key), WHAT, REMEDY)).collect();
    let secrets = secrets.given().into_iter().filter(|(_, is_given)| *is_given);
    problems.extend(secrets.map(|(name, _)| Problem::new(name, Origin::Default, WHAT, REMEDY)));
    problems
}
