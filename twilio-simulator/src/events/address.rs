//! Where a sink is: the parts of its URL, and where it is in truth.
//!
//! Invariant: nothing is sent to anywhere but this machine.
//!
//! How to get it wrong: judging a host by how it begins. `127.0.0.1.example.com` is somebody else's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use percent_encoding::percent_decode_str;

impl super::Events {
    /// Where events for a destination go in truth.
    pub(super) fn leads_to(&self, destination: &str, uri: &Uri) -> Option<(String, u16)> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let origin = format!("{scheme}://{}", without_user(uri.authority()?.as_str()));
        let to = self.origins.get(&origin).map_or(destination, String::as_str);
        if !is_loopback(to) {
            return None;
        }
        let uri: Uri = to.parse().ok()?;
        Some((uri.host()?.trim_matches(['[', ']']).to_owned(), uri.port_u16().unwrap_or(80)))
    }
}

/// The address, and what its user and password are as a header.
pub(super) fn read(url: &str) -> (Uri, Option<String>) {
    let uri: Uri = url.parse().unwrap_or_default();
    let user = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(user, _)| user);
    let basic = user.map(|user| format!("Basic {}", STANDARD.encode(percent_decode_str(user).collect::<Vec<u8>>())));
    (uri, basic)
}

pub(super) fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Whether a URL is one of this machine, without TLS.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    uri.scheme_str() == Some("http") && is_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_sent_to() {
        assert!(
            is_loopback("http://127.0.0.1:1/x") && is_loopback("http://localhost") && is_loopback("http://[::1]:2/")
        );
        for other in ["https://127.0.0.1/", "http://example.com/", "http://127.0.0.1.example.com/", "nowhere", ""] {
            assert!(!is_loopback(other), "{other}");
        }
        let (uri, basic) = read("http://ada:p%40ss@127.0.0.1:8080/x?y=1");
        assert_eq!((uri.host(), uri.path()), (Some("127.0.0.1"), "/x"));
        assert_eq!(basic.unwrap(), format!("Basic {}", STANDARD.encode("ada:p@ss")));
    }
}
