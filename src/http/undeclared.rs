//! Proxies that nobody declared: told once an hour, because behind one everybody is one address.
//!
//! Invariants: at most one line an hour for each peer, and so many lines an hour in all, whoever sends what; a peer that is
//! in `http.trusted_proxies` is none of them.
//! How to get it wrong: believing the header after all. Anybody can send it; the operator decides whose word counts.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const EVERY: Duration = Duration::from_secs(3600);
/// Peers that are told of within that time.
const PEERS_MAX: usize = 16;

/// Who was told of lately.
#[derive(Default)]
pub(super) struct Undeclared(Mutex<Vec<(IpAddr, Instant)>>);

impl Undeclared {
    /// Looks at a request's head; says so when its peer forwards for others without being trusted.
    pub(crate) fn look(&self, peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet], log: &slog::Logger) {
        if !headers.contains_key(FORWARDED_FOR) {
            return;
        }
        let peer = peer.to_canonical();
        if trusted.iter().any(|network| network.contains(&peer)) || !self.is_news(peer, Instant::now()) {
            return;
        }
        slog::warn!(log, "a peer sends X-Forwarded-For and is not in http.trusted_proxies: if it is a proxy of yours, add \
            it there and restart; until then everybody behind it counts as one address, and the wrong keys of one are those \
            of all"; "peer" => %peer);
    }

    fn is_news(&self, peer: IpAddr, now: Instant) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(_, at)| now.saturating_duration_since(*at) < EVERY);
        let is_news = told.len() < PEERS_MAX && told.iter().all(|(known, _)| *known != peer);
        if is_news {
            told.push((peer, now));
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_told_of_once_an_hour_and_only_so_many_are() {
        let (undeclared, begin) = (Undeclared::default(), Instant::now());
        let peer = |host: u8| IpAddr::from([192, 0, 2, host]);
        assert!(undeclared.is_news(peer(1), begin) && !undeclared.is_news(peer(1), begin + EVERY / 2));
        assert!(undeclared.is_news(peer(2), begin + EVERY / 2) && undeclared.is_news(peer(1), begin + EVERY));
        let told = (0..100).filter(|host| undeclared.is_news(peer(100 + host), begin + EVERY)).count();
        assert_eq!(told, PEERS_MAX - 2);
    }
}
