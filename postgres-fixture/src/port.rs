//! A free TCP port that stays usable across a restart of the server.
//!
//! Invariant: the port lies below the range from which the system takes the source ports of outgoing connections.
//!
//! How one could get it wrong: `bind` to port 0 and use what comes. That port is from the outgoing range: while the
//! server is down, a client's reconnect may get it as its own source port, and then either connects to itself or keeps
//! the server from starting again.

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

use crate::FixtureError;

const LOWEST: u16 = 15_000;
const OUTGOING_FROM_DEFAULT: u16 = 32_768;
const TRIES_MAX: u32 = 100;

/// A port that is free now. Another process may take it before the server does: then the caller asks again.
pub(crate) fn free_port() -> Result<u16, FixtureError> {
    let outgoing = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    let range = usable(outgoing.as_deref());
    for attempt in 0..TRIES_MAX {
        let port = range.start + pick(attempt, range.end - range.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    // All taken, or an odd network set-up: any port is better than none.
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(FixtureError::io("looking for a free port on 127.0.0.1"))
}

fn usable(outgoing: Option<&str>) -> Range<u16> {
    let outgoing_from =
        outgoing.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(OUTGOING_FROM_DEFAULT);
    if outgoing_from > LOWEST { LOWEST..outgoing_from } else { LOWEST..OUTGOING_FROM_DEFAULT }
}

fn pick(attempt: u32, width: u16) -> u16 {
    // `RandomState` has fresh keys for each process, which is random enough to keep two test runs apart.
    let random = RandomState::new().hash_one(attempt) % u64::from(width.max(1));
    u16::try_from(random).expect("a remainder below a u16 fits a u16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_below_the_outgoing_range() {
        assert_eq!(usable(Some("32768\t60999\n")), 15_000..32_768);
        assert_eq!(usable(Some("20000 60999")), 15_000..20_000);
        assert_eq!(usable(Some("1024 65535")), 15_000..32_768);
        assert_eq!(usable(None), 15_000..32_768);
    }

    #[test]
    fn the_port_can_be_bound() {
        let port = free_port().unwrap();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
