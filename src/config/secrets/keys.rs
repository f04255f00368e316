//! The keys of our own API: which ones are too weak to open anything, and which stand where they must not.
//!
//! Invariant: no problem shows a key, or what stands before its colon, which may be a part of one.
//! How to get it wrong: looking for short words anywhere in a key. A random key holds any three letters sooner or
//! later; each word below is long enough, or must stand at the start.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use super::api_key::{ApiKey, Element};
use super::source::{Secret, Vault};

/// The fewest characters of a key.
pub(crate) const KEY_CHARACTERS_MIN: usize = 16;
/// The most characters of a key.
pub(crate) const KEY_CHARACTERS_MAX: usize = 256;
/// The most keys of one kind.
pub(crate) const KEYS_MAX: usize = 32;

/// The variables that hold keys, and what each one's keys are called.
const VARIABLES: [(&str, &str); 3] = [
    ("ADMIN_API_KEY", "the operators"),
    ("READONLY_API_KEY", "whoever only reads"),
    ("SIGNUP_API_KEY", "the signup service"),
];

/// All kinds of keys.
pub(super) struct Keys {
    pub admin: Vec<ApiKey>,
    pub readonly: Vec<ApiKey>,
    pub signup: Vec<ApiKey>,
}

/// Reads `ADMIN_API_KEY`, `READONLY_API_KEY` and `SIGNUP_API_KEY`.
pub(super) fn read_keys(vault: &mut Vault<'_>) -> Keys {
    let admin = vault.required("ADMIN_API_KEY", "one or more keys, comma separated");
    let others = VARIABLES.iter().skip(1).map(|(name, _)| vault.find(name).ok().flatten());
    let secrets: Vec<Option<Secret>> = std::iter::once(admin).chain(others.collect::<Vec<_>>()).collect();
    let mut kinds: Vec<Vec<ApiKey>> = Vec::new();
    for (secret, (_, whose)) in secrets.iter().zip(VARIABLES) {
        let keys = secret.as_ref().map(|secret| split(vault, secret)).unwrap_or_default();
        if let Some(secret) = secret {
            let before: Vec<(&str, &[ApiKey])> =
                VARIABLES.iter().zip(&kinds).map(|((name, _), keys)| (*name, keys.as_slice())).collect();
            compare(vault, secret, &keys, &before, whose);
        }
        kinds.push(keys);
    }
    if let Some(Some(secret)) = secrets.first()
        && kinds.first().is_some_and(Vec::is_empty)
    {
        vault.refuse(secret, "holds no key", "give at least one key of 16 characters or more");
    }
    let mut kinds = kinds.into_iter();
    let mut next = || kinds.next().unwrap_or_default();
    Keys { admin: next(), readonly: next(), signup: next() }
}

/// A key opens one kind of thing, and a name means one person or program.
fn compare(vault: &mut Vault<'_>, secret: &Secret, keys: &[ApiKey], before: &[(&str, &[ApiKey])], whose: &str) {
    for (other, theirs) in before {
        let remedy = match secret.name.as_str() {
            "SIGNUP_API_KEY" if *other == "ADMIN_API_KEY" => "; an admin key may use the signup API anyway",
            "READONLY_API_KEY" => "; an admin key may read everything anyway",
            _ => "",
        };
        if keys.iter().any(|key| theirs.iter().any(|theirs| theirs.is_key_of(key))) {
            let what = format!("holds a key that {other} holds too");
            vault.refuse(secret, what, format!("give {whose} a key of its own{remedy}"));
        }
        if keys.iter().any(|key| key.name.is_some() && theirs.iter().any(|theirs| theirs.name == key.name)) {
            let what = format!("gives a name that {other} gives too");
            vault.refuse(
                secret,
                what,
                "give each key a name of its own, so that the audit trail says which one it was",
            );
        }
    }
}

fn split(vault: &mut Vault<'_>, secret: &Secret) -> Vec<ApiKey> {
    let text = secret.text.expose_secret();
    let elements: Vec<&str> = text.split(',').map(str::trim).filter(|key| !key.is_empty()).collect();
    for (index, element) in elements.iter().enumerate() {
        for (fault, remedy) in faults_of(element) {
            let what = match elements.len() {
                1 => fault.to_owned(),
                count => format!("holds a key (number {} of {count}) that {fault}", index + 1),
            };
            vault.refuse(secret, what, remedy);
        }
    }
    let keys: Vec<ApiKey> = elements.into_iter().map(ApiKey::of).collect();
    if keys.iter().map(|key| key.key.expose_secret()).collect::<BTreeSet<_>>().len() < keys.len() {
        vault.refuse(secret, "holds the same key twice", "remove the duplicate");
    }
    let names: Vec<&str> = keys.iter().filter_map(|key| Some(key.name.as_ref()?.as_str())).collect();
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
        let remedy = "give each key a name of its own, such as dana and dana-new while a key is rotated";
        vault.refuse(secret, "gives the same name twice", remedy);
    }
    if keys.len() > KEYS_MAX {
        vault.refuse(secret, "holds more than 32 keys", "remove those that are no longer used");
    }
    keys
}

/// What is wrong with an element of the list, and what to do; never what it holds.
fn faults_of(element: &str) -> Vec<(String, String)> {
    let Element { name, key } = Element::of(element);
    let mut faults = Vec::new();
    let is_named = name.is_some();
    if let Some(Err(invalid)) = name {
        let fault = format!("has a name before its colon that {invalid}");
        faults.push((fault, "write NAME:KEY, or :KEY when the colon is a part of the key itself".to_owned()));
    }
    let random = "give a random one, such as from: openssl rand -hex 24";
    match fault_of(key) {
        _ if key.is_empty() => {
            faults.push(("is empty".to_owned(), "write NAME:KEY, with a key behind the colon".to_owned()))
        }
        _ if key.starts_with(['"', '\'']) => {
            faults.push(("stands in quotes".to_owned(), "write NAME:KEY without them".to_owned()));
        }
        Some(fault) if is_named => {
            let remedy = format!("{random} (when the colon is a part of the key itself, write :KEY)");
            faults.push((format!("{fault} behind its colon"), remedy));
        }
        Some(fault) => faults.push((fault.to_owned(), random.to_owned())),
        None => {}
    }
    faults
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
