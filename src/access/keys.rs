//! Keys: what they open, and how one is recognised.
//!
//! Invariants: of keys only the SHA-256 digests, the lengths and what each one seals with are held; a presented one is
//! hashed and compared with every known one in constant time, so neither the answer's time nor a dump of the memory tells
//! anything else about them; what a key sealed is known by every instance that has the key, and by none that has not.
//! How to get it wrong: returning at the first match, comparing the keys themselves, or deriving `Debug`.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::who::{Access, Fingerprint, Person, Who};
use crate::domain::KeyName;

/// What the secret that a key seals with is derived for.
const SEALING: &[u8] = b"callbunker session seal 1";

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn mac(secret: &[u8], text: &[u8]) -> [u8; 32] {
    // Proof: HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// A key as the configuration gives it.
pub(crate) struct KnownKey<'k> {
    /// What it opens.
    pub(crate) access: Access,
    /// Whose it is.
    pub(crate) name: Option<KeyName>,
    /// What opens.
    pub(crate) key: &'k SecretString,
    /// What opens as well.
    pub(crate) as_written: Option<&'k SecretString>,
}

struct Entry {
    digest: [u8; 32],
    /// Of the other way to write it; the same when there is none.
    other_digest: [u8; 32],
    /// Derived from the key, so that it is the same on every instance, needs no place of its own, and ends with the key.
    sealing: [u8; 32],
    who: Who,
}

/// All keys that are valid at one time.
pub struct Keys {
    entries: Vec<Entry>,
    /// How long they are, the longest first, each length once.
    lengths: Vec<usize>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| entry.who)).finish()
    }
}

/// The keys in force, for all who must know them: a reload swaps them for everybody at once.
pub(super) type KeyRing = Arc<ArcSwap<Keys>>;

impl Keys {
    /// Admin and signup keys without names; one that is in both lists is an admin key.
    #[must_use]
    pub fn new(admin: &[SecretString], signup: &[SecretString]) -> Self {
        let known = |access| move |key| KnownKey { access, name: None, key, as_written: None };
        Self::of(signup.iter().map(known(Access::Signup)).chain(admin.iter().map(known(Access::Admin))))
    }

    /// All of them. One that is there twice opens what opens most.
    pub(crate) fn of<'k>(known: impl IntoIterator<Item = KnownKey<'k>>) -> Self {
        let mut known: Vec<KnownKey<'k>> = known.into_iter().collect();
        // Later entries win.
        known.sort_by_key(|known| known.access);
        let entry = |KnownKey { access, name, key, as_written }: &KnownKey<'k>| {
            let key = key.expose_secret().as_bytes();
            let digest = digest(key);
            let who =
                Who { access: *access, name: *name, fingerprint: Fingerprint::of_digest(&digest), by_session: false };
            let other_digest = as_written.map_or(digest, |other| self::digest(other.expose_secret().as_bytes()));
            Entry { digest, other_digest, sealing: mac(key, SEALING), who }
        };
        let entries = known.iter().map(entry).collect();
        let texts = known.iter().flat_map(|known| std::iter::once(known.key).chain(known.as_written));
        let lengths = texts.map(|key| key.expose_secret().len());
        let mut lengths: Vec<usize> = lengths.filter(|length| *length > 0).collect();
        lengths.sort_unstable_by(|one, other| other.cmp(one));
        lengths.dedup();
        Self { entries, lengths }
    }

    /// Whoever has this key and may log in.
    pub(super) fn who_may_log_in(&self, fingerprint: Fingerprint) -> Option<Who> {
        self.may_log_in().find(|who| who.fingerprint == fingerprint)
    }

    /// Whoever may log in: for a session, what its key opens now is what counts.
    pub(super) fn may_log_in(&self) -> impl Iterator<Item = Who> {
        self.openers().map(|entry| entry.who)
    }

    fn openers(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.who.access >= Access::ReadOnly)
    }

    /// Somebody as a row of the database names them.
    pub(crate) fn person(&self, stored: &str) -> Person {
        let named = self.entries.iter().map(|entry| entry.who).filter_map(|who| Some((who.name?, who.fingerprint)));
        Person::of(stored, named)
    }

    /// Whose key it is. Takes the same time whichever it is, and when it is nobody's.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Who> {
        let digest = digest(key);
        let mut found = u64::MAX;
        for (at, entry) in (0u64..).zip(&self.entries) {
            let is_it = entry.digest.as_slice().ct_eq(&digest) | entry.other_digest.as_slice().ct_eq(&digest);
            found.conditional_assign(&at, is_it);
        }
        self.entries.get(usize::try_from(found).ok()?).map(|entry| entry.who)
    }

    /// What shows that a text was made for whoever has this key; `None` when nobody may log in with it now.
    pub(super) fn seal(&self, text: &[u8], fingerprint: Fingerprint) -> Option<[u8; 32]> {
        self.openers().find(|entry| entry.who.fingerprint == fingerprint).map(|entry| mac(&entry.sealing, text))
    }

    /// The key that sealed a text. Takes the same time whichever it is, and when none did.
    pub(super) fn sealed_by(&self, text: &[u8], seal: &[u8]) -> Option<Fingerprint> {
        let mut found = u64::MAX;
        for (at, entry) in (0u64..).zip(self.openers()) {
            found.conditional_assign(&at, mac(&entry.sealing, text).as_slice().ct_eq(seal));
        }
        self.openers().nth(usize::try_from(found).ok()?).map(|entry| entry.who.fingerprint)
    }

    /// The length of the key that a text begins with, the longest if there are several.
    pub(super) fn at_start(&self, text: &str) -> Option<usize> {
        let begins = |length: &usize| text.get(..*length).is_some_and(|start| self.find(start.as_bytes()).is_some());
        self.lengths.iter().copied().find(|length| begins(length))
    }
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
        assert_eq!(Fingerprint::parse("ba7816bf8f01"), Some(Fingerprint::of(b"abc")));
        for wrong in ["", "ba7816bf8f0", "ba7816bf8f012", "BA7816BF8F01", "ba7816bf8f0g"] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_that_is_written_with_a_name_opens_with_it_and_without() {
        let (key, whole) = (SecretString::from("0123456789abcdef"), SecretString::from("dana:0123456789abcdef"));
        let (name, reads) = ("dana".parse().ok(), SecretString::from("fedcba9876543210"));
        let keys = Keys::of([
            KnownKey { access: Access::Admin, name, key: &key, as_written: Some(&whole) },
            KnownKey { access: Access::ReadOnly, name: None, key: &reads, as_written: None },
        ]);
        for text in [key.expose_secret(), whole.expose_secret()] {
            let who = keys.find(text.as_bytes()).unwrap();
            assert_eq!((who.name(), who.fingerprint), ("dana".to_owned(), Fingerprint::of(b"0123456789abcdef")));
            assert_eq!(keys.at_start(&format!("{text} and more")), Some(text.len()), "so it is taken out of texts");
        }
        for wrong in ["dana", "dana:", ":0123456789abcdef", "erin:0123456789abcdef", "dana:fedcba9876543210"] {
            assert!(keys.find(wrong.as_bytes()).is_none(), "{wrong}");
        }
        let reader = keys.find(b"fedcba9876543210").unwrap();
        assert_eq!(reader.access, Access::ReadOnly);
        let seal = keys.seal(b"text", reader.fingerprint).unwrap();
        assert_eq!(keys.sealed_by(b"text", &seal), Some(reader.fingerprint), "whoever only reads logs in, too");
    }

    #[test]
    fn only_the_admin_key_that_sealed_a_text_knows_it_again() {
        let keys = Keys::new(&secrets(&["admin-1", "admin-2"]), &secrets(&["signup-1"]));
        for key in ["admin-1", "admin-2"] {
            let fingerprint = Fingerprint::of(key.as_bytes());
            let seal = keys.seal(b"text", fingerprint).unwrap();
            assert_eq!(keys.sealed_by(b"text", &seal), Some(fingerprint));
            assert_eq!(
                Keys::new(&secrets(&[key]), &[]).sealed_by(b"text", &seal),
                Some(fingerprint),
                "on any instance"
            );
            assert_eq!(keys.sealed_by(b"other", &seal), None);
            assert_eq!(keys.sealed_by(b"text", &seal[..31]), None);
            assert_eq!(keys.sealed_by(b"text", b""), None);
            assert_eq!(Keys::new(&secrets(&["admin-3"]), &secrets(&[key])).sealed_by(b"text", &seal), None);
        }
        assert_eq!(keys.seal(b"text", Fingerprint::of(b"signup-1")), None);
        assert_eq!(keys.seal(b"text", Fingerprint::of(b"nobody")), None);
    }

    #[test]
    fn no_keys_open_nothing() {
        assert_eq!(Keys::new(&[], &[]).find(b""), None);
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", Keys::new(&secrets(&["very-secret-key"]), &[]));
        assert!(!shown.contains("very-secret"), "{shown}");
    }
}
