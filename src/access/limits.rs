//! How often: wrong keys from one address, and orders with one key.
//!
//! Wrong keys are counted in a window, exactly: 20 within a minute are let off with a 401, and until the first of them is a
//! minute old everything without a right key gets a 429. A bucket that refills drop by drop would let 39 through in the
//! first minute, or punish somebody who never sent more than 20. Orders are a bucket: there the refill is what is wanted.
//! Invariants: a right key always passes; no address harms another; the memory is bounded, whoever sends what.
//! How to get it wrong: counting the key that is missing. Browsers that come back after a night would be locked out.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::who::Fingerprint;
use crate::http::PerClient;

const WRONG_KEYS_MAX: usize = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered; while so many send wrong keys within a minute, further ones are not limited.
const ADDRESSES_MAX: usize = 100_000;

/// Orders with one key at once on one route, and then each second.
const ORDERS_BURST: NonZeroU32 = NonZeroU32::new(120).unwrap();
const ORDERS_PER_SECOND: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// Whether a key was there at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// No source held anything.
    Missing,
    /// A source held something that is no valid key.
    Wrong,
}

/// Counts failures per address, and says when an address has had too many.
pub trait FailureLimit: Send + Sync {
    /// Called once for each request that fails; `Some(after)` turns its 401 into a 429 with that `Retry-After`.
    fn failed(&self, client: IpAddr, failure: AuthFailure) -> Option<Duration>;
}

/// Wrong keys of each address.
#[derive(Default)]
pub struct WrongKeys(Mutex<Addresses>);

struct Addresses(PerClient<VecDeque<Instant>>);

impl Default for Addresses {
    fn default() -> Self {
        Self(PerClient::new(ADDRESSES_MAX))
    }
}

impl FailureLimit for WrongKeys {
    fn failed(&self, client: IpAddr, failure: AuthFailure) -> Option<Duration> {
        let mut addresses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.failed(client, failure, Instant::now())
    }
}

impl Addresses {
    fn failed(&mut self, client: IpAddr, failure: AuthFailure, now: Instant) -> Option<Duration> {
        if let Some(times) = self.0.known(client) {
            while times.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
                times.pop_front();
            }
            if times.len() >= WRONG_KEYS_MAX {
                // What is refused does not count: it told the sender nothing.
                return times.front().map(|first| WINDOW - now.duration_since(*first));
            }
        }
        if failure == AuthFailure::Wrong {
            let in_window =
                |times: &mut VecDeque<Instant>| times.back().is_some_and(|last| now.duration_since(*last) < WINDOW);
            if let Some(times) = self.0.remember(client, now, VecDeque::new, in_window) {
                times.push_back(now);
            }
        }
        None
    }
}

/// Orders of each key on each route.
pub(super) struct OrderLimit(DefaultKeyedRateLimiter<(Fingerprint, &'static str)>);

impl Default for OrderLimit {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_second(ORDERS_PER_SECOND).allow_burst(ORDERS_BURST)))
    }
}

impl OrderLimit {
    /// Counts one order; `Some(after)` when it must wait.
    #[must_use]
    pub(super) fn ordered(&self, by: Fingerprint, route: &'static str) -> Option<Duration> {
        let refused = self.0.check_key(&(by, route)).err()?;
        Some(refused.wait_time_from(DefaultClock::default().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: AuthFailure = AuthFailure::Wrong;
    const MISSING: AuthFailure = AuthFailure::Missing;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn twenty_wrong_keys_a_minute_are_let_off_and_the_window_slides() {
        let (mut addresses, begin, client) = (Addresses::default(), Instant::now(), address("192.0.2.1"));
        let at = |seconds| begin + Duration::from_secs(seconds);
        for second in 0..20 {
            assert_eq!(addresses.failed(client, MISSING, at(second)), None);
            assert_eq!(addresses.failed(client, WRONG, at(second)), None);
        }
        for failure in [WRONG, MISSING] {
            assert_eq!(addresses.failed(client, failure, at(20)), Some(Duration::from_secs(40)));
        }
        assert_eq!(addresses.failed(address("192.0.2.2"), WRONG, at(20)), None, "others are unharmed");
        assert_eq!(addresses.failed(client, WRONG, at(60)), None, "the first is a minute old");
        assert_eq!(addresses.failed(client, WRONG, at(60)), Some(Duration::from_secs(1)));
        assert_eq!(addresses.failed(client, MISSING, at(200)), None);
    }

    #[test]
    fn a_customers_ipv6_addresses_are_one() {
        let (mut addresses, now) = (Addresses::default(), Instant::now());
        for host in 0..20 {
            assert_eq!(addresses.failed(address(&format!("2001:db8:0:1::{host:x}")), WRONG, now), None);
        }
        assert!(addresses.failed(address("2001:db8:0:1:ffff::"), WRONG, now).is_some());
        assert_eq!(addresses.failed(address("2001:db8:0:2::1"), WRONG, now), None);
    }

    #[test]
    fn the_memory_is_bounded_and_a_full_one_lets_go_of_what_is_old() {
        let (mut addresses, begin) = (Addresses::default(), Instant::now());
        let count = u32::try_from(ADDRESSES_MAX).unwrap() + 5000;
        for host in 0..count {
            addresses.failed(IpAddr::V4(host.into()), WRONG, begin);
        }
        assert_eq!(addresses.0.len(), ADDRESSES_MAX);
        addresses.failed(address("203.0.113.1"), WRONG, begin + WINDOW);
        assert_eq!(addresses.0.len(), 1);
    }

    #[test]
    fn orders_of_one_key_have_a_limit_on_each_route() {
        let (limit, key) = (OrderLimit::default(), Fingerprint::of(b"one"));
        for _ in 0..ORDERS_BURST.get() {
            assert_eq!(limit.ordered(key, "/purchase"), None);
        }
        // Each takes far less time than the bucket takes for its next drop.
        let refused = (0..100).find_map(|_| limit.ordered(key, "/purchase"));
        assert!(refused.is_some_and(|after| after <= Duration::from_secs(1)), "{refused:?}");
        assert_eq!(limit.ordered(key, "/replenish"), None);
        assert_eq!(limit.ordered(Fingerprint::of(b"two"), "/purchase"), None);
    }
}
