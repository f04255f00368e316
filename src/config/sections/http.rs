//! `[http]`: where requests come in, and how much of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::config::section::{Checks, Range, Section, range};

/// Where requests come in, and how much of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on; port 0 for any.
    pub listen: SocketAddr,
    /// How long a client may take to send a request's head.
    pub header_timeout_ms: u64,
    /// How long a client may take to send a request's body.
    pub body_timeout_ms: u64,
    /// How many connections are open at most.
    pub connections_max: usize,
    /// How long an order or a pass keeps its caller waiting; then the answer says that it goes on.
    pub sync_order_secs: u64,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl HttpConfig {
    /// The most networks that `trusted_proxies` may name.
    pub const TRUSTED_PROXIES_MAX: usize = 256;

    /// `header_timeout_ms`
    #[must_use]
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// `body_timeout_ms`
    #[must_use]
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// `sync_order_secs`
    #[must_use]
    pub fn sync_order(&self) -> Duration {
        Duration::from_secs(self.sync_order_secs)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            header_timeout_ms: 10_000,
            body_timeout_ms: 10_000,
            connections_max: 4096,
            sync_order_secs: 25,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Section for HttpConfig {
    const NAME: &'static str = "http";
    const RANGES: &'static [Range] = &[
        range("header_timeout_ms", 100, 300_000, "milliseconds"),
        range("body_timeout_ms", 100, 300_000, "milliseconds"),
        range("connections_max", 1, 100_000, "connections"),
        range("sync_order_secs", 1, 3600, "seconds"),
    ];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "an address and a port such as 127.0.0.1:8080 or [::1]:8080"),
        ("trusted_proxies", "a list of networks such as 10.0.0.0/8 or 192.0.2.7/32"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        if self.trusted_proxies.len() > Self::TRUSTED_PROXIES_MAX {
            checks.refuse("trusted_proxies", "names more than 256 networks", "join them into larger networks");
        }
    }
}
