//! A connection string's parameters beside those that libpq takes.
//!
//! Invariant: a value is never shown. How to get it wrong: a list that is older than the libpq that is built in.

use std::borrow::Cow;
use std::collections::HashSet;

use super::fault::{Fault, fault};
use crate::config::problem::did_you_mean;
use crate::config::secrets::dsn::HARMLESS;
use crate::domain::direct_instead;

/// libpq 18's parameters, besides those that are harmless to show.
const OTHERS: &[&str] = &[
    "password",
    "fallback_application_name",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkeylogfile",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
];

/// Parameters that tell another client library of a pooler in between; libpq knows none of them.
const OF_POOLERS: &[&str] = &["pgbouncer", "connection_limit", "pool_timeout", "statement_cache_size"];

/// Parameters that take one of a few words.
const CHOICES: &[(&str, &[&str])] = &[
    ("sslmode", &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
    ("sslnegotiation", &["postgres", "direct"]),
    ("sslcertmode", &["disable", "allow", "require"]),
    ("channel_binding", &["disable", "prefer", "require"]),
    // The libpq that is built in has no GSSAPI.
    ("gssencmode", &["disable", "prefer"]),
    ("target_session_attrs", &["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]),
    ("load_balance_hosts", &["disable", "random"]),
    ("min_protocol_version", &["3.0", "3.2", "latest"]),
    ("max_protocol_version", &["3.0", "3.2", "latest"]),
];

/// Versions of TLS, in their order; libpq takes them in any case.
const TLS_VERSIONS: &[&str] = &["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"];

/// What `require_auth` takes: all of them as they are, or all with a `!`.
const AUTHENTICATIONS: &[&str] = &["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"];

/// Parameters that take an integer.
const INTEGERS: &[&str] = &[
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
];

/// What is wrong with these, in the order in which they stand; of one that stands there twice, the last one counts.
pub(super) fn faults_of_parameters(given: &[(String, String)], may_be_a_password: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut follows_a_secret = false;
    for (name, _) in given {
        let is_known = HARMLESS.contains(&name.as_str()) || OTHERS.contains(&name.as_str());
        if !is_known {
            faults.push(unknown(name, may_be_a_password || follows_a_secret, || directly(given)));
        }
        follows_a_secret |= !HARMLESS.contains(&name.as_str());
    }
    // The last one counts.
    let mut seen = HashSet::new();
    let in_force: Vec<(&str, &str)> = given
        .iter()
        .rev()
        .filter(|(name, _)| seen.insert(name.as_str()))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let value_of = |wanted: &str| in_force.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    for (name, choices) in CHOICES {
        if value_of(name).is_some_and(|value| !choices.contains(&value)) {
            faults.push(fault(
                format!("has a {name} that libpq does not know"),
                format!("choose one of {}", { choices.join(", ") }),
            ));
        }
    }
    if let Some(fault) = value_of("require_auth").and_then(fault_of_authentications) {
        faults.push(fault);
    }
    faults.extend(faults_of_versions(&value_of));
    faults.extend(faults_of_servers(&value_of));
    for name in INTEGERS {
        if value_of(name).is_some_and(|value| value.trim().parse::<i32>().is_err()) {
            faults.push(fault(format!("has a {name} that is no integer"), "give it as digits alone"));
        }
    }
    let is_port = |port: &str| port.is_empty() || port.trim().parse::<u16>().is_ok_and(|port| port > 0);
    let ports: Vec<&str> = value_of("port").unwrap_or_default().split(',').collect();
    if !ports.iter().copied().all(is_port) {
        let remedy = "give a number from 1 to 65535 after the host's colon; in a password write @ : / and ? as %40 %3A \
                      %2F and %3F";
        faults.push(fault("has a port that is none", remedy));
    }
    let count = |name: &str| value_of(name).filter(|list| !list.is_empty()).map(|list| list.split(',').count());
    let hosts = count("hostaddr").or_else(|| count("host")).unwrap_or(1);
    if ports.len() != 1 && ports.len() != hosts {
        faults.push(fault("has not as many ports as hosts", "give one port for all hosts, or one for each"));
    }
    if count("hostaddr").is_some_and(|addresses| count("host").is_some_and(|names| names != addresses)) {
        faults.push(fault("has not as many hostaddr as hosts", "give one for each host"));
    }
    let is_weak = !matches!(value_of("sslmode"), Some("require" | "verify-ca" | "verify-full"));
    if value_of("sslnegotiation") == Some("direct") && is_weak {
        faults.push(fault("has sslnegotiation=direct with a weak sslmode", "add sslmode=require or stronger"));
    }
    if value_of("sslrootcert") == Some("system") && value_of("sslmode").is_some_and(|mode| mode != "verify-full") {
        faults.push(fault("has sslrootcert=system with a weak sslmode", "set sslmode=verify-full"));
    }
    faults
}

fn fault_of_authentications(value: &str) -> Option<Fault> {
    if value.is_empty() {
        return None;
    }
    let methods: Vec<&str> = value.split(',').map(|method| method.strip_prefix('!').unwrap_or(method)).collect();
    let negated = value.split(',').filter(|method| method.starts_with('!')).count();
    let mut seen = HashSet::new();
    let is_sound = methods.iter().all(|method| AUTHENTICATIONS.contains(method) && seen.insert(*method))
        && (negated == 0 || negated == methods.len());
    let remedy = || {
        format!(
            "write one or more of {}, separated by commas, each once, all with a ! or none",
            AUTHENTICATIONS.join(", ")
        )
    };
    (!is_sound).then(|| fault("has a require_auth that libpq cannot read", remedy()))
}

fn faults_of_versions<'v>(value_of: &impl Fn(&str) -> Option<&'v str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let tls = |name: &str| {
        let value = value_of(name).filter(|value| !value.is_empty())?.to_ascii_lowercase();
        Some(TLS_VERSIONS.iter().position(|version| **version == value))
    };
    let (least, most) = (tls("ssl_min_protocol_version"), tls("ssl_max_protocol_version"));
    for (name, version) in [("ssl_min_protocol_version", least), ("ssl_max_protocol_version", most)] {
        if version == Some(None) {
            faults.push(fault(format!("has a {name} that libpq does not know"), "choose one of TLSv1.2, TLSv1.3"));
        }
    }
    let protocol = |name: &str| match value_of(name) {
        Some("3.0") => Some(0),
        Some("3.2" | "latest") => Some(1),
        _ => None,
    };
    let is_empty_range = matches!((least, most), (Some(Some(least)), Some(Some(most))) if least > most)
        || matches!((protocol("min_protocol_version"), protocol("max_protocol_version")), (Some(least), Some(most)) if least > most);
    if is_empty_range {
        faults.push(fault("has a least protocol version above the highest", "leave out the highest, or raise it"));
    }
    faults
}

/// What libpq takes, and what callbunker can never work with.
fn faults_of_servers<'v>(value_of: &impl Fn(&str) -> Option<&'v str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if matches!(value_of("target_session_attrs"), Some("standby" | "read-only")) {
        faults.push(fault(
            "has a target_session_attrs that asks for a server that takes no writes",
            "take target_session_attrs=read-write, or leave it out",
        ));
    }
    let is_off = |value: &str| ["", "0", "no", "off", "false"].contains(&value.to_ascii_lowercase().as_str());
    if value_of("replication").is_some_and(|value| !is_off(value)) {
        faults.push(fault("asks for a replication connection, which takes no statements", "remove replication"));
    }
    faults
}

/// What to write instead of the addresses, where they are known to be a pooler's.
fn directly(given: &[(String, String)]) -> Option<String> {
    let last = |wanted: &str| given.iter().rfind(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str());
    let (hosts, ports): (Vec<&str>, Vec<&str>) = (last("host").split(',').collect(), last("port").split(',').collect());
    let port = |index: usize| if ports.len() == 1 { ports[0] } else { ports.get(index).copied().unwrap_or_default() };
    let words: Vec<String> =
        hosts.iter().enumerate().filter_map(|(index, host)| direct_instead(host, port(index))).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn unknown(name: &str, may_be_a_password: bool, directly: impl Fn() -> Option<String>) -> Fault {
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 40
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if may_be_a_password || !is_name {
        return fault(
            "has a parameter that libpq does not know",
            "check every parameter's name, and that the password is encoded (in a URL: %40 %3A %2F %3F %26 for @ : / ? \
             &) or stands in single quotes (in key=value pairs)",
        );
    }
    if OF_POOLERS.contains(&name) {
        let what = format!("has the parameter {name}, which libpq does not know");
        let here = directly().map(|instead| format!(": here most likely {instead}")).unwrap_or_default();
        let remedy = "remove it; where it came with the URL of a pooler, take the URL of PostgreSQL itself, or of a pool \
                      with pool_mode = session";
        return fault(what, format!("{remedy}{here}"));
    }
    let known: HashSet<&str> = HARMLESS.iter().chain(OTHERS).copied().collect();
    let remedy: Cow<'_, str> = match did_you_mean(name, known) {
        Some(meant) => format!("did you mean {meant}?").into(),
        None => "remove it; it may belong to another client library".into(),
    };
    fault(format!("has the parameter {name}, which libpq does not know"), remedy)
}
