//! One key of our own API as it is written: `NAME:KEY`, or the key alone.
//!
//! Invariant: whoever has a text that stood in the list before keys had names still comes in with it. So what is written
//! with a name opens as a whole, too, and a colon after something that nobody would take for a name is a part of the key.
//! How to get it wrong: taking a name that is spelled wrong for the beginning of a key. `Dana:KEY` would not open with `KEY`,
//! and nobody would know why; so it is refused, and says how a key with such a beginning is written.

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::{InvalidKeyName, KeyName};

/// The most characters before a colon that may have been meant as a name.
const MEANT_AS_A_NAME_MAX: usize = 64;

/// A key, and whose it is.
#[derive(Clone)]
pub struct ApiKey {
    /// Whose it is, as audit trail, orders, log and pages say; without one they say its fingerprint.
    pub name: Option<KeyName>,
    /// What opens.
    pub key: SecretString,
    /// What opens as well: the element of the list as it is written, when that is more than the key.
    pub as_written: Option<SecretString>,
}

/// An element of the list, taken apart.
pub(super) struct Element<'t> {
    /// The name, or why it is none.
    pub name: Option<Result<KeyName, InvalidKeyName>>,
    pub key: &'t str,
}

impl<'t> Element<'t> {
    /// `NAME:KEY`, `:KEY`, or a key.
    pub(super) fn of(text: &'t str) -> Self {
        let bare = Self { name: None, key: text };
        let Some((before, key)) = text.split_once(':').map(|(before, key)| (before.trim(), key.trim())) else {
            return bare;
        };
        match before.parse() {
            _ if before.is_empty() => Self { name: None, key },
            Ok(name) => Self { name: Some(Ok(name)), key },
            Err(_) if !may_be_meant_as_a_name(before) => bare,
            Err(invalid) => Self { name: Some(Err(invalid)), key },
        }
    }
}

fn may_be_meant_as_a_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.chars().all(|character| character.is_alphanumeric() || " _.-@+".contains(character))
        && text.chars().count() <= MEANT_AS_A_NAME_MAX
}

impl ApiKey {
    /// The key that an element of the list is; a faulty name counts as none.
    pub(super) fn of(text: &str) -> Self {
        let Element { name, key } = Element::of(text);
        Self {
            name: name.and_then(Result::ok),
            key: SecretString::from(key),
            as_written: (key != text).then(|| SecretString::from(text)),
        }
    }
}

/// For noticing a change between two configurations of our own, as everything in `Secrets` is compared.
impl PartialEq for ApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.is_key_of(other)
    }
}

impl ApiKey {
    /// Whether both are the same key, whatever their names.
    pub(super) fn is_key_of(&self, other: &Self) -> bool {
        self.key.expose_secret() == other.key.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, String, Option<String>) {
        let ApiKey { name, key, as_written } = ApiKey::of(text);
        let whole = as_written.map(|whole| whole.expose_secret().to_owned());
        (name.map(|name| name.to_string()), key.expose_secret().to_owned(), whole)
    }

    #[test]
    fn a_name_stands_before_the_first_colon() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("0123456789abcdef"), (None, "0123456789abcdef".to_owned(), None));
        assert_eq!(read("dana:0123456789"), (some("dana"), "0123456789".to_owned(), some("dana:0123456789")));
        assert_eq!(read("dana: 01:23"), (some("dana"), "01:23".to_owned(), some("dana: 01:23")));
        assert_eq!(read(":Dana:0123"), (None, "Dana:0123".to_owned(), some(":Dana:0123")));
        assert_eq!(read("dana:"), (some("dana"), String::new(), some("dana:")));
    }

    #[test]
    fn a_colon_after_what_is_no_name_belongs_to_the_key() {
        for key in ["12:0123456789", "Zm9v+/=:0123456789", "!a:b", "(dana):0123456789", "a/b:c"] {
            assert_eq!(read(key), (None, key.to_owned(), None));
        }
        for odd in ["Dana:0123", "dana.s:0123", "dana@example.com:0123", "cron:0123", "Dana S:0123", "feedfacecafe:01"]
        {
            assert!(matches!(Element::of(odd).name, Some(Err(_))), "{odd}");
        }
    }
}
