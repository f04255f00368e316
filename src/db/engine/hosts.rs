//! The hosts that a connection string names, so that each can be tried by itself.
//!
//! Invariant: what is not understood stays one string, and libpq tries its hosts in turn, as it always did.
//! How to get it wrong: naming one host without its port and address. libpq pairs the three lists by place.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// One host of a connection string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// What makes the whole string mean this host alone; empty when it has no other.
    pub(super) only: String,
    /// Whether it is a socket of this machine's file system.
    pub(super) is_local: bool,
    /// Its name and port as they are written; empty where the string leaves them to libpq.
    pub(super) name: String,
    pub(super) port: String,
}

/// The hosts that `url` names; at least one.
pub(super) fn hosts(url: &str) -> Vec<Host> {
    let is_uri = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let lists = if is_uri { uri(url) } else { pairs(url) };
    let whole = |is_local, name: Option<&String>, port: Option<&String>| {
        let (name, port) = (name.cloned().unwrap_or_default(), port.cloned().unwrap_or_default());
        vec![Host { only: String::new(), is_local, name, port }]
    };
    let Some(Lists { hosts, addresses, ports }) = lists else { return whole(false, None, None) };
    let count = hosts.len().max(addresses.len());
    let is_local = |index: usize| {
        addresses.get(index).is_none_or(String::is_empty)
            && hosts.get(index).is_none_or(|host| host.is_empty() || host.starts_with(['/', '@']))
    };
    let fits = |list: &[String]| list.is_empty() || list.len() == count;
    if count < 2 || !fits(&hosts) || !fits(&addresses) || !(fits(&ports) || ports.len() == 1) {
        let (name, port) = if count == 1 { (hosts.first(), ports.first()) } else { (None, None) };
        return whole(count < 2 && is_local(0), name.or(addresses.first()).filter(|_| count == 1), port);
    }
    let alone = |index: usize| {
        let port = if ports.len() == 1 { ports.first() } else { ports.get(index) };
        let named = [("host", hosts.get(index)), ("hostaddr", addresses.get(index)), ("port", port)];
        let named = named.into_iter().filter_map(|(key, value)| value.map(|value| (key, value.as_str())));
        let only = named.map(|(key, value)| parameter(is_uri, key, value)).collect();
        let name = hosts.get(index).or(addresses.get(index)).cloned().unwrap_or_default();
        Host { only, is_local: is_local(index), name, port: port.cloned().unwrap_or_default() }
    };
    (0..count).map(alone).collect()
}

/// `key=value` in the form of the string that it is appended to, which has a `?` or another pair already.
pub(super) fn parameter(is_uri: bool, key: &str, value: &str) -> String {
    if is_uri {
        let encode = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        format!("&{key}={encode}")
    } else {
        format!(" {key}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

#[derive(Default)]
struct Lists {
    hosts: Vec<String>,
    addresses: Vec<String>,
    ports: Vec<String>,
}

impl Lists {
    fn set(&mut self, key: &str, value: &str) {
        let values = if value.is_empty() { Vec::new() } else { value.split(',').map(str::to_owned).collect() };
        match key {
            "host" => self.hosts = values,
            "hostaddr" => self.addresses = values,
            "port" => self.ports = values,
            _ => {}
        }
    }
}

/// libpq's rules: a login is there if an `@` comes before any `/`; parameters stand above the place.
fn uri(url: &str) -> Option<Lists> {
    let (_, rest) = url.split_once("://")?;
    // The login goes first: a password may hold a `?`.
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => &rest[at + 1..],
        _ => rest,
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let place = rest.split('/').next().unwrap_or_default();
    let mut lists = Lists::default();
    if !place.is_empty() {
        for part in place.split(',') {
            let (host, port) = match part.strip_prefix('[') {
                Some(part) => {
                    let (host, port) = part.split_once(']')?;
                    (host, port.strip_prefix(':').unwrap_or(port))
                }
                None => part.split_once(':').unwrap_or((part, "")),
            };
            lists.hosts.push(decoded(host)?.into_owned());
            lists.ports.push(decoded(port)?.into_owned());
        }
        if lists.ports.iter().all(String::is_empty) {
            lists.ports.clear();
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=')?;
        lists.set(&decoded(key)?, &decoded(value)?);
    }
    Some(lists)
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// libpq's rules: blanks around `=`, values in single quotes, a backslash takes the next character as it is.
fn pairs(text: &str) -> Option<Lists> {
    let mut lists = Lists::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (is_quoted, body) = after.strip_prefix('\'').map_or((false, after), |body| (true, body));
        let (mut value, mut end) = (String::new(), None);
        let mut characters = body.char_indices();
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => value.push(characters.next()?.1),
                '\'' if is_quoted => end = Some(index + 1),
                blank if !is_quoted && blank.is_whitespace() => end = Some(index),
                other => value.push(other),
            }
            if end.is_some() {
                break;
            }
        }
        if is_quoted && end.is_none() {
            return None;
        }
        lists.set(key.trim_end(), &value);
        rest = body[end.unwrap_or(body.len())..].trim_start();
    }
    Some(lists)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(url: &str) -> Vec<String> {
        hosts(url).into_iter().map(|host| host.only).collect()
    }

    #[test]
    fn each_host_of_several_can_be_meant_alone() {
        for (url, expected) in [
            ("postgres://u:p@h1,h2/db?x=y", vec!["&host=h1", "&host=h2"]),
            ("postgres://u:p,q?w@h1,h2/db", vec!["&host=h1", "&host=h2"]),
            ("postgres://h1:1,[::1]:2/db", vec!["&host=h1&port=1", "&host=%3A%3A1&port=2"]),
            ("postgres://h1:1,h2/db", vec!["&host=h1&port=1", "&host=h2&port="]),
            ("postgresql:///db?host=h1,h2&port=5433", vec!["&host=h1&port=5433", "&host=h2&port=5433"]),
            ("host=h1,h2 port = '1,2' dbname=d", vec![" host='h1' port='1'", " host='h2' port='2'"]),
            (
                "hostaddr=10.0.0.1,10.0.0.2 host=a,b",
                vec![" host='a' hostaddr='10.0.0.1'", " host='b' hostaddr='10.0.0.2'"],
            ),
        ] {
            assert_eq!(only(url), expected, "{url}");
        }
    }

    #[test]
    fn one_host_and_what_is_not_understood_stay_as_they_are() {
        for url in [
            "postgres://u:p@h/db",
            "postgres://u:p,q?w@h/db",
            "postgres:///db",
            "host=h",
            "service=x",
            "postgres://h1,h2/db?port=1,2,3",
            "host='h1,h2",
            "host=a,b hostaddr=10.0.0.1",
            "",
        ] {
            assert_eq!(only(url), [""], "{url}");
        }
    }

    #[test]
    fn each_host_has_its_name_and_port() {
        for (url, expected) in [
            ("postgres://u:p@h:6432/db", vec![("h", "6432")]),
            ("postgres://h/db", vec![("h", "")]),
            ("host=h port=6432", vec![("h", "6432")]),
            ("hostaddr=10.0.0.1 port=1", vec![("10.0.0.1", "1")]),
            ("postgres://h1:1,h2/db", vec![("h1", "1"), ("h2", "")]),
            ("host=h1,h2 port=6432", vec![("h1", "6432"), ("h2", "6432")]),
            ("service=x", vec![("", "")]),
            ("postgres://h1,h2/db?port=1,2,3", vec![("", "")]),
        ] {
            let hosts = hosts(url);
            let told: Vec<_> = hosts.iter().map(|host| (host.name.as_str(), host.port.as_str())).collect();
            assert_eq!(told, expected, "{url}");
        }
    }

    #[test]
    fn sockets_of_the_file_system_are_told_from_machines() {
        for (url, expected) in [
            ("postgres:///db", vec![true]),
            ("postgres://%2Frun%2Fpostgresql/db", vec![true]),
            ("host=/run/postgresql", vec![true]),
            ("host=/run/postgresql,h2", vec![true, false]),
            ("postgres://h/db", vec![false]),
            ("host=h", vec![false]),
        ] {
            assert_eq!(hosts(url).into_iter().map(|host| host.is_local).collect::<Vec<_>>(), expected, "{url}");
        }
    }
}
