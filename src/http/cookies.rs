//! The cookies that we set: one rule for all of them.
//!
//! Invariants: `HttpOnly` and `SameSite=Strict` always; `Secure`, but for a marker, unless the browser is on this very machine
//! and nothing tells of a proxy in between; the path is below the daemon's own.
//! How to get it wrong: a cookie that is written somewhere else. The rule would hold for one and not for the other.

use std::time::Duration;

use http::header::HeaderValue;

use super::exchange::Exchange;

/// How long a browser keeps a cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lives {
    For(Duration),
    /// It is forgotten at once.
    NoMore,
}

/// Whether a browser keeps our cookies over https only: whoever is not on this very machine must have come so.
pub(crate) fn is_secure(exchange: &Exchange) -> bool {
    let is_public = exchange.place().public().is_some_and(|url| url.scheme() == "https");
    is_public || !exchange.is_of_this_machine()
}

/// Tells the browser to keep `value`, for paths below `path`.
///
/// # Panics
/// When the value is not made of header characters: whoever calls encodes it.
pub(crate) fn cookie(exchange: &Exchange, name: &str, value: &str, path: &str, lives: Lives) -> HeaderValue {
    let secure = if is_secure(exchange) { "; Secure" } else { "" };
    written(exchange, name, value, path, lives, secure)
}

/// Tells the browser to keep a cookie that says nothing but that it is there, over plain http, too: what came of a cookie that
/// the browser may not have kept.
pub(crate) fn marker(exchange: &Exchange, name: &str, path: &str, lives: Lives) -> HeaderValue {
    let value = if matches!(lives, Lives::NoMore) { "" } else { "1" };
    written(exchange, name, value, path, lives, "")
}

fn written(exchange: &Exchange, name: &str, value: &str, path: &str, lives: Lives, secure: &str) -> HeaderValue {
    let base = exchange.place().base();
    let path = if base.is_empty() || path != "/" { exchange.place().outside(path) } else { base.to_owned() };
    let seconds = match lives {
        Lives::For(time) => time.as_secs(),
        Lives::NoMore => 0,
    };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    // Proof: values are hexadecimal digits or percent-encoded, and the words above are header characters.
    HeaderValue::from_str(&text).expect("a cookie is a header value")
}
