//! What a client says of an order beside its body: its key, and when it wants the answer.
//!
//! How to get it wrong: leaving out a key that cannot be used. The client would believe that a repeat buys nothing twice.

use crate::http::Problem;
use crate::routing::Request;

const KEY_BYTES_MAX: usize = 255;

/// The order's name, if the client gave it one.
pub(super) fn idempotency_key(request: &Request) -> Result<Option<String>, Problem> {
    request.headers().get("idempotency-key").map(|value| order_key("Idempotency-Key", value.as_bytes())).transpose()
}

/// A name for an order, given in `field`.
pub(crate) fn order_key(field: &str, bytes: &[u8]) -> Result<String, Problem> {
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    if (1..=KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(printable) {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    } else {
        Err(Problem::invalid_field(field, "must be 1 to 255 printable ASCII characters"))
    }
}

/// Whether the answer shall come before the order's end (RFC 7240).
pub(super) fn prefers_async(request: &Request) -> bool {
    request
        .headers()
        .get_all("prefer")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| matches!(byte, b',' | b';')))
        .any(|preference| preference.trim_ascii().eq_ignore_ascii_case(b"respond-async"))
}
