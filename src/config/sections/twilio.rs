//! `[twilio]`: where Twilio is, what leads there, and how long one call may take. The credentials are secrets, see `secrets.rs`.
//!
//! Invariant: whoever points `api_base_url` at a simulator or a gateway has pointed every product there; only on Twilio's own
//! hosts does each product have one of its own.
//! How to get it wrong: allowing plain http to another machine. The account's credentials travel in every request.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::config::section::{Checks, Range, Section, range};
use crate::config::web_address::{fault_of, has_bare_authority, is_loopback};
use crate::domain::Product;

/// Where Twilio is, and how long one call may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwilioConfig {
    /// Where the account, its numbers and the stock are.
    pub api_base_url: Url,
    /// Where prices are.
    pub pricing_base_url: Option<Url>,
    /// Where messaging services are.
    pub messaging_base_url: Option<Url>,
    /// Where regulations and bundles are.
    pub numbers_base_url: Option<Url>,
    /// Where event streams are.
    pub events_base_url: Option<Url>,
    /// Where customer profiles and trust products are.
    pub trusthub_base_url: Option<Url>,
    /// Where it stands who changed what.
    pub monitor_base_url: Option<Url>,
    /// The proxy that leads to all of them; one with a login is the secret `TWILIO_PROXY_URL`.
    pub proxy_url: Option<Url>,
    /// Certificates of authorities that may vouch for them beside the others.
    pub ca_file: Option<PathBuf>,
    /// How long one call may take.
    pub request_timeout_ms: u64,
    /// Whether the daemon looks by itself whether buying could succeed.
    pub self_check: bool,
}

impl TwilioConfig {
    /// `request_timeout_ms`
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Where a product is: as configured, else beside `api_base_url` if that is one of Twilio's own, else there.
    #[must_use]
    pub fn base_url_of(&self, product: Product) -> Url {
        let given = match product {
            Product::Pricing => &self.pricing_base_url,
            Product::Messaging => &self.messaging_base_url,
            Product::Numbers => &self.numbers_base_url,
            Product::Events => &self.events_base_url,
            Product::Trusthub => &self.trusthub_base_url,
            Product::Monitor => &self.monitor_base_url,
        };
        given.clone().or_else(|| beside(&self.api_base_url, product)).unwrap_or_else(|| self.api_base_url.clone())
    }
}

/// The product's own host, with the edge and the region of the API's; `None` = that one is not Twilio's.
fn beside(api: &Url, product: Product) -> Option<Url> {
    let Some(Host::Domain(host)) = api.host() else { return None };
    let place = host.trim_end_matches('.').strip_suffix(".twilio.com")?;
    // `api`, `api.REGION`, `api.EDGE.REGION`
    let rest = place.strip_prefix("api").filter(|rest| rest.is_empty() || rest.starts_with('.')).unwrap_or_default();
    let mut url = api.clone();
    url.set_host(Some(&format!("{product}{rest}.twilio.com"))).ok()?;
    url.set_path("/");
    Some(url)
}

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            api_base_url: constant("https://api.twilio.com"),
            pricing_base_url: None,
            messaging_base_url: None,
            numbers_base_url: None,
            events_base_url: None,
            trusthub_base_url: None,
            monitor_base_url: None,
            proxy_url: None,
            ca_file: None,
            request_timeout_ms: 10_000,
            self_check: true,
        }
    }
}

/// What is wrong with the address of a proxy, and what to do.
pub(in crate::config) fn proxy_fault(url: &Url) -> Option<(&'static str, &'static str)> {
    const GIVE: &str = "give the proxy's scheme, host and port, such as http://proxy.example.com:3128";
    let is_text = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8().is_ok();
    let has_login = has_login(url);
    if !matches!(url.scheme(), "http" | "https") {
        Some(("is neither http nor https, and no other proxy is spoken to", GIVE))
    } else if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        Some(("carries a path, a query or a fragment", GIVE))
    } else if has_login && url.scheme() == "http" && !is_loopback(url) {
        Some((
            "would carry its login in the clear to another machine",
            "give an https URL of the proxy, or have it let this machine in without a login",
        ))
    } else if has_login && !(is_text(url.username()) && is_text(url.password().unwrap_or_default())) {
        Some(("holds a login that is not UTF-8", "write what is special in it as % and two digits, % itself as %25"))
    } else {
        None
    }
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn constant(url: &str) -> Url {
    Url::parse(url).expect("the literal above is a URL; a test parses it")
}

impl Section for TwilioConfig {
    const NAME: &'static str = "twilio";
    const RANGES: &'static [Range] = &[range("request_timeout_ms", 100, 60_000, "milliseconds")];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("api_base_url", "a URL such as https://api.twilio.com"),
        ("pricing_base_url", "a URL such as https://pricing.twilio.com"),
        ("messaging_base_url", "a URL such as https://messaging.twilio.com"),
        ("numbers_base_url", "a URL such as https://numbers.twilio.com"),
        ("events_base_url", "a URL such as https://events.twilio.com"),
        ("trusthub_base_url", "a URL such as https://trusthub.twilio.com"),
        ("monitor_base_url", "a URL such as https://monitor.twilio.com"),
        ("proxy_url", "a URL such as http://proxy.example.com:3128"),
        ("ca_file", "the path of a file with PEM certificates"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        let all = [
            ("api_base_url", Some(&self.api_base_url)),
            ("pricing_base_url", self.pricing_base_url.as_ref()),
            ("messaging_base_url", self.messaging_base_url.as_ref()),
            ("numbers_base_url", self.numbers_base_url.as_ref()),
            ("events_base_url", self.events_base_url.as_ref()),
            ("trusthub_base_url", self.trusthub_base_url.as_ref()),
            ("monitor_base_url", self.monitor_base_url.as_ref()),
        ];
        for (key, url) in all.into_iter().filter_map(|(key, url)| Some((key, url?))) {
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
        let Some(proxy) = &self.proxy_url else { return };
        if has_login(proxy) {
            let what = "holds a login, and secrets do not belong here";
            checks.refuse("proxy_url", what, "remove it, and give the whole address as TWILIO_PROXY_URL");
        } else if let Some((what, remedy)) = proxy_fault(proxy) {
            checks.refuse("proxy_url", what, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(api: &str, product: Product) -> String {
        TwilioConfig { api_base_url: api.parse().unwrap(), ..TwilioConfig::default() }.base_url_of(product).to_string()
    }

    #[test]
    fn each_product_has_a_host_beside_the_apis_with_its_edge_and_region() {
        for product in Product::ALL {
            for (api, expected) in [
                ("https://api.twilio.com", format!("https://{product}.twilio.com/")),
                ("https://api.twilio.com./", format!("https://{product}.twilio.com/")),
                ("https://api.ie1.twilio.com", format!("https://{product}.ie1.twilio.com/")),
                ("https://api.dublin.ie1.twilio.com/", format!("https://{product}.dublin.ie1.twilio.com/")),
                ("https://api.sydney.au1.twilio.com:8443", format!("https://{product}.sydney.au1.twilio.com:8443/")),
            ] {
                assert_eq!(base(api, *product), expected, "{api}");
            }
        }
    }

    #[test]
    fn nothing_of_a_simulator_or_a_gateway_leads_to_twilio() {
        for product in Product::ALL {
            for api in [
                "http://127.0.0.1:4010/",
                "http://localhost:4010/edge/",
                "https://gateway.example.com/twilio",
                "https://api.twilio.com.example.com/",
                "https://nottwilio.com/",
                "http://[::1]:4010/",
            ] {
                assert_eq!(base(api, *product), api);
            }
        }
    }

    #[test]
    fn what_is_given_of_one_product_is_of_that_one_only() {
        let given = |url: &str| Some(url.parse().unwrap());
        let config = TwilioConfig {
            api_base_url: "http://127.0.0.1:1".parse().unwrap(),
            pricing_base_url: given("http://127.0.0.1:2"),
            messaging_base_url: given("http://127.0.0.1:3"),
            numbers_base_url: given("http://127.0.0.1:4"),
            events_base_url: given("http://127.0.0.1:5"),
            trusthub_base_url: given("http://127.0.0.1:6"),
            monitor_base_url: given("http://127.0.0.1:7"),
            ..TwilioConfig::default()
        };
        let ports = Product::ALL.iter().map(|product| config.base_url_of(*product).port().unwrap());
        assert_eq!(ports.collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
    }
}
