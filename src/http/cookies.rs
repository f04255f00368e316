//! The cookies that we set: one rule for all of them.
//!
//! Invariants: `HttpOnly` and `SameSite=Strict` always; `Secure` unless the browser is on this very machine, and no proxy
//! says that it stands in between.
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

/// Tells the browser to keep `value`, for paths below `path`.
///
/// # Panics
/// When the value is not made of header characters: whoever calls encodes it.
pub(crate) fn cookie(exchange: &Exchange, name: &str, value: &str, path: &str, lives: Lives) -> HeaderValue {
    let is_local = exchange.peer().ip().to_canonical().is_loopback() && !exchange.is_forwarded();
    let secure = if is_local { "" } else { "; Secure" };
    let seconds = match lives {
        Lives::For(time) => time.as_secs(),
        Lives::NoMore => 0,
    };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    // Proof: values are hexadecimal digits or percent-encoded, and the words above are header characters.
    HeaderValue::from_str(&text).expect("a cookie is a header value")
}
