//! What libpq will never take, told before anybody tries: an unknown parameter, a port that is none, a raw `%` in a
//! password. Whoever waited for such a PostgreSQL would wait for ever.
//!
//! Invariant: no fault holds a part of the text that may be a secret. A value is never shown, and an unknown name only
//! where it cannot be the rest of a password that should have been quoted or encoded.
//! How to get it wrong: showing what libpq says about the text. It quotes the part that it could not read.

use std::borrow::Cow;
use std::collections::HashSet;

use percent_encoding::percent_decode_str;

use super::dsn::{Dsn, HARMLESS, parse};
use crate::config::problem::did_you_mean;

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

/// What is wrong with a connection string, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub what: String,
    pub remedy: String,
}

fn fault(what: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault { what: what.into(), remedy: remedy.into() }
}

/// Everything for which libpq would refuse this text without asking any server, and what never leads to a server that
/// callbunker can use.
pub(super) fn faults_of(text: &str) -> Vec<Fault> {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.trim_start().starts_with(scheme));
    if is_url && text.contains(char::is_whitespace) {
        return vec![fault("holds a blank", "write %20 for each blank, also in the password")];
    }
    if is_url && !is_encoded(text) {
        return vec![fault("holds a % that begins no percent-encoding", "write %25 for each %, also in the password")];
    }
    match parse(text) {
        None => vec![fault(
            "is no PostgreSQL URL",
            "write postgresql://user:password@host/database, with @ : / and ? in the password percent-encoded",
        )],
        Some(Dsn::Url { place, parameters, is_certain, .. }) => {
            let (hosts, ports) = match hosts_and_ports(place) {
                Ok(both) => both,
                Err(fault) => return vec![fault],
            };
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let mut given = vec![("host".to_owned(), hosts), ("port".to_owned(), ports)];
            let mut faults = Vec::new();
            for (key, value) in &parameters {
                if value.contains('=') {
                    faults.push(fault("has a parameter with a second =", "write %3D for a = in a value"));
                }
                match (decoded(key), decoded(value)) {
                    // As JDBC writes it.
                    (key, value) if key == "ssl" && value == "true" => {
                        given.push(("sslmode".to_owned(), "require".to_owned()));
                    }
                    pair => given.push(pair),
                }
            }
            let may_be_a_password = !is_certain || parameters.iter().any(|(_, value)| value.contains('@'));
            faults.extend(faults_of_parameters(&given, may_be_a_password));
            faults
        }
        Some(Dsn::Pairs(pairs)) => faults_of_parameters(&pairs, false),
    }
}

fn is_encoded(url: &str) -> bool {
    url.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
    })
}

/// Both as lists, separated by commas.
fn hosts_and_ports(place: &str) -> Result<(String, String), Fault> {
    let hosts = place.split('/').next().unwrap_or_default();
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for one in hosts.split(',') {
        let (name, port) = match one.strip_prefix('[') {
            None => one.split_once(':').unwrap_or((one, "")),
            Some(literal) => {
                let (name, after) = literal.split_once(']').unwrap_or(("", "?"));
                match after.strip_prefix(':').or(after.is_empty().then_some("")) {
                    Some(port) if !name.is_empty() => (name, port),
                    _ => {
                        let remedy = "write an IPv6 address as [::1] or [::1]:5432";
                        return Err(fault("has a host in brackets that libpq cannot read", remedy));
                    }
                }
            }
        };
        names.push(name);
        ports.push(port);
    }
    let decoded = |list: Vec<&str>| -> String { percent_decode_str(&list.join(",")).decode_utf8_lossy().into_owned() };
    Ok((decoded(names), if ports.iter().all(|port| port.is_empty()) { String::new() } else { decoded(ports) }))
}

fn faults_of_parameters(given: &[(String, String)], may_be_a_password: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut follows_a_secret = false;
    for (name, _) in given {
        let is_known = HARMLESS.contains(&name.as_str()) || OTHERS.contains(&name.as_str());
        if !is_known {
            faults.push(unknown(name, may_be_a_password || follows_a_secret));
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

fn unknown(name: &str, may_be_a_password: bool) -> Fault {
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
    let known: HashSet<&str> = HARMLESS.iter().chain(OTHERS).copied().collect();
    let remedy: Cow<'_, str> = match did_you_mean(name, known) {
        Some(meant) => format!("did you mean {meant}?").into(),
        None => "remove it; it may belong to another client library".into(),
    };
    fault(format!("has the parameter {name}, which libpq does not know"), remedy)
}

#[cfg(test)]
mod tests {
    use diesel::{Connection as _, PgConnection};

    use super::*;

    /// With what the fault says. Port 1 of this machine refuses connections, so libpq need not wait for an answer.
    const NEVER: &[(&str, &str)] = &[
        ("postgresql://u:50%off@127.0.0.1:1/d", "a %"),
        ("postgresql://u:50%@127.0.0.1:1/d", "a %"),
        ("postgresql://u:a%00b@127.0.0.1:1/d", "a %"),
        ("postgresql://u:p@127.0.0.1:1/d?application_name=50%off", "a %"),
        ("postgresql://u:hunter two@127.0.0.1:1/d", "a blank"),
        (" postgresql://u:p@127.0.0.1,127.0.0.1:1/d", "a blank"),
        ("postgresql://u:p@127.0.0.1:1/d?application_name=a b", "a blank"),
        ("postgresql://u:p@127.0.0.1:1/d?pgbouncer=true", "the parameter pgbouncer"),
        ("postgresql://u:p@127.0.0.1:1/d?sslmod=require", "the parameter sslmod"),
        ("postgresql://u:p@127.0.0.1:1/d?schema=x&sslmode=allow", "the parameter schema"),
        ("postgresql://u:p@127.0.0.1:abc/d", "a port"),
        ("postgresql://u:p@127.0.0.1:0/d", "a port"),
        ("postgresql://u:p@127.0.0.1:65536/d", "a port"),
        ("postgresql://u:p@127.0.0.1:1:2/d", "a port"),
        ("postgresql://u:p@127.0.0.1,127.0.0.1:1x/d", "a port"),
        ("postgresql://u:p@127.0.0.1,127.0.0.1,127.0.0.1/d?port=1,2", "as many ports"),
        ("postgresql://u:p@[::1/d", "brackets"),
        ("postgresql://u:p@[]/d", "brackets"),
        ("postgresql://u:p@127.0.0.1:1/d?sslmode=verify-ful", "a sslmode"),
        ("postgresql://u:p@127.0.0.1:1/d?sslmode=", "a sslmode"),
        ("postgresql://u:p@127.0.0.1:1/d?sslmode=REQUIRE", "a sslmode"),
        ("postgresql://u:p@127.0.0.1:1/d?target_session_attrs=primry", "a target_session_attrs"),
        ("postgresql://u:p@127.0.0.1:1/d?gssencmode=require", "a gssencmode"),
        ("postgresql://u:p@127.0.0.1:1/d?sslnegotiation=direct", "sslnegotiation"),
        ("postgresql://u:p@127.0.0.1:1/d?sslrootcert=system&sslmode=require", "sslrootcert"),
        ("postgresql://u:p@127.0.0.1:1/d?connect_timeout=2s", "a connect_timeout"),
        ("postgresql://u:p@127.0.0.1:1/d?keepalives_idle=x", "a keepalives_idle"),
        ("postgresql://u:p@127.0.0.1:1/d?options=a=b", "a second ="),
        ("postgresql://u:p@127.0.0.1:1/d?sslmode", "no PostgreSQL URL"),
        ("postgresql://u:p@127.0.0.1:1/d?require_auth=scram", "a require_auth"),
        ("postgresql://u:p@127.0.0.1:1/d?require_auth=md5,!password", "a require_auth"),
        ("postgresql://u:p@127.0.0.1:1/d?require_auth=md5,md5", "a require_auth"),
        ("postgresql://u:p@127.0.0.1:1/d?require_auth=md5,", "a require_auth"),
        ("postgresql://u:p@127.0.0.1:1/d?require_auth=SCRAM-SHA-256", "a require_auth"),
        ("postgresql://u:p@127.0.0.1:1/d?ssl_min_protocol_version=1.2", "a ssl_min_protocol_version"),
        ("postgresql://u:p@127.0.0.1:1/d?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "least"),
        ("postgresql://u:p@127.0.0.1:1/d?min_protocol_version=3.2&max_protocol_version=3.0", "least"),
        ("host=127.0.0.1 port=1 require_auth='md5, password'", "a require_auth"),
        ("host=127.0.0.1 port=1 pgbouncer=true", "the parameter pgbouncer"),
        ("host=127.0.0.1 port=abc", "a port"),
        ("host=127.0.0.1,127.0.0.1 port=1,2,3", "as many ports"),
        ("host=127.0.0.1 port=1 sslmode=verify-ful", "a sslmode"),
        ("host=127.0.0.1 hostaddr=127.0.0.1,127.0.0.2 port=1", "as many hostaddr"),
        ("host=127.0.0.1 port=1 password=hunter two", "no PostgreSQL URL"),
    ];

    const SOUND: &[&str] = &[
        "postgresql://u:50%25off%20now@127.0.0.1:1/d",
        "postgresql://u:p?w&x=y@127.0.0.1:1/d",
        "postgresql://127.0.0.1:1",
        "postgres://u@127.0.0.1:1,127.0.0.1:1/d?target_session_attrs=read-write&connect_timeout=2",
        "postgres://u@127.0.0.1,127.0.0.1/d?port=1",
        "postgres://u@[::ffff:127.0.0.1]:1/d?sslmode=verify-full&sslrootcert=system",
        "postgresql:///d?host=127.0.0.1&port=1&user=a@b",
        "postgresql://127.0.0.1:1/d?ssl=true&ssl%6Dode=disable&",
        "postgresql://127.0.0.1:1/d?require_auth=scram-sha-256,md5,none&ssl_min_protocol_version=tlsv1.2",
        "postgresql://127.0.0.1:1/d?require_auth=!password,!md5&min_protocol_version=3.2&max_protocol_version=latest",
        "postgresql://127.0.0.1:1/d?require_auth=&target_session_attrs=prefer-standby&replication=off",
        "postgresql://127.0.0.1:1/d?min_protocol_version=3.2",
        "host=127.0.0.1 port=1 user=u password='hunter two' sslmode=disable",
        "host=127.0.0.1,127.0.0.1 port=1,1 load_balance_hosts=random application_name='a b'",
        "host = 127.0.0.1 port = ' 1 ' keepalives=0 options='-c a=b'",
    ];

    #[test]
    fn what_libpq_will_never_take_is_told_without_a_value() {
        for (text, part) in NEVER {
            let faults = faults_of(text);
            let told = faults.iter().map(|fault| format!("{} {}", fault.what, fault.remedy)).collect::<Vec<_>>();
            assert!(faults.iter().any(|fault| fault.what.contains(part)), "{text}: {told:?}");
            for shown in ["50%", "hunter", "verify-ful ", "abc", "primry", "127.0.0.1"] {
                assert!(!told.concat().contains(shown), "{text}: {told:?}");
            }
        }
        for text in SOUND {
            assert_eq!(faults_of(text), [], "{text}");
        }
    }

    #[test]
    fn libpq_itself_says_the_same() {
        let reaches_the_network = |text: &str| match PgConnection::establish(text) {
            Ok(_) => panic!("nothing listens on port 1"),
            Err(error) => {
                let told = error.to_string();
                told.starts_with("connection to server") && !told.contains("connection option")
            }
        };
        for (text, _) in NEVER {
            assert!(!reaches_the_network(text), "{text} is sound to libpq");
        }
        for text in SOUND {
            assert!(reaches_the_network(text), "{text}: {:?}", PgConnection::establish(text).err());
        }
    }

    #[test]
    fn what_never_leads_to_a_server_that_takes_writes_is_refused_with_what_to_take() {
        for (text, part, remedy) in [
            ("postgresql://db/x?target_session_attrs=standby", "no writes", "read-write"),
            ("host=a,b target_session_attrs=read-only", "no writes", "read-write"),
            ("postgresql://db/x?replication=database", "replication", "remove"),
            ("postgresql://db/x?replication=true", "replication", "remove"),
        ] {
            let faults = faults_of(text);
            assert!(faults.len() == 1 && faults[0].what.contains(part), "{text}: {faults:?}");
            assert!(faults[0].remedy.contains(remedy), "{text}: {faults:?}");
        }
    }

    #[test]
    fn an_unknown_name_that_may_be_the_rest_of_a_password_is_not_shown() {
        for text in [
            "host=db password=my secret7=x",
            "postgresql://db/x?password=my&secret7=x",
            "postgresql://u:pa/ss?secret7=1@db/x",
            "postgresql://db/x?secret7-is-long=1",
        ] {
            let told = format!("{:?}", faults_of(text));
            assert!(told.len() > 2 && !told.contains("secret7"), "{text}: {told}");
        }
        assert!(format!("{:?}", faults_of("postgresql://db/x?sslmod=require")).contains("did you mean sslmode?"));
    }
}
