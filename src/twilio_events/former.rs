//! Addresses that Twilio was given before: what it could not deliver it tries again, signed over the address that it had then.
//!
//! Invariant: an address is one of ours for as long as Twilio tries; what is sent to it must be signed with the token all the same.
//! How to get it wrong: forgetting the former one before the new one is in force. What comes between would be lost.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

/// So long Twilio tries again.
const TRIED_FOR: Duration = Duration::from_secs(4 * 60 * 60);
/// More are forgotten, the oldest first: nobody changes it so often.
const KEPT_MAX: usize = 8;

/// The addresses that were in force on this instance, each with when that ended.
#[derive(Debug, Default)]
pub(crate) struct FormerAddresses(Mutex<Vec<(Url, Instant)>>);

impl FormerAddresses {
    /// Another address comes into force, or none.
    pub(crate) fn keep(&self, url: &Url) {
        self.keep_at(url, Instant::now());
    }

    /// Those that Twilio may still have signed something over.
    pub(crate) fn valid(&self) -> Vec<Url> {
        self.valid_at(Instant::now())
    }

    fn keep_at(&self, url: &Url, now: Instant) {
        let mut former = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        former.retain(|(other, _)| other != url);
        former.push((url.clone(), now));
        if former.len() > KEPT_MAX {
            former.remove(0);
        }
    }

    fn valid_at(&self, now: Instant) -> Vec<Url> {
        let mut former = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        former.retain(|(_, since)| now.saturating_duration_since(*since) < TRIED_FOR);
        former.iter().map(|(url, _)| url.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str) -> Url {
        format!("https://{name}.example/twilio/events").parse().unwrap()
    }

    #[test]
    fn an_address_is_valid_for_as_long_as_twilio_tries() {
        let (former, begin) = (FormerAddresses::default(), Instant::now());
        former.keep_at(&url("a"), begin);
        former.keep_at(&url("b"), begin + TRIED_FOR / 2);
        assert_eq!(former.valid_at(begin + TRIED_FOR / 2), [url("a"), url("b")]);
        assert_eq!(former.valid_at(begin + TRIED_FOR), [url("b")]);
        // It was in force once more.
        former.keep_at(&url("b"), begin + TRIED_FOR);
        assert_eq!(former.valid_at(begin + TRIED_FOR * 3 / 2), [url("b")]);
        assert_eq!(former.valid_at(begin + TRIED_FOR * 2), []);
    }

    #[test]
    fn only_so_many_are_kept() {
        let (former, now) = (FormerAddresses::default(), Instant::now());
        for n in 0..KEPT_MAX + 3 {
            former.keep_at(&url(&format!("n{n}")), now);
        }
        let valid = former.valid_at(now);
        assert_eq!((valid.len(), &valid[0]), (KEPT_MAX, &url("n3")));
    }
}
