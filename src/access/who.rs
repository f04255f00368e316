//! Who makes a request, what they may do, and how they are told of.
//!
//! Invariant: a person is the same in the audit trail, in orders, in the log and on pages, whether they came with their key or
//! logged in with it; which key it was is known as well, by its fingerprint.
//! How to get it wrong: comparing what a key opens with `>=` alone. A key that only reads reads what signups see, and may not
//! do what signups do.

use std::fmt;

use http::Method;
use sha2::{Digest as _, Sha256};

use crate::domain::KeyName;

/// What a route asks for, and what a key opens. Each one includes those before it, but for what [`Access::opens`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Anybody; keys are not looked at.
    Public,
    /// A signup key, or one that opens more.
    Signup,
    /// A key that only reads, or an admin key.
    ReadOnly,
    /// An admin key.
    Admin,
}

impl Access {
    /// Whether a key that opens this much passes where `asked` is asked for.
    pub(super) fn opens(self, asked: Self, method: &Method) -> bool {
        match (self, asked) {
            (Self::ReadOnly, Self::Signup) => method.is_safe(),
            (has, asked) => has >= asked,
        }
    }

    /// What kind of key it is, in the API's words.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Public => "nobody",
            Self::Signup => "signup",
            Self::ReadOnly => "readonly",
            Self::Admin => "admin",
        }
    }
}

/// The first 12 hexadecimal digits of a key's SHA-256: tells keys apart in the log and the audit, opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 12]);

impl Fingerprint {
    /// The fingerprint of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self::of_digest(&Sha256::digest(key).into())
    }

    pub(super) fn of_digest(digest: &[u8; 32]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        Self(std::array::from_fn(|at| {
            let byte = digest[at / 2];
            DIGITS[usize::from(if at % 2 == 0 { byte >> 4 } else { byte & 15 })]
        }))
    }

    /// A fingerprint as it was written down; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 12] = text.as_bytes().try_into().ok()?;
        digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')).then_some(Self(digits))
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
    /// What the operator calls them.
    pub name: Option<KeyName>,
    /// The key they came with, now or when they logged in.
    pub fingerprint: Fingerprint,
    /// Whether a session vouches for them rather than the key itself.
    pub by_session: bool,
}

impl Who {
    /// As the database, the log and pages name them: their name, or their key's fingerprint when it has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.map_or_else(|| self.fingerprint.to_string(), |name| name.to_string())
    }

    /// As the audit trail names them: where there is no name, a session is told from a key.
    pub(super) fn in_trail(&self) -> String {
        if self.by_session && self.name.is_none() { format!("{SESSION}{}", self.fingerprint) } else { self.name() }
    }
}

/// How the audit trail begins when a session without a name did something.
const SESSION: &str = "session:";

/// Somebody of whom a row tells, as a page shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Their name, or what stands there.
    pub(crate) name: String,
    /// Their key's fingerprint, as far as it is known.
    pub(crate) key_hash: Option<Fingerprint>,
}

impl Person {
    /// Whether their name is more than their key's fingerprint.
    pub(crate) fn is_named(&self) -> bool {
        self.key_hash.is_none_or(|key| key.as_str() != self.name)
    }

    /// Somebody as a row names them; `known` are the names and keys in force. A row from before a key had a name is told with
    /// the name that its key has now.
    pub(super) fn of(stored: &str, known: impl Iterator<Item = (KeyName, Fingerprint)>) -> Self {
        let (by_key, mut known) = (key_in(stored), known);
        let found = known.find(|(name, key)| by_key.map_or_else(|| name.as_str() == stored, |by_key| by_key == *key));
        match found {
            Some((name, key)) => Self { name: name.to_string(), key_hash: Some(key) },
            None => Self { name: stored.strip_prefix(SESSION).unwrap_or(stored).to_owned(), key_hash: by_key },
        }
    }
}

/// The key by which a row names somebody who had no name.
pub(crate) fn key_in(stored: &str) -> Option<Fingerprint> {
    Fingerprint::parse(stored.strip_prefix(SESSION).unwrap_or(stored))
}

/// Whether a row says by itself that a session did it.
pub(crate) fn says_session(stored: &str) -> bool {
    stored.starts_with(SESSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_only_reads_does_nothing_not_even_what_signups_do() {
        let (get, head, post) = (&Method::GET, &Method::HEAD, &Method::POST);
        for (has, asked, method, passes) in [
            (Access::Admin, Access::Admin, post, true),
            (Access::Admin, Access::Signup, post, true),
            (Access::ReadOnly, Access::ReadOnly, get, true),
            (Access::ReadOnly, Access::ReadOnly, post, true), // the way out
            (Access::ReadOnly, Access::Signup, get, true),
            (Access::ReadOnly, Access::Signup, head, true),
            (Access::ReadOnly, Access::Signup, post, false),
            (Access::ReadOnly, Access::Admin, get, false),
            (Access::ReadOnly, Access::Admin, post, false),
            (Access::Signup, Access::Signup, post, true),
            (Access::Signup, Access::ReadOnly, get, false),
        ] {
            assert_eq!(has.opens(asked, method), passes, "{has:?} {asked:?} {method}");
        }
    }

    #[test]
    fn whoever_has_a_name_is_told_by_it_in_rows_of_every_age() {
        let (key, name): (_, KeyName) = (Fingerprint::of(b"one"), "dana".parse().unwrap());
        let who = |name, by_session| Who { access: Access::Admin, name, fingerprint: key, by_session };
        assert_eq!((who(Some(name), true).in_trail(), who(Some(name), false).name()), ("dana".into(), "dana".into()));
        assert_eq!(who(None, true).in_trail(), format!("session:{key}"));
        assert_eq!(who(None, true).name(), key.to_string());
        let told = |stored: &str| {
            let Person { name, key_hash } = Person::of(stored, [(name, key)].into_iter());
            (name, key_hash)
        };
        for row in ["dana".to_owned(), key.to_string(), format!("session:{key}")] {
            assert_eq!(told(&row), ("dana".to_owned(), Some(key)), "{row}");
        }
        assert_eq!(told("session:ba7816bf8f01"), ("ba7816bf8f01".to_owned(), Fingerprint::parse("ba7816bf8f01")));
        for other in ["cron", "nobody", "erin"] {
            assert_eq!(told(other), (other.to_owned(), None));
        }
    }
}
