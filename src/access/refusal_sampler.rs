//! Which refused calls stand in the audit trail, when there are too many for all of them.
//!
//! ```text
//! somebody known ─ their own bucket, a generous one
//! a stranger ─ everybody's bucket, and of that a small share for each address ─┬─ 401 and the like
//!                                                                              └─ 429, in buckets of its own
//! ```
//!
//! Invariants: strangers, however many, never use up what is kept for those whose key is known; one address uses up a
//! part of what is kept for all strangers; what 429 answers hides no 401; the disk and the memory are bounded.
//! How to get it wrong: taking from everybody's bucket before asking whether the address has used up its share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::who::{Fingerprint, Who};
use crate::http::PerClient;

/// So many at once, then one each so often.
struct Quota {
    burst: u32,
    every: Duration,
}

const KNOWN: Quota = Quota { burst: 600, every: Duration::from_secs(1) };
const STRANGERS: Quota = Quota { burst: 60, every: Duration::from_secs(6) };
const ADDRESS: Quota = Quota { burst: 10, every: Duration::from_secs(60) };
/// Addresses that are remembered; while there are more, those beyond have no share of their own to keep within.
const ADDRESSES_MAX: usize = 10_000;

/// A bucket that fills up drop by drop.
struct Bucket {
    left: u32,
    /// When the last drop fell in.
    at: Instant,
    /// What found it empty since somebody did not.
    left_out: u64,
}

impl Bucket {
    fn full(quota: &Quota, now: Instant) -> Self {
        Self { left: quota.burst, at: now, left_out: 0 }
    }

    fn fill(&mut self, quota: &Quota, now: Instant) {
        let drops = now.saturating_duration_since(self.at).as_nanos() / quota.every.as_nanos();
        let drops = u32::try_from(drops).unwrap_or(u32::MAX);
        if drops >= quota.burst - self.left {
            (self.left, self.at) = (quota.burst, now);
        } else {
            self.left += drops;
            self.at += quota.every * drops;
        }
    }

    fn has(&mut self, quota: &Quota, now: Instant) -> bool {
        self.fill(quota, now);
        self.left > 0
    }

    /// Writes one down: how many were left out before it.
    fn take(&mut self) -> u64 {
        self.left -= 1;
        std::mem::take(&mut self.left_out)
    }
}

/// The buckets for one kind of strangers' calls.
struct StrangerBuckets {
    all: Bucket,
    shares: PerClient<Bucket>,
}

impl StrangerBuckets {
    fn new(now: Instant) -> Self {
        Self { all: Bucket::full(&STRANGERS, now), shares: PerClient::new(ADDRESSES_MAX) }
    }

    fn left_out_before(&mut self, client: IpAddr, now: Instant) -> Option<u64> {
        // An empty bucket of everybody's needs no memory of who was there.
        if !(self.all.has(&STRANGERS, now) && self.has_share(client, now)) {
            self.all.left_out += 1;
            return None;
        }
        Some(self.all.take())
    }

    /// Whether this address has some of its share left; takes it. Beyond [`ADDRESSES_MAX`] there are no shares.
    fn has_share(&mut self, client: IpAddr, now: Instant) -> bool {
        let is_used = |share: &mut Bucket| {
            share.fill(&ADDRESS, now);
            share.left < ADDRESS.burst
        };
        let share = self.shares.remember(client, now, || Bucket::full(&ADDRESS, now), is_used);
        share.is_none_or(|share| {
            let has = share.has(&ADDRESS, now);
            share.left -= u32::from(has);
            has
        })
    }
}

/// Says of each refused call whether it is written down (`Some`), and then how many were left out since the last that was.
pub(crate) struct RefusalSampler(Mutex<Buckets>);

struct Buckets {
    /// As many as there were keys since the start.
    known: HashMap<(Fingerprint, bool), Bucket>,
    unauthorized: StrangerBuckets,
    limited: StrangerBuckets,
}

impl RefusalSampler {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let (unauthorized, limited) = (StrangerBuckets::new(now), StrangerBuckets::new(now));
        Self(Mutex::new(Buckets { known: HashMap::new(), unauthorized, limited }))
    }

    /// A call of somebody whose key is known.
    pub(super) fn left_out_before_known(&self, who: &Who) -> Option<u64> {
        self.buckets(|buckets| buckets.left_out_before_known(who, Instant::now()))
    }

    /// A call of a stranger; `is_limited` when the answer is 429.
    pub(super) fn left_out_before_stranger(&self, client: IpAddr, is_limited: bool) -> Option<u64> {
        self.buckets(|buckets| {
            let kind = if is_limited { &mut buckets.limited } else { &mut buckets.unauthorized };
            kind.left_out_before(client, Instant::now())
        })
    }

    fn buckets<T>(&self, work: impl FnOnce(&mut Buckets) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Buckets {
    fn left_out_before_known(&mut self, who: &Who, now: Instant) -> Option<u64> {
        let bucket = self.known.entry((who.fingerprint, who.by_session)).or_insert_with(|| Bucket::full(&KNOWN, now));
        if bucket.has(&KNOWN, now) {
            return Some(bucket.take());
        }
        bucket.left_out += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::who::Access;
    use super::*;

    fn address(host: u32) -> IpAddr {
        IpAddr::V4(host.into())
    }

    #[test]
    fn one_address_uses_up_its_share_and_leaves_the_rest_to_others() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut strangers = StrangerBuckets::new(begin);
        let written = (0..1000).filter(|_| strangers.left_out_before(address(1), begin).is_some()).count();
        assert_eq!(written, 10);
        assert_eq!(strangers.left_out_before(address(2), begin), Some(990), "the next row tells of them");
        assert_eq!(strangers.left_out_before(address(1), at(59)), None);
        assert_eq!(strangers.left_out_before(address(1), at(60)), Some(1));
        assert_eq!(strangers.left_out_before(address(1), at(61)), None);
    }

    #[test]
    fn all_strangers_together_have_sixty_and_then_ten_a_minute() {
        let begin = Instant::now();
        let mut strangers = StrangerBuckets::new(begin);
        let mut written = |from: u32, now: Instant| {
            (from..from + 5000).filter(|host| strangers.left_out_before(address(*host), now).is_some()).count()
        };
        assert_eq!(written(0, begin), 60);
        assert_eq!(written(5000, begin + Duration::from_secs(60)), 10);
        assert_eq!(written(10_000, begin + Duration::from_secs(3600)), 60, "it fills up to the brim and no further");
        assert!(strangers.shares.len() <= 130, "who finds nothing left is not remembered");
    }

    #[test]
    fn the_memory_is_bounded_and_a_full_one_lets_go_of_whole_shares() {
        let begin = Instant::now();
        let mut strangers = StrangerBuckets::new(begin);
        for host in 0..20_000 {
            assert!(strangers.has_share(address(host), begin));
        }
        assert_eq!(strangers.shares.len(), ADDRESSES_MAX);
        assert!(strangers.has_share(address(50_000), begin + ADDRESS.every));
        assert_eq!(strangers.shares.len(), 1);
    }

    #[test]
    fn keys_that_are_known_have_buckets_of_their_own() {
        let (sampler, client) = (RefusalSampler::new(), address(1));
        let who = |key: &[u8], by_session| Who {
            access: Access::Admin,
            name: None,
            fingerprint: Fingerprint::of(key),
            by_session,
        };
        while sampler.left_out_before_stranger(client, true).is_some() {}
        assert!(sampler.left_out_before_stranger(client, false).is_some(), "429 hides no 401");
        while sampler.left_out_before_stranger(client, false).is_some() {}
        let now = Instant::now();
        sampler.buckets(|buckets| {
            for _ in 0..KNOWN.burst {
                assert_eq!(buckets.left_out_before_known(&who(b"one", false), now), Some(0));
            }
            assert_eq!(buckets.left_out_before_known(&who(b"one", false), now), None);
            assert_eq!(buckets.left_out_before_known(&who(b"one", true), now), Some(0));
            assert_eq!(buckets.left_out_before_known(&who(b"two", false), now), Some(0));
            assert_eq!(buckets.left_out_before_known(&who(b"one", false), now + KNOWN.every), Some(1));
        });
    }
}
