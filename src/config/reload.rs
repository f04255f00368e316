//! Reading the configuration again while the daemon runs: what may change does, what may not keeps its value and is
//! named, and a bad new file changes nothing.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::environment::variable_of;
use super::loader::Loader;
use super::problem::Problems;
use super::root::{Config, schema};
use super::secrets::{SECRETS, Secrets, TwilioCredentials, same, same_token};
use super::sources::Sources;

/// What a reload comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reload {
    /// What is in force from now on.
    pub config: Config,
    /// Keys that changed in the sources but keep their value until a restart.
    pub needs_restart: Vec<String>,
    /// Keys whose value changed.
    pub changed: Vec<String>,
    /// What the operator should know about the rest: values that a reload cannot see changing.
    pub notes: Vec<String>,
}

impl Config {
    /// Reads the sources again. `running` is what is in force now; with problems it stays so.
    pub fn load_for_reload(sources: &Sources, running: &Self) -> Result<Reload, Problems> {
        Ok(Self::load(sources)?.in_place_of(running, sources))
    }

    /// What comes of it when this, as it was read, takes the place of `running`.
    pub(super) fn in_place_of(mut self, running: &Self, sources: &Sources) -> Reload {
        let differing = differing_keys(running, &self);
        self.keep_fixed(running);
        let changed = differing_keys(running, &self);
        let needs_restart = differing.into_iter().filter(|key| !changed.contains(key)).collect();
        Reload { config: self, needs_restart, changed, notes: notes(sources) }
    }

    /// What is built into what runs (sockets, connection pools, clients, the lock, the supervisor) stays as it is.
    fn keep_fixed(&mut self, running: &Self) {
        self.keep_fixed_sections(running);
        self.log.format = running.log.format;
        self.secrets.database_url = running.secrets.database_url.clone();
        self.secrets.twilio_account_sid = running.secrets.twilio_account_sid.clone();
        self.secrets.twilio_credentials = running.secrets.twilio_credentials.clone();
        self.secrets.twilio_proxy_url = running.secrets.twilio_proxy_url.clone();
        self.outbound = running.outbound.clone();
        self.raises = running.raises.clone();
        // Beside an API key the token signs nothing in, and is asked for at each event.
        if matches!(running.secrets.twilio_credentials, TwilioCredentials::AuthToken(_)) {
            self.secrets.twilio_auth_token = running.secrets.twilio_auth_token.clone();
        }
    }
}

/// The keys in which two configurations differ, secrets by the name of their variable.
fn differing_keys(one: &Config, two: &Config) -> Vec<String> {
    let (first, second) = (flat(one), flat(two));
    let mut keys: Vec<String> =
        first.keys().chain(second.keys()).filter(|key| first.get(*key) != second.get(*key)).cloned().collect();
    // It is shown without what may be secret of it, and compared with it.
    if one.events != two.events {
        keys.push("events.public_url".to_owned());
    }
    if one.alerts.webhook != two.alerts.webhook {
        keys.push("alerts.webhook.url".to_owned());
    }
    if one.alerts.heartbeat_url != two.alerts.heartbeat_url {
        keys.push("alerts.heartbeat_url".to_owned());
    }
    if one.alerts.email.smtp_url != two.alerts.email.smtp_url {
        keys.push("alerts.email.smtp_url".to_owned());
    }
    if one.recycling.notice_url != two.recycling.notice_url {
        keys.push("recycling.notice_url".to_owned());
    }
    // Such as a new file in the place of the former one.
    if one.outbound.trust() != two.outbound.trust() && first.get("twilio.ca_file") == second.get("twilio.ca_file") {
        keys.push("the certificates of authorities".to_owned());
    }
    keys.sort();
    keys.dedup();
    let (one, two) = (&one.secrets, &two.secrets);
    let of_alerts = one.alerts.compared(&two.alerts);
    for (name, is_same) in [
        ("DATABASE_URL", same(&one.database_url, &two.database_url)),
        ("TWILIO_ACCOUNT_SID", one.twilio_account_sid == two.twilio_account_sid),
        ("TWILIO_AUTH_TOKEN or TWILIO_API_KEY_SECRET", one.twilio_credentials == two.twilio_credentials),
        ("TWILIO_AUTH_TOKEN", same_verifying_token(one, two)),
        ("TWILIO_PROXY_URL", one.twilio_proxy_url == two.twilio_proxy_url),
        ("EVENTS_PUBLIC_URL", one.events_public_url == two.events_public_url),
        ("RECYCLING_NOTICE_URL", one.recycling_notice_url == two.recycling_notice_url),
        ("ADMIN_API_KEY", one.admin_keys == two.admin_keys),
        ("READONLY_API_KEY", one.readonly_keys == two.readonly_keys),
        ("SIGNUP_API_KEY", one.signup_keys == two.signup_keys),
    ]
    .into_iter()
    .chain(of_alerts)
    {
        if !is_same {
            keys.push(name.to_owned());
        }
    }
    keys
}

/// A token that signs in is one of the credentials.
fn same_verifying_token(one: &Secrets, two: &Secrets) -> bool {
    let only_verifies = |secrets: &Secrets| matches!(secrets.twilio_credentials, TwilioCredentials::ApiKey { .. });
    !(only_verifies(one) && only_verifies(two))
        || same_token(one.twilio_auth_token.as_ref(), two.twilio_auth_token.as_ref())
}

/// Each key by its path, whatever tables it lies in.
fn flat(config: &Config) -> BTreeMap<String, Value> {
    let table = Table::try_from(config).expect("sections hold numbers, text and lists; a test serialises them");
    let mut flat = BTreeMap::new();
    for (section, value) in table {
        flatten(section, value, &mut flat);
    }
    flat
}

fn flatten(path: String, value: Value, flat: &mut BTreeMap<String, Value>) {
    if let Value::Table(entries) = value {
        entries.into_iter().for_each(|(key, value)| flatten(format!("{path}.{key}"), value, flat));
    } else {
        flat.insert(path, value);
    }
}

/// A process's environment never changes: what it gives directly needs a restart, and hides the file.
fn notes(sources: &Sources) -> Vec<String> {
    let loader = Loader::new(sources, &schema());
    let mut names: Vec<String> = loader.given_in_environment().collect();
    names.extend(SECRETS.iter().filter(|name| sources.variable(name).is_some()).map(|name| (*name).to_owned()));
    names.sort();
    let mut notes = Vec::new();
    if !names.is_empty() {
        notes.push(format!("given directly in the environment, so the same until a restart: {}", names.join(", ")));
    }
    notes.extend(loader.hidden_in_file().into_iter().map(|key| {
        let variable = variable_of(key);
        let name = if names.contains(&variable) { variable.as_str() } else { "PUBLIC_APP_URL" };
        format!("{key} says something else in the file, but {name} in the environment goes above it")
    }));
    notes
}
