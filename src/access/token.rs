//! The token of a session, and the cookie that a browser keeps it in.
//!
//! Invariants: 256 random bits; what derives from it (its hash in the database, its CSRF token in pages) does not lead back;
//! it proves by itself that an admin key in force made it, so nothing that a stranger made up is asked of PostgreSQL.
//! How to get it wrong: a secret of this process for that proof. Every instance must know it, and it must end with its key.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{COOKIE, HeaderValue};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

use super::keys::Keys;
use super::who::Fingerprint;
use crate::db::sessions::SESSION_AGE_MAX;
use crate::http::{Exchange, Lives, cookie};

const NAME: &str = "callbunker_session";
const CSRF: &[u8] = b"callbunker csrf token 1";
/// The random part, in hexadecimal digits; the seal is as long.
const RANDOM_DIGITS: usize = 64;
/// Cookies of this name that are looked at in one request: a page elsewhere under our domain may have set others.
const CARRIED_MAX: usize = 8;

/// A session's token: 64 hexadecimal digits by chance, and as many that only an admin key in force can have made of them.
pub(crate) struct Token(String);

/// What a request carries as a session's cookie.
pub(crate) enum Carried {
    Nothing,
    /// Something that no key in force ever sealed.
    MadeUp,
    /// A token that this key sealed at a login; whether its session lives yet, only the database knows.
    Sealed(Token, Fingerprint),
}

impl Token {
    /// A fresh one, from the system's generator, for a session that this key opens; `None` when it is no admin key now.
    pub(crate) fn fresh(keys: &Keys, opened_with: Fingerprint) -> Option<Self> {
        let random = hexadecimal(&rand::rng().random::<[u8; RANDOM_DIGITS / 2]>());
        let seal = keys.seal(random.as_bytes(), opened_with)?;
        Some(Self(random + &hexadecimal(&seal)))
    }

    /// The one that a request carries.
    pub(crate) fn of(exchange: &Exchange, keys: &Keys) -> Carried {
        let lines = exchange.headers().get_all(COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let values = pairs.filter_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(NAME.as_bytes())?.strip_prefix(b"=")?;
            (!value.is_empty()).then_some(value)
        });
        let mut carried = Carried::Nothing;
        for value in values.take(CARRIED_MAX) {
            match sealed(value, keys) {
                Some((token, key)) => return Carried::Sealed(token, key),
                None => carried = Carried::MadeUp,
            }
        }
        carried
    }

    /// The same, when nothing but a sealed one matters.
    pub(crate) fn sealed_of(exchange: &Exchange, keys: &Keys) -> Option<Self> {
        match Self::of(exchange, keys) {
            Carried::Sealed(token, _) => Some(token),
            Carried::Nothing | Carried::MadeUp => None,
        }
    }

    /// What the database knows it by.
    pub(crate) fn hash(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.as_bytes()))
    }

    /// What the pages of this session carry.
    pub(crate) fn csrf(&self) -> String {
        // Proof: HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes any key");
        mac.update(CSRF);
        hexadecimal(&mac.finalize().into_bytes())
    }

    /// Tells the browser to keep it.
    pub(crate) fn set(&self, exchange: &Exchange) -> HeaderValue {
        cookie(exchange, NAME, &self.0, "/", Lives::For(SESSION_AGE_MAX))
    }
}

/// Tells the browser to forget it.
pub(crate) fn forget(exchange: &Exchange) -> HeaderValue {
    cookie(exchange, NAME, "", "/", Lives::NoMore)
}

/// The token that a cookie's value is, and the key that sealed it. Nothing of it goes anywhere before that is known.
fn sealed(value: &[u8], keys: &Keys) -> Option<(Token, Fingerprint)> {
    let is_shaped =
        value.len() == 2 * RANDOM_DIGITS && value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_shaped {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    let (random, seal) = text.split_at(RANDOM_DIGITS);
    let key = keys.sealed_by(random.as_bytes(), &bytes_of(seal)?)?;
    Some((Token(text.to_owned()), key))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn keys(admin: &[&str]) -> Keys {
        Keys::new(&admin.iter().map(|key| SecretString::from(*key)).collect::<Vec<_>>(), &[])
    }

    #[test]
    fn tokens_differ_and_what_derives_from_one_does_too() {
        let keys = keys(&["one", "two"]);
        let fresh = |key: &str| Token::fresh(&keys, Fingerprint::of(key.as_bytes())).unwrap();
        let (one, two) = (fresh("one"), fresh("one"));
        assert!(one.0.len() == 128 && one.0 != two.0);
        assert!(one.hash() != one.csrf() && one.hash() != one.0 && one.csrf() != two.csrf());
        assert_eq!(Token(one.0.clone()).csrf(), one.csrf());
        assert!(Token::fresh(&keys, Fingerprint::of(b"three")).is_none());
    }

    #[test]
    fn only_what_a_key_in_force_sealed_is_a_token() {
        let both = keys(&["one", "two"]);
        for key in ["one", "two"] {
            let fingerprint = Fingerprint::of(key.as_bytes());
            let token = Token::fresh(&both, fingerprint).unwrap().0;
            assert_eq!(sealed(token.as_bytes(), &both).unwrap().1, fingerprint);
            assert_eq!(sealed(token.as_bytes(), &keys(&[key])).unwrap().1, fingerprint, "another instance");
            assert!(sealed(token.as_bytes(), &keys(&["three"])).is_none(), "the key is no more");
            let (random, seal) = token.split_at(RANDOM_DIGITS);
            let other = if random.starts_with('0') { "1" } else { "0" };
            for made_up in [
                format!("{other}{}{seal}", &random[1..]),
                format!("{seal}{random}"),
                token.to_uppercase(),
                random.to_owned(),
                token.clone() + "0",
                "0".repeat(128),
                String::new(),
            ] {
                assert!(made_up == token || sealed(made_up.as_bytes(), &both).is_none(), "{made_up}");
            }
        }
    }
}
