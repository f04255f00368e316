//! What is remembered of each address that asks, in bounded memory.
//!
//! Invariant: there are never more than so many; with that many, those that may be forgotten make room, and while there is
//! none, nothing is remembered of newcomers.
//! How to get it wrong: an IPv6 address as it is. A single customer has 2^64 of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// With as many as there is room for, those that may be forgotten are looked for at most this often.
const SWEPT_EVERY: Duration = Duration::from_secs(1);

/// A memory of each customer.
pub(crate) struct PerClient<V> {
    most: usize,
    kept: HashMap<IpAddr, V>,
    swept: Option<Instant>,
}

impl<V> PerClient<V> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: HashMap::new(), swept: None }
    }

    /// What is remembered of whoever has this address.
    pub(crate) fn known(&mut self, client: IpAddr) -> Option<&mut V> {
        self.kept.get_mut(&customer(client))
    }

    /// The same, or what `fresh` makes; `None` = there is no room. `matters` says of a memory whether it must be kept.
    pub(crate) fn remember(
        &mut self,
        client: IpAddr,
        now: Instant,
        fresh: impl FnOnce() -> V,
        mut matters: impl FnMut(&mut V) -> bool,
    ) -> Option<&mut V> {
        let address = customer(client);
        if self.kept.len() >= self.most && !self.kept.contains_key(&address) {
            if self.swept.is_none_or(|at| now.saturating_duration_since(at) >= SWEPT_EVERY) {
                self.swept = Some(now);
                self.kept.retain(|_, memory| matters(memory));
                self.kept.shrink_to(self.kept.len() * 2);
            }
            if self.kept.len() >= self.most {
                return None;
            }
        }
        Some(self.kept.entry(address).or_insert_with(fresh))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }
}

/// Whoever has this address has at least all of it: an IPv4 address, a /64 of IPv6.
pub(super) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_addresses_are_one() {
        let text = |text: &str| customer(text.parse().unwrap());
        assert_eq!(text("::ffff:192.0.2.1"), text("192.0.2.1"));
        assert_eq!(text("2001:db8:0:1:ffff::"), text("2001:db8:0:1::1"));
        assert_ne!(text("2001:db8:0:2::1"), text("2001:db8:0:1::1"));
    }

    #[test]
    fn a_full_memory_makes_room_once_a_second_and_else_remembers_no_newcomer() {
        let (mut customers, begin) = (PerClient::new(3), Instant::now());
        let address = |host: u32| IpAddr::V4(host.into());
        let mut old = |_: &mut u32| true;
        for host in 0..3 {
            assert!(customers.remember(address(host), begin, || host, &mut old).is_some());
        }
        assert_eq!(customers.remember(address(9), begin, || 9, &mut old), None);
        assert_eq!(customers.remember(address(1), begin, || 9, &mut old), Some(&mut 1), "who is known stays known");
        let mut last_only = |host: &mut u32| *host == 2;
        assert_eq!(customers.remember(address(9), begin, || 9, &mut last_only), None, "not yet");
        let later = begin + SWEPT_EVERY;
        assert_eq!(customers.remember(address(9), later, || 9, &mut last_only), Some(&mut 9));
        assert_eq!((customers.len(), customers.known(address(1))), (2, None));
    }
}
