//! What libpq will never take, told before anybody tries: an unknown parameter, a port that is none, a raw `%` in a
//! password. Whoever waited for such a PostgreSQL would wait for ever.
//!
//! Invariant: no fault holds a part of the text that may be a secret. A value is never shown, and an unknown name only
//! where it cannot be the rest of a password that should have been quoted or encoded.
//! How to get it wrong: showing what libpq says about the text. It quotes the part that it could not read.

mod fault;
mod parameters;
#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;

use self::parameters::faults_of_parameters;
use super::dsn::{Dsn, parse};

pub(super) use self::fault::{Fault, fault};

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
        Some(Dsn::Url { authority, parameters, is_certain, .. }) => {
            let (hosts, ports) = match hosts_and_ports(authority) {
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
fn hosts_and_ports(authority: &str) -> Result<(String, String), Fault> {
    let hosts = authority.split('/').next().unwrap_or_default();
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
