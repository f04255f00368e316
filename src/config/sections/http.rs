//! `[http]`: where requests come in, and how much of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::section::{Checks, Range, Section, range};
use crate::config::web_address::{fault_of, has_bare_authority};

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
    /// The path below which browsers find everything; empty = at the root. See [`base`](Self::base).
    pub base_path: String,
    /// The root of the dashboard as browsers know it.
    pub public_url: Option<Url>,
    /// Whether `/metrics` takes no key: from everybody, from nobody, or (unset) from this machine only.
    pub metrics_open: Option<bool>,
}

impl HttpConfig {
    /// The most networks that `trusted_proxies` may name.
    pub const TRUSTED_PROXIES_MAX: usize = 256;

    /// The path below which everything is, without a slash at its end: that of `public_url` where nothing else is said.
    #[must_use]
    pub fn base(&self) -> &str {
        match &self.public_url {
            Some(url) if self.base_path.is_empty() => base_of(url),
            _ => &self.base_path,
        }
    }

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
            base_path: String::new(),
            public_url: None,
            metrics_open: None,
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
        ("base_path", "a path such as /callbunker"),
        ("public_url", "a URL such as https://ops.example.com/callbunker"),
        ("metrics_open", "true or false; without it /metrics is open to this machine only"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        if self.trusted_proxies.len() > Self::TRUSTED_PROXIES_MAX {
            checks.refuse("trusted_proxies", "names more than 256 networks", "join them into larger networks");
        }
        if let Some(fault) = fault_of_base(&self.base_path) {
            checks.refuse("base_path", fault, "give a path such as /callbunker, or leave it empty for the root");
        }
        if let Some(url) = &self.public_url {
            check_public(url, &self.base_path, checks);
        }
    }
}

fn base_of(url: &Url) -> &str {
    url.path().trim_end_matches('/')
}

fn check_public(url: &Url, base_path: &str, checks: &mut Checks<'_>) {
    if let Some(fault) = fault_of(url) {
        let remedy = "give an https URL, or none: over plain http browsers do not keep the session's cookie";
        return checks.refuse("public_url", fault, remedy);
    }
    if !has_bare_authority(url) {
        let remedy = "give scheme, host, port and path only";
        return checks.refuse("public_url", "carries a user, a query or a fragment", remedy);
    }
    if let Some(fault) = fault_of_base(base_of(url)) {
        let remedy = "let its path be one such as /callbunker, or leave it out";
        return checks.refuse("public_url", format!("has a path that {fault}"), remedy);
    }
    if !base_path.is_empty() && base_path != base_of(url) {
        checks.refuse_together(
            &["public_url", "base_path"],
            format!("has another path than http.base_path, which is {base_path}"),
            "give both the same path, or leave http.base_path out",
        );
    }
}

/// The first segments of our own paths: what is below one of them could not be told from them.
const OURS: [&str; 8] = ["admin", "signup", "twilio", "problems", "healthz", "readyz", "metrics", "openapi.json"];
const BASE_BYTES_MAX: usize = 100;

/// Why nothing can be below the path, if it cannot.
fn fault_of_base(path: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if path.is_empty() {
        return None;
    }
    let Some(inside) = path.strip_prefix('/') else { return Some("does not start with /") };
    let mut segments = inside.split('/');
    if path.len() > BASE_BYTES_MAX {
        Some("is longer than 100 characters")
    } else if path.ends_with('/') {
        Some("ends with /")
    } else if segments.clone().any(|segment| matches!(segment, "" | "." | "..")) {
        Some("has a part that is empty, . or ..")
    } else if !segments.clone().all(|segment| segment.bytes().all(is_plain)) {
        Some("holds something else than letters, digits and . _ ~ -")
    } else if segments.next().is_some_and(|first| OURS.contains(&first)) {
        Some("begins with a path of callbunker's own")
    } else {
        None
    }
}
