//! Where a key stands in a request.
//!
//! The first that is present counts: `X-Admin-API-Key`, then `Authorization: Bearer`, then `?api_key=`.
//! How to get it wrong: going on to the next when the first is wrong. Whoever guesses would have three guesses in one request.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, HeaderName};
use percent_encoding::percent_decode_str;

use super::keys::Keys;
use super::who::Who;
use crate::http::{Exchange, KEY_PARAMETER, query_value, raw_query_value};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-admin-api-key");

/// What to say of a key that came by the query and opens nothing: the same, whatever it was.
pub(super) const IN_A_QUERY: &str = "In a URL write + as %2B, & as %26, # as %23 and % as %25, in a crontab \\% for %, or send the \
                                     header X-Admin-API-Key.";

/// A key as a request shows it.
pub(super) struct Presented<'e> {
    key: Cow<'e, [u8]>,
    /// Of a key by the query that holds a `+`, which a form writes for a blank: the same with the `+` as it stands.
    as_it_stands: Option<Vec<u8>>,
    pub(super) by_query: bool,
}

impl Presented<'_> {
    /// Whose it is. Both ways to read it are one attempt.
    pub(super) fn find(&self, keys: &Keys) -> Option<Who> {
        let as_it_stands = self.as_it_stands.as_ref().and_then(|key| keys.find(key));
        keys.find(&self.key).or(as_it_stands)
    }
}

/// The key that this request shows.
pub(super) fn presented_key(exchange: &Exchange) -> Option<Presented<'_>> {
    let in_a_header = |key| Presented { key, as_it_stands: None, by_query: false };
    if let Some(value) = exchange.headers().get(KEY_HEADER) {
        return Some(in_a_header(value.as_bytes().into()));
    }
    if let Some(key) = exchange.headers().get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes())) {
        return Some(in_a_header(key.into()));
    }
    let key = match query_value(exchange.uri(), KEY_PARAMETER)? {
        Cow::Borrowed(text) => text.as_bytes().into(),
        Cow::Owned(text) => text.into_bytes().into(),
    };
    let raw = raw_query_value(exchange.uri(), KEY_PARAMETER).filter(|raw| raw.contains('+'));
    Some(Presented { key, as_it_stands: raw.map(|raw| percent_decode_str(raw).collect()), by_query: true })
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
