//! Pages for people: HTML that runs nothing from elsewhere, stands in no frame and stays in no cache.
//!
//! How to get it wrong: inline scripts and styles. The browser refuses them here, on purpose. Or `no-referrer`: under it a
//! browser sends `Origin: null` with our own forms, and one that does not send `Sec-Fetch-Site` could not log in.

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};

use super::place::Place;
use super::response::{Response, text_response};

const HEADERS: &[(HeaderName, &str)] = &[
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (X_FRAME_OPTIONS, "DENY"),
    (CACHE_CONTROL, "no-store"),
];

/// A page; what leads to a path of ours leads below the daemon's own.
#[must_use]
pub fn page_response(place: &Place, status: StatusCode, html: String) -> Response {
    let mut response = text_response(status, "text/html; charset=utf-8", place.led(html));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a person reads the answer: a script that meets a page gets the problem itself.
#[must_use]
pub fn wants_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| String::from_utf8_lossy(value.as_bytes()).contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_html_gets_it_whatever_else_stands_there() {
        let wants = |accept: &[u8]| {
            let value = HeaderValue::from_bytes(accept).unwrap();
            wants_html(&HeaderMap::from_iter([(ACCEPT, value)]))
        };
        assert!(wants(b"text/html") && wants(b"application/json, text/html;q=0.9") && wants(b"text/html, \xe9\xff"));
        assert!(!wants(b"*/*") && !wants(b"\xff"));
    }
}
