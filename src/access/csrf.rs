//! What keeps other sites from acting with a session: a token that only our pages know, and what the browser says about
//! where a request comes from.
//!
//! How to get it wrong: comparing `Origin` with the address that we listen on. Behind a proxy the browser knows another.

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::Authority;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::http::{Exchange, Problem, ProblemCode};

/// The header of scripts.
const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// The field of forms.
const FIELD: &str = "csrf_token";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Refuses what a browser says comes from another site. Programs that say nothing pass.
pub(crate) fn check_origin(exchange: &Exchange) -> Result<(), Problem> {
    if is_ours(exchange.headers()) {
        Ok(())
    } else {
        Err(Problem::new(
            ProblemCode::Forbidden,
            "This request comes from a page of another site; use callbunker's own pages, or send a key.",
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

fn is_ours(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else { return false };
    // A page of another site cannot set these.
    [HOST, FORWARDED_HOST].iter().filter_map(|name| headers.get(name)?.to_str().ok()).any(|host| is_at(&origin, host))
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
        is_ours(
            &headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect(),
        )
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
        ] {
            assert!(!ours(&[("origin", origin), ("host", host)]), "{origin} {host}");
        }
    }
}
