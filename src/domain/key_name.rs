//! The name of a key: who has it, as the audit trail, the orders, the log and the pages say it.
//!
//! How to get it wrong: a name that may be read as something else. Where a name stands, a key's fingerprint stood before
//! keys had names, and what callbunker does by itself has words of its own.

use std::fmt;
use std::str::FromStr;

/// The most characters of a name.
const CHARACTERS_MAX: usize = 32;
/// What stands where a name stands, and is none.
const TAKEN: &[&str] = &["callbunker", "cron", "nobody", "session"];

/// A key's name: `[a-z][a-z0-9_-]{0,31}`, which is neither a word of callbunker's own nor like a fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyName {
    bytes: [u8; CHARACTERS_MAX],
    length: u8,
}

/// Why a text is no name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyName {
    /// Other characters, or too many.
    #[error("is not a letter of a-z and then at most 31 of a-z, 0-9, - and _")]
    Characters,
    /// A word that stands for something else where names stand.
    #[error("stands for something else: {} and 12 hexadecimal digits are no names", TAKEN.join(", "))]
    Taken,
}

impl KeyName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Proof: `from_str` lets nothing but ASCII in.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("a name is ASCII")
    }
}

impl FromStr for KeyName {
    type Err = InvalidKeyName;

    fn from_str(text: &str) -> Result<Self, InvalidKeyName> {
        let is_fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if !text.starts_with(|first: char| first.is_ascii_lowercase())
            || !text.bytes().all(is_fine)
            || text.len() > CHARACTERS_MAX
        {
            return Err(InvalidKeyName::Characters);
        }
        let is_like_a_fingerprint =
            text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9'));
        if TAKEN.contains(&text) || is_like_a_fingerprint {
            return Err(InvalidKeyName::Taken);
        }
        let mut bytes = [0; CHARACTERS_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        // Proof: at most 32.
        Ok(Self { bytes, length: text.len() as u8 })
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_like_nothing_else() {
        let longest = "a".repeat(32);
        for name in ["dana", "d", "ci-2", "on_call", "feedfacecafe0", "abcdefabcde", longest.as_str()] {
            assert_eq!(name.parse::<KeyName>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
        let too_long = "a".repeat(33);
        for odd in ["", "Dana", "2nd", "-a", "_a", "da na", "dana.s", "dána", "dana@example.com", too_long.as_str()] {
            assert_eq!(odd.parse::<KeyName>(), Err(InvalidKeyName::Characters), "{odd}");
        }
        for taken in ["cron", "nobody", "callbunker", "session", "feedfacecafe"] {
            assert_eq!(taken.parse::<KeyName>(), Err(InvalidKeyName::Taken), "{taken}");
        }
    }
}
