//! Who may do what: keys, where they stand in a request, and how they are compared.
//!
//! Invariants: a presented key is hashed and compared with every known key in constant time; a missing and a wrong key
//! get the same answer; keys are held only as SHA-256 digests; a reload swaps all keys at once.
//! How to get it wrong: returning at the first match, comparing the keys themselves, or naming the key in a message.
//!
//! The first source that is present counts: `X-Admin-API-Key`, then `Authorization: Bearer`, then `?api_key=`, then a
//! session, if sessions are known at all.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::exchange::Exchange;
use super::problem::{Problem, ProblemCode};
use super::uri::{KEY_PARAMETER, query_value};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-admin-api-key");

/// What a route asks for, and what a key opens. Each one includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Anybody; keys are not looked at.
    Public,
    /// A signup key or an admin key.
    Signup,
    /// An admin key.
    Admin,
}

/// The first 12 hexadecimal digits of a key's SHA-256: tells keys apart in the log and the audit, opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 12]);

impl Fingerprint {
    /// The fingerprint of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self::of_digest(&digest(key))
    }

    fn of_digest(digest: &[u8; 32]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        Self(std::array::from_fn(|at| {
            let byte = digest[at / 2];
            DIGITS[usize::from(if at % 2 == 0 { byte >> 4 } else { byte & 15 })]
        }))
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of hexadecimal digits")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// What they may do.
    pub access: Access,
    /// The key they came with, now or when they logged in.
    pub fingerprint: Fingerprint,
    /// Whether a session vouches for them rather than the key itself.
    pub by_session: bool,
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

struct Entry {
    digest: [u8; 32],
    who: Who,
}

/// All keys that are valid at one time.
pub struct Keys(Vec<Entry>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|entry| entry.who)).finish()
    }
}

impl Keys {
    /// Admin and signup keys; one that is in both lists is an admin key.
    #[must_use]
    pub fn new(admin: &[SecretString], signup: &[SecretString]) -> Self {
        let entry = |access| {
            move |key: &SecretString| {
                let digest = digest(key.expose_secret().as_bytes());
                Entry { digest, who: Who { access, fingerprint: Fingerprint::of_digest(&digest), by_session: false } }
            }
        };
        // Later entries win, so the admin keys come last.
        Self(signup.iter().map(entry(Access::Signup)).chain(admin.iter().map(entry(Access::Admin))).collect())
    }

    /// Whose key it is. Takes the same time whichever it is, and when it is nobody's.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Who> {
        let digest = digest(key);
        let mut found = u64::MAX;
        for (at, entry) in (0u64..).zip(&self.0) {
            found.conditional_assign(&at, entry.digest.as_slice().ct_eq(&digest));
        }
        self.0.get(usize::try_from(found).ok()?).map(|entry| entry.who)
    }
}

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

    fn secrets(keys: &[&str]) -> Vec<SecretString> {
        keys.iter().map(|key| SecretString::from(*key)).collect()
    }

    #[test]
    fn every_key_of_a_rotation_opens_and_the_fingerprint_tells_them_apart() {
        let keys = Keys::new(&secrets(&["admin-1", "admin-2", "both"]), &secrets(&["signup-1", "both"]));
        let access = |key: &str| keys.find(key.as_bytes()).map(|who| who.access);
        assert_eq!(access("admin-1"), Some(Access::Admin));
        assert_eq!(access("admin-2"), Some(Access::Admin));
        assert_eq!(access("both"), Some(Access::Admin));
        assert_eq!(access("signup-1"), Some(Access::Signup));
        for wrong in ["", "admin-", "admin-11", "ADMIN-1"] {
            assert_eq!(access(wrong), None, "{wrong:?}");
        }
        let fingerprint = keys.find(b"admin-1").unwrap().fingerprint;
        assert_eq!(fingerprint, Fingerprint::of(b"admin-1"));
        assert_ne!(fingerprint, keys.find(b"admin-2").unwrap().fingerprint);
        assert_eq!(Fingerprint::of(b"abc").as_str(), "ba7816bf8f01");
    }

    #[test]
    fn no_keys_open_nothing() {
        assert_eq!(Keys::new(&[], &[]).find(b""), None);
    }

    #[test]
    fn the_bearer_scheme_is_case_insensitive_and_others_are_not_keys() {
        assert_eq!(bearer(b"Bearer abc"), Some(b"abc".as_slice()));
        assert_eq!(bearer(b"bEARER  abc "), Some(b"abc".as_slice()));
        assert_eq!(bearer(b"Bearer "), Some(b"".as_slice()));
        assert_eq!(bearer(b"Basic abc"), None);
        assert_eq!(bearer(b"Bearer"), None);
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", Keys::new(&secrets(&["very-secret-key"]), &[]));
        assert!(!shown.contains("very-secret"), "{shown}");
    }
}
