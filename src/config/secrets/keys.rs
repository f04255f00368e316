//! The keys of our own API: which ones are too weak to open anything.
//!
//! How to get it wrong: looking for short words anywhere in a key. A random key holds any three letters sooner or
//! later; each word below is long enough, or must stand at the start.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use super::source::{Secret, Vault};

/// The fewest characters of a key.
pub(crate) const KEY_CHARACTERS_MIN: usize = 16;
/// The most characters of a key.
pub(crate) const KEY_CHARACTERS_MAX: usize = 256;
/// The most keys of one kind.
pub(crate) const KEYS_MAX: usize = 32;

/// Both kinds of keys.
pub(super) struct Keys {
    pub admin: Vec<SecretString>,
    pub signup: Vec<SecretString>,
}

/// Reads `ADMIN_API_KEY` and `SIGNUP_API_KEY`.
pub(super) fn read_keys(vault: &mut Vault<'_>) -> Keys {
    let admin = vault.required("ADMIN_API_KEY", "one or more keys, comma separated");
    let signup = vault.find("SIGNUP_API_KEY").ok().flatten();
    let admin_keys = admin.as_ref().map(|secret| split(vault, secret)).unwrap_or_default();
    let signup_keys = signup.as_ref().map(|secret| split(vault, secret)).unwrap_or_default();
    if let Some(secret) = &admin
        && admin_keys.is_empty()
    {
        vault.refuse(secret, "holds no key", "give at least one key of 16 characters or more");
    }
    if let Some(secret) = &signup
        && signup_keys.iter().any(|key| admin_keys.contains(key))
    {
        vault.refuse(
            secret,
            "holds a key that ADMIN_API_KEY holds too",
            "give the signup service a key of its own; an admin key may use the signup API anyway",
        );
    }
    let wrap = |keys: Vec<String>| keys.into_iter().map(SecretString::from).collect();
    Keys { admin: wrap(admin_keys), signup: wrap(signup_keys) }
}

fn split(vault: &mut Vault<'_>, secret: &Secret) -> Vec<String> {
    let text = secret.text.expose_secret();
    let keys: Vec<String> = text.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect();
    for (index, key) in keys.iter().enumerate() {
        if let Some(fault) = fault_of(key) {
            let what = match keys.len() {
                1 => fault.to_owned(),
                count => format!("holds a key (number {} of {count}) that {fault}", index + 1),
            };
            vault.refuse(secret, what, "give a random one, such as from: openssl rand -hex 24");
        }
    }
    if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
        vault.refuse(secret, "holds the same key twice", "remove the duplicate");
    }
    if keys.len() > KEYS_MAX {
        vault.refuse(secret, "holds more than 32 keys", "remove those that are no longer used");
    }
    keys
}

/// Why a key opens nothing, if it does not.
fn fault_of(key: &str) -> Option<&'static str> {
    let length = key.chars().count();
    if length < KEY_CHARACTERS_MIN {
        Some("is shorter than 16 characters")
    } else if length > KEY_CHARACTERS_MAX {
        Some("is longer than 256 characters")
    } else if is_placeholder(key) {
        Some("is a placeholder that anybody could guess")
    } else {
        None
    }
}

fn is_placeholder(key: &str) -> bool {
    const ANYWHERE: &[&str] = &[
        "changeme",
        "changethis",
        "yourkey",
        "yourapikey",
        "youradmin",
        "yoursignup",
        "yoursecret",
        "yourtoken",
        "keyhere",
        "tokenhere",
        "secrethere",
        "placeholder",
        "replaceme",
        "replacethis",
        "replacewith",
        "example",
    ];
    const AT_START: &[&str] =
        &["secret", "password", "passw0rd", "xxxx", "letmein", "qwerty", "insertkey", "todo", "dummy", "12345678"];
    let plain: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let different = key.to_lowercase().chars().collect::<BTreeSet<_>>().len();
    different < 4
        || ANYWHERE.iter().any(|word| plain.contains(word))
        || AT_START.iter().any(|word| plain.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_any_dress_open_nothing() {
        for weak in [
            "changeme",
            "CHANGE-ME-PLEASE-NOW",
            "changeme-changeme",
            "your_key_here_your_key",
            "Your-API-Key-goes-in",
            "placeholder-placeholder",
            "xxxxxxxxxxxxxxxxxxxxxx",
            "aaaaaaaaaaaaaaaaaaaa",
            "----------------",
            "abababababababab",
            "this-is-an-example-key",
            "secret-secret-secret",
            "SecretSecretSecret1",
            "password12345678",
            "<replace-me-with-a-key>",
            "1234567890123456",
            "fifteen-letters",
        ] {
            assert!(fault_of(weak).is_some(), "{weak}");
        }
        assert!(fault_of(&"ab3d".repeat(65)).is_some());
    }

    #[test]
    fn random_keys_open() {
        for strong in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "test-admin-key-0001",
            "Zm9vYmFyYmF6cXV4MTIz",
            "sixteen-letters!",
            "0123456789abcdef",
            "correct horse battery staple",
            "3f8a-xxxx-77b1-04c2",
        ] {
            assert_eq!(fault_of(strong), None, "{strong}");
        }
    }
}
