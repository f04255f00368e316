//! Who is on this machine: whose cookies need no https, and who is told without a key what there is to measure.
//!
//! Invariants: whoever says that a proxy is in between is believed, because they only lose by it; a proxy that runs here and
//! says nothing gives itself away by its version of HTTP, by the name that it asks for, or by the page that its client is on.
//! How to get it wrong: asking for the peer alone. A proxy that runs here is a loopback peer, whomever it speaks for.

use std::net::IpAddr;

use http::Version;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER};
use http::uri::Authority;
use url::{Host, Url};

/// Beside all that begin with `x-forwarded-`.
const SIGNS_OF_A_PROXY: [&str; 4] = ["forwarded", "via", "x-real-ip", "cf-connecting-ip"];

/// By what it says, or by HTTP/1.0: a bare `proxy_pass` of nginx speaks it, browsers and Prometheus never do.
pub(super) fn is_by_a_proxy(version: Version, headers: &HeaderMap) -> bool {
    let is_sign = |name: &HeaderName| SIGNS_OF_A_PROXY.contains(&name.as_str());
    let is_told = headers.keys().any(|name| is_sign(name) || name.as_str().starts_with("x-forwarded-"));
    is_told || version < Version::HTTP_11
}

pub(super) fn is_of_this_machine(peer: IpAddr, version: Version, headers: &HeaderMap) -> bool {
    let host = || headers.get(HOST).and_then(|host| host.to_str().ok());
    peer.to_canonical().is_loopback()
        && !is_by_a_proxy(version, headers)
        && host().is_some_and(is_local_authority)
        && [ORIGIN, REFERER].iter().all(|name| headers.get_all(name).iter().all(is_local_url))
}

/// Whether a `Host` names this machine.
pub(crate) fn is_local_authority(text: &str) -> bool {
    let Ok(authority) = text.trim().parse::<Authority>() else { return false };
    Host::parse(authority.host()).is_ok_and(|host| is_local(&host))
}

/// Whether an `Origin` or a `Referer` names this machine. A page that does not say where it is may be anywhere.
fn is_local_url(value: &HeaderValue) -> bool {
    let url = value.to_str().ok().and_then(|text| Url::parse(text).ok());
    url.is_some_and(|url| url.host().is_some_and(|host| is_local(&host.to_owned())))
}

/// Whether nobody but this machine has that name.
pub(crate) fn is_local(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_here(peer: &str, version: Version, headers: &[(&'static str, &'static str)]) -> bool {
        let pairs = headers.iter();
        let pairs = pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_of_this_machine(peer.parse().unwrap(), version, &pairs.collect())
    }

    #[test]
    fn a_neighbour_asks_for_this_machine_by_its_own_names() {
        for host in ["127.0.0.1:8080", "127.8.0.1", "localhost", "LOCALHOST:80", "a.localhost:8080", "[::1]:8080"] {
            for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
                assert!(is_here(peer, Version::HTTP_11, &[("host", host)]), "{peer} {host}");
            }
            assert!(!is_here("192.0.2.1", Version::HTTP_11, &[("host", host)]), "{host}");
            assert!(!is_here("127.0.0.1", Version::HTTP_10, &[("host", host)]), "{host}");
        }
        for host in
            ["ops.example.com", "callbunker", "10.0.0.1:8080", "localhost.example.com", "127.0.0.1.example.com", ""]
        {
            assert!(!is_here("127.0.0.1", Version::HTTP_11, &[("host", host)]), "{host}");
        }
        assert!(!is_here("127.0.0.1", Version::HTTP_11, &[]));
    }

    #[test]
    fn a_proxy_gives_itself_away() {
        let with = |name, value| is_here("127.0.0.1", Version::HTTP_11, &[("host", "127.0.0.1:8080"), (name, value)]);
        for sign in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-x",
            "forwarded",
            "via",
            "x-real-ip",
            "cf-connecting-ip",
        ] {
            assert!(!with(sign, "127.0.0.1"), "{sign}");
        }
        for page in ["https://ops.example.com", "http://10.0.0.1", "null", "", "http://localhost.example.com/x"] {
            assert!(!with("origin", page) && !with("referer", page), "{page}");
        }
        for page in ["http://127.0.0.1:8080", "http://localhost:3000/x?y", "https://[::1]", "http://a.localhost"] {
            assert!(with("origin", page) && with("referer", page), "{page}");
        }
    }
}
