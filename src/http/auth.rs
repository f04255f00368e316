//! The door: where keys stand in a request, and who passes.
//!
//! Invariants: a missing and a wrong key get the same answer; a wrong key is never saved by another source; a reload
//! swaps all keys at once.
//! How to get it wrong: naming the key in a message, or asking the limit before the key (a right key always passes).
//!
//! The first source that is present counts: `X-Admin-API-Key`, then `Authorization: Bearer`, then `?api_key=`, then a
//! session, if sessions are known at all.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderName};

use super::exchange::Exchange;
use super::keys::{Access, Keys, Who};
use super::problem::Problem;
use super::problem_code::ProblemCode;
use super::uri::{KEY_PARAMETER, query_value};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-admin-api-key");

/// Whether a key was there at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No source held anything.
    Missing,
    /// A source held something that is no valid key.
    Wrong,
}

/// Counts failures per address, and says when an address has had too many.
pub trait FailureLimit: Send + Sync {
    /// Called once for each request that fails; `Some(after)` turns its 401 into a 429 with that `Retry-After`.
    fn failed(&self, client: IpAddr, failure: Failure) -> Option<Duration>;
}

/// Looks up the session of a request that came without a key.
pub trait Sessions: Send + Sync {
    /// `None` when there is no valid session; a problem when that cannot be told, or when a CSRF token is missing.
    fn find<'a>(&'a self, exchange: &'a Exchange) -> BoxFuture<'a, Result<Option<Who>, Problem>>;
}

/// The door: every route that is not public asks it.
pub struct Gate {
    keys: ArcSwap<Keys>,
    limit: Option<Box<dyn FailureLimit>>,
    sessions: Option<Box<dyn Sessions>>,
}

impl Gate {
    /// A door that knows these keys, no limit and no sessions.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self { keys: ArcSwap::new(Arc::new(keys)), limit: None, sessions: None }
    }

    /// Adds a limit for failures.
    #[must_use]
    pub fn with_limit(self, limit: impl FailureLimit + 'static) -> Self {
        Self { limit: Some(Box::new(limit)), ..self }
    }

    /// Adds sessions.
    #[must_use]
    pub fn with_sessions(self, sessions: impl Sessions + 'static) -> Self {
        Self { sessions: Some(Box::new(sessions)), ..self }
    }

    /// Swaps all keys; requests that are past the door go on.
    pub fn replace_keys(&self, keys: Keys) {
        self.keys.store(Arc::new(keys));
    }

    /// Whose key this is, for a login form.
    #[must_use]
    pub fn find_key(&self, key: &[u8]) -> Option<Who> {
        self.keys.load().find(key)
    }

    /// Lets a request pass, or says why not.
    ///
    /// # Errors
    /// 401, 403 or 429; what [`Sessions`] says.
    pub async fn admit(&self, access: Access, exchange: &Exchange) -> Result<Option<Who>, Problem> {
        if access == Access::Public {
            return Ok(None);
        }
        let (who, failure) = match presented_key(exchange) {
            Some(key) => (self.find_key(&key), Failure::Wrong),
            None => match &self.sessions {
                Some(sessions) => (sessions.find(exchange).await?, Failure::Missing),
                None => (None, Failure::Missing),
            },
        };
        match who {
            Some(who) if who.access >= access => Ok(Some(who)),
            Some(_) => Err(Problem::forbidden()),
            None => Err(self.refusal(exchange.client(), failure)),
        }
    }

    /// The answer to a failed attempt; counts it.
    #[must_use]
    pub fn refusal(&self, client: IpAddr, failure: Failure) -> Problem {
        match self.limit.as_ref().and_then(|limit| limit.failed(client, failure)) {
            None => Problem::unauthorized(),
            Some(after) => Problem::new(
                ProblemCode::RateLimited,
                "Too many requests without a valid key from this address; wait, then send a valid one.",
            )
            .retry_after(after),
        }
    }
}

fn presented_key(exchange: &Exchange) -> Option<Cow<'_, [u8]>> {
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
