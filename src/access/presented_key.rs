//! Where a key stands in a request.
//!
//! The first that is present counts: `X-Admin-API-Key`, then `Authorization: Bearer`, then `?api_key=`.
//! How to get it wrong: going on to the next when the first is wrong. Whoever guesses would have three guesses in one request.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, HeaderName};

use crate::http::{Exchange, KEY_PARAMETER, query_value};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-admin-api-key");

/// The key that this request shows.
pub(super) fn presented_key(exchange: &Exchange) -> Option<Cow<'_, [u8]>> {
    if let Some(value) = exchange.headers().get(KEY_HEADER) {
        return Some(value.as_bytes().into());
    }
    if let Some(key) = exchange.headers().get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes())) {
        return Some(key.into());
    }
    match query_value(exchange.uri(), KEY_PARAMETER)? {
        Cow::Borrowed(text) => Some(text.as_bytes().into()),
        Cow::Owned(text) => Some(text.into_bytes().into()),
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_scheme_is_case_insensitive_and_others_are_not_keys() {
        assert_eq!(bearer(b"Bearer abc"), Some(b"abc".as_slice()));
        assert_eq!(bearer(b"bEARER  abc "), Some(b"abc".as_slice()));
        assert_eq!(bearer(b"Bearer "), Some(b"".as_slice()));
        assert_eq!(bearer(b"Basic abc"), None);
        assert_eq!(bearer(b"Bearer"), None);
    }
}
