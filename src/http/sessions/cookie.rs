//! The token of a session, and the cookie that a browser keeps it in.
//!
//! Invariants: 256 random bits; what derives from it (its hash in the database, its CSRF token in pages) does not lead back.
//! How to get it wrong: a cookie without `Secure` behind a proxy. Only a browser on this very machine goes without.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{COOKIE, HeaderValue};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

use super::super::exchange::Exchange;
use crate::db::sessions::SESSION_AGE_MAX;

const NAME: &str = "callbunker_session";
const CSRF: &[u8] = b"callbunker csrf token 1";

/// A session's token: 64 hexadecimal digits.
pub(super) struct Token(String);

impl Token {
    /// A fresh one, from the system's generator.
    pub(super) fn fresh() -> Self {
        Self(hexadecimal(&rand::rng().random::<[u8; 32]>()))
    }

    /// The one that a request carries; `None` when none could be ours.
    pub(super) fn of(exchange: &Exchange) -> Option<Self> {
        let lines = exchange.headers().get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, value)| *name == NAME && is_token(value))?;
        Some(Self(value.to_owned()))
    }

    /// What the database knows it by.
    pub(super) fn hash(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.as_bytes()))
    }

    /// What the pages of this session carry.
    pub(super) fn csrf(&self) -> String {
        // Proof: HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes any key");
        mac.update(CSRF);
        hexadecimal(&mac.finalize().into_bytes())
    }

    /// Tells the browser to keep it.
    pub(super) fn set(&self, exchange: &Exchange) -> HeaderValue {
        cookie(&self.0, SESSION_AGE_MAX.as_secs(), exchange)
    }
}

/// Tells the browser to forget it.
pub(super) fn forget(exchange: &Exchange) -> HeaderValue {
    cookie("", 0, exchange)
}

fn cookie(value: &str, max_age_secs: u64, exchange: &Exchange) -> HeaderValue {
    let is_local = exchange.peer().ip().to_canonical().is_loopback() && !exchange.is_forwarded();
    let secure = if is_local { "" } else { "; Secure" };
    let text = format!("{NAME}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Strict{secure}");
    // Proof: hexadecimal digits and the words above are header characters.
    HeaderValue::from_str(&text).expect("a cookie is a header value")
}

fn is_token(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_what_derives_from_one_does_too() {
        let (one, two) = (Token::fresh(), Token::fresh());
        assert!(is_token(&one.0) && one.0 != two.0);
        assert!(one.hash() != one.csrf() && one.hash() != one.0 && one.csrf() != two.csrf());
        assert_eq!(Token(one.0.clone()).csrf(), one.csrf());
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        for value in ["", "abc", &"g".repeat(64), &"A".repeat(64), &"a".repeat(63), &"a".repeat(65)] {
            assert!(!is_token(value), "{value}");
        }
    }
}
