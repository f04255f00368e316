//! Keys: what they open, and how one is recognised.
//!
//! Invariants: of keys only the SHA-256 digests, the lengths and what each one seals with are held; a presented one is
//! hashed and compared with every known one in constant time, so neither the answer's time nor a dump of the memory tells
//! anything else about them; what an admin key sealed is known by every instance that has the key, and by none that has not.
//! How to get it wrong: returning at the first match, comparing the keys themselves, or deriving `Debug`.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

/// What the secret that an admin key seals with is derived for.
const SEALING: &[u8] = b"callbunker session seal 1";

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
    /// The key they came with, now or when they logged in.
    pub fingerprint: Fingerprint,
    /// Whether a session vouches for them rather than the key itself.
    pub by_session: bool,
}

impl Who {
    /// As the audit trail names them: the key's fingerprint, or `session:` and that.
    #[must_use]
    pub fn name(&self) -> String {
        if self.by_session { format!("session:{}", self.fingerprint) } else { self.fingerprint.to_string() }
    }
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn mac(secret: &[u8], text: &[u8]) -> [u8; 32] {
    // Proof: HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

struct Entry {
    digest: [u8; 32],
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
    /// Admin and signup keys; one that is in both lists is an admin key.
    #[must_use]
    pub fn new(admin: &[SecretString], signup: &[SecretString]) -> Self {
        let entry = |access| {
            move |key: &SecretString| {
                let key = key.expose_secret().as_bytes();
                let digest = digest(key);
                let who = Who { access, fingerprint: Fingerprint::of_digest(&digest), by_session: false };
                Entry { digest, sealing: mac(key, SEALING), who }
            }
        };
        // Later entries win, so the admin keys come last.
        let entries = signup.iter().map(entry(Access::Signup)).chain(admin.iter().map(entry(Access::Admin))).collect();
        let lengths = signup.iter().chain(admin).map(|key| key.expose_secret().len());
        let mut lengths: Vec<usize> = lengths.filter(|length| *length > 0).collect();
        lengths.sort_unstable_by(|one, other| other.cmp(one));
        lengths.dedup();
        Self { entries, lengths }
    }

    /// Whether an admin key has this fingerprint.
    pub(super) fn has_admin(&self, fingerprint: Fingerprint) -> bool {
        self.admins().any(|known| known == fingerprint)
    }

    pub(crate) fn admins(&self) -> impl Iterator<Item = Fingerprint> {
        self.entries.iter().map(|entry| entry.who).filter(|who| who.access == Access::Admin).map(|who| who.fingerprint)
    }

    /// Whose key it is. Takes the same time whichever it is, and when it is nobody's.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Who> {
        let digest = digest(key);
        let mut found = u64::MAX;
        for (at, entry) in (0u64..).zip(&self.entries) {
            found.conditional_assign(&at, entry.digest.as_slice().ct_eq(&digest));
        }
        self.entries.get(usize::try_from(found).ok()?).map(|entry| entry.who)
    }

    /// What shows that a text was made for whoever has this admin key; `None` when no such key is in force.
    pub(super) fn seal(&self, text: &[u8], fingerprint: Fingerprint) -> Option<[u8; 32]> {
        let is_it = |entry: &&Entry| entry.who.access == Access::Admin && entry.who.fingerprint == fingerprint;
        self.entries.iter().find(is_it).map(|entry| mac(&entry.sealing, text))
    }

    /// The admin key that sealed a text. Takes the same time whichever it is, and when none did.
    pub(super) fn sealed_by(&self, text: &[u8], seal: &[u8]) -> Option<Fingerprint> {
        let mut found = u64::MAX;
        let admins = || self.entries.iter().filter(|entry| entry.who.access == Access::Admin);
        for (at, entry) in (0u64..).zip(admins()) {
            found.conditional_assign(&at, mac(&entry.sealing, text).as_slice().ct_eq(seal));
        }
        admins().nth(usize::try_from(found).ok()?).map(|entry| entry.who.fingerprint)
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
