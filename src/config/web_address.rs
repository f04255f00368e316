//! The rules that every web address in the configuration obeys.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

/// An address of which only scheme and host are shown: the rest may be a secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PrivateUrl(pub Url);

impl Serialize for PrivateUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&host_of(&self.0))
    }
}

impl fmt::Debug for PrivateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&host_of(&self.0))
    }
}

/// Why the address is not safe to use, if it is not: https always, plain http only on this machine.
pub(super) fn fault_of(url: &Url) -> Option<&'static str> {
    match url.scheme() {
        _ if url.host().is_none() => Some("names no host"),
        "https" => None,
        "http" if is_loopback(url) => None,
        "http" => Some("is plain http to another machine"),
        _ => Some("is neither https nor http"),
    }
}

/// Whether there is nothing beside scheme, host, port and path.
pub(super) fn has_bare_authority(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
}

/// Scheme and host: more of an address may be a secret.
pub(super) fn host_of(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Whether it is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, sound) in [
            ("https://api.twilio.com", true),
            ("http://127.0.0.1:4010", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:4010", true),
            ("http://localhost:1", true),
            ("http://api.twilio.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://0.0.0.0", false),
            ("ftp://127.0.0.1", false),
            ("data:text/plain,x", false),
        ] {
            assert_eq!(fault_of(&Url::parse(url).unwrap()).is_none(), sound, "{url}");
        }
    }
}
