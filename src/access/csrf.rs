//! What keeps other sites from acting with a session: a token that only our pages know, and what the browser says about
//! where a request comes from.
//!
//! How to get it wrong: comparing `Origin` with the address that we listen on. Behind a proxy the browser knows another.

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::Authority;
use subtle::ConstantTimeEq as _;
use url::{Host, Url};

use crate::http::{Exchange, Place, Problem, ProblemCode, is_local, is_local_authority};

/// The header of scripts.
const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// The field of forms.
const FIELD: &str = "csrf_token";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Refuses what a browser says comes from another site. Programs that say nothing pass.
pub(crate) fn check_origin(exchange: &Exchange) -> Result<(), Problem> {
    if is_ours(exchange.headers(), exchange.place(), exchange.is_by_a_proxy()) {
        Ok(())
    } else {
        Err(Problem::new(
            ProblemCode::Forbidden,
            "This request comes from a page of another site; use callbunker's own pages, or send a key. If it is one of them, and a \
             proxy is in between: let that send the browser's Host, or set http.public_url.",
        ))
    }
}

/// Refuses what does not carry the session's token in the header or in the form's field.
pub(super) fn check_token(exchange: &Exchange, form: Option<&[u8]>, wanted: Option<String>) -> Result<(), Problem> {
    let in_header = exchange.headers().get(HEADER).map(|value| value.as_bytes().to_vec());
    let in_form = || {
        let field = form_urlencoded::parse(form?).find(|(name, _)| name == FIELD)?;
        Some(field.1.into_owned().into_bytes())
    };
    match (in_header.or_else(in_form), wanted) {
        (Some(sent), Some(wanted)) if bool::from(sent.as_slice().ct_eq(wanted.as_bytes())) => Ok(()),
        _ => Err(Problem::new(
            ProblemCode::Forbidden,
            "A session's request needs its CSRF token, as X-CSRF-Token or as the form field csrf_token; load the page again.",
        )),
    }
}

/// Whether a page of ours sent it, or none at all.
///
/// Where nothing but the Origin tells, it is held against every name that we go by. From a proxy a loopback Host beside an Origin
/// elsewhere is what it puts there unless it is told otherwise: then the Host is no witness. A page of another site gains nothing
/// by that: it has neither the token nor, at the login, a key, and the cookie does not come along.
fn is_ours(headers: &HeaderMap, place: &Place, is_by_a_proxy: bool) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else { return false };
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let origin_is_here = origin.host().is_some_and(|host: Host<&str>| is_local(&host.to_owned()));
    let host_is_a_default =
        || is_by_a_proxy && text(&HOST).is_some_and(is_local_authority) && !origin_is_here && is_web(&origin);
    // A page of another site cannot set these.
    let named = || text(&HOST).into_iter().chain(forwarded_hosts(headers)).any(|host| is_at(&origin, host));
    let is_public = || place.public().is_some_and(|public| public.origin() == origin.origin());
    named() || is_public() || host_is_a_default()
}

/// Each proxy on the way may have added one.
fn forwarded_hosts(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(FORWARDED_HOST).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(','))
}

fn is_web(origin: &Url) -> bool {
    matches!(origin.scheme(), "http" | "https")
}

fn is_at(origin: &Url, host: &str) -> bool {
    let Ok(authority) = host.trim().parse::<Authority>() else { return false };
    let Some(named) = origin.host_str() else { return false };
    let default = match origin.scheme() {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    named.eq_ignore_ascii_case(authority.host())
        && origin.port().unwrap_or(default) == authority.port_u16().unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        ours_at(&Place::default(), headers, false)
    }

    fn ours_at(place: &Place, headers: &[(&'static str, &'static str)], is_by_a_proxy: bool) -> bool {
        let pairs = headers.iter();
        let pairs = pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&pairs.collect(), place, is_by_a_proxy)
    }

    #[test]
    fn the_browsers_word_counts_and_programs_need_none() {
        assert!(ours(&[]) && ours(&[("host", "a")]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]) && ours(&[("sec-fetch-site", "none")]));
        for site in ["cross-site", "same-site", ""] {
            assert!(!ours(&[("sec-fetch-site", site), ("origin", "http://a"), ("host", "a")]), "{site}");
        }
    }

    #[test]
    fn an_origin_is_compared_with_the_host_that_the_browser_knows() {
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("https://ops.example.com", "ops.example.com"),
            ("https://ops.example.com", "OPS.example.com:443"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(ours(&[("origin", origin), ("host", host)]), "{origin} {host}");
        }
        assert!(ours(&[
            ("origin", "https://ops.example.com"),
            ("host", "inside:1"),
            ("x-forwarded-host", "ops.example.com")
        ]));
        for (origin, host) in [
            ("null", "a"),
            ("http://evil.example", "a"),
            ("http://a:81", "a"),
            ("https://a", "a:80"),
            ("http://a.evil.example", "a"),
            ("ftp://a", "a"),
            ("http://a", ""),
            // This machine's own pages say which port they are of.
            ("http://127.0.0.1:81", "127.0.0.1:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("http://evil.example", "127.0.0.1:8080"),
        ] {
            assert!(!ours(&[("origin", origin), ("host", host)]), "{origin} {host}");
        }
    }

    #[test]
    fn a_proxys_own_host_is_no_witness() {
        let through = |headers: &[_]| ours_at(&Place::default(), headers, true);
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "callbunker.localhost"] {
            assert!(through(&[("origin", "https://ops.example.com"), ("host", host)]), "{host}");
            // The browser's own word counts all the same.
            assert!(!through(&[("origin", "https://a"), ("host", host), ("sec-fetch-site", "cross-site")]), "{host}");
            for origin in ["null", "app://a", "http://127.0.0.1:81", "http://localhost"] {
                assert!(!through(&[("origin", origin), ("host", host)]), "{origin} {host}");
            }
        }
        assert!(
            !through(&[("origin", "https://evil.example"), ("host", "ops.example.com")]),
            "that one says something"
        );
        let forwarded = [("origin", "https://a"), ("host", "inside:1"), ("x-forwarded-host", "b, a")];
        assert!(ours(&forwarded), "each proxy adds its own");
    }

    #[test]
    fn the_public_url_is_a_name_of_ours() {
        let place = Place::new("/p", Some("https://ops.example.com/p".parse().unwrap()));
        let at = |origin| ours_at(&place, &[("origin", origin), ("host", "inside:1")], false);
        assert!(at("https://ops.example.com") && at("https://ops.example.com:443"));
        assert!(!at("http://ops.example.com") && !at("https://ops.example.com:8443") && !at("https://example.com"));
    }
}
