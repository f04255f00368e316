//! `[twilio]`: where Twilio is, and how long one call may take. The credentials are secrets, see `secrets.rs`.
//!
//! How to get it wrong: allowing plain http to another machine. The account's credentials travel in every request.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::section::{Checks, Range, Section, range};
use crate::config::web_address::{fault_of, has_bare_authority};

/// Where Twilio is, and how long one call may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwilioConfig {
    /// Where the account, its numbers and the stock are.
    pub api_base_url: Url,
    /// Where prices are.
    pub pricing_base_url: Url,
    /// How long one call may take.
    pub request_timeout_ms: u64,
}

impl TwilioConfig {
    /// `request_timeout_ms`
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            api_base_url: constant("https://api.twilio.com"),
            pricing_base_url: constant("https://pricing.twilio.com"),
            request_timeout_ms: 10_000,
        }
    }
}

fn constant(url: &str) -> Url {
    Url::parse(url).expect("the two literals above are URLs; a test parses them")
}

impl Section for TwilioConfig {
    const NAME: &'static str = "twilio";
    const RANGES: &'static [Range] = &[range("request_timeout_ms", 100, 60_000, "milliseconds")];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("api_base_url", "a URL such as https://api.twilio.com"),
        ("pricing_base_url", "a URL such as https://pricing.twilio.com"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        for (key, url) in [("api_base_url", &self.api_base_url), ("pricing_base_url", &self.pricing_base_url)] {
            if let Some(fault) = fault_of(url) {
                checks.refuse(key, fault, "give an https URL; http is for a simulator on this machine");
            } else if !has_bare_authority(url) {
                checks.refuse(
                    key,
                    "carries a user, a query or a fragment",
                    "give scheme, host, port and path only; credentials belong in TWILIO_ACCOUNT_SID and \
                     TWILIO_AUTH_TOKEN",
                );
            }
        }
    }
}
