//! Where Twilio is, who we are there, and the URLs that follow from it.
//!
//! Invariant: every URL lies below a configured base, whatever Twilio's links say.
//! How to get it wrong: following a link as it comes. Another host would be shown our credentials.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use secrecy::SecretString;
use url::Url;

use super::error::TwilioError;
use super::way_out::WayOut;
use crate::domain::{AssignmentSid, CountryCode, Kind, MessagingServiceSid, NumberSid, NumberType, Product, TrustSid};

/// Twilio's largest page.
pub(super) const PAGE_SIZE: usize = 1000;

/// How to sign in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account, which stands in every path.
    pub account_sid: String,
    /// The AccountSid, or the SID of an API key.
    pub user: String,
    /// The auth token, or the API key's secret.
    pub secret: SecretString,
}

/// Where Twilio is and how long a call may take.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// `twilio.api_base_url`.
    pub api_base_url: Url,
    /// Where each product with a host of its own is, such as `twilio.pricing_base_url`.
    pub base_urls: BTreeMap<Product, Url>,
    /// `twilio.request_timeout_ms`: the total deadline of one call.
    pub request_timeout: Duration,
    /// Who we are.
    pub credentials: Credentials,
    /// What lies between.
    pub way_out: WayOut,
}

impl TwilioSettings {
    /// Of what stands under the account.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.api_base_url.clone();
        path(&mut url).extend(["2010-04-01", "Accounts", &self.credentials.account_sid]).extend(segments);
        url
    }

    /// Of the account's first number alone.
    pub(super) fn first_number(&self) -> Url {
        let mut url = self.url(&["IncomingPhoneNumbers.json"]);
        url.query_pairs_mut().append_pair("PageSize", "1");
        url
    }

    /// Of the account itself.
    pub(super) fn account(&self) -> Url {
        let mut url = self.api_base_url.clone();
        let name = format!("{}.json", self.credentials.account_sid);
        path(&mut url).extend(["2010-04-01", "Accounts", &name]);
        url
    }

    /// Follows Twilio's relative link on the configured host, below the configured path, and refuses any other.
    pub(super) fn next_page(&self, uri: &str) -> Result<Url, TwilioError> {
        let base = &self.api_base_url;
        let next = base.join(uri).ok().filter(|next| next.origin() == base.origin());
        let mut next = next.ok_or_else(|| TwilioError::Unknown {
            message: "Twilio's list names a next page on another host".to_owned(),
            status: None,
            request_id: None,
        })?;
        let below = base.path().trim_end_matches('/');
        // Twilio's link begins at its own root, which a gateway may show below a path.
        if !next.path().starts_with(&format!("{below}/")) {
            next.set_path(&format!("{below}{}", next.path()));
        }
        Ok(next)
    }

    /// Of the price list.
    pub(super) fn prices(&self, country: CountryCode) -> Url {
        self.of(Product::Pricing, &["v1", "PhoneNumbers", "Countries", country.as_str()])
    }

    /// Of a bundle.
    pub(super) fn bundle(&self, sid: &str) -> Url {
        self.of(Product::Numbers, &["v2", "RegulatoryCompliance", "Bundles", sid])
    }

    /// Of one regulation.
    pub(super) fn regulation(&self, sid: &str) -> Url {
        self.of(Product::Numbers, &["v2", "RegulatoryCompliance", "Regulations", sid])
    }

    /// Of what there is to show for numbers of this kind.
    pub(super) fn regulations(&self, kind: Kind) -> Url {
        let mut url = self.of(Product::Numbers, &["v2", "RegulatoryCompliance", "Regulations"]);
        let number_type = regulated_as(kind.number_type);
        url.query_pairs_mut().append_pair("IsoCountry", kind.country.as_str()).append_pair("NumberType", number_type);
        url
    }

    /// Of a messaging service.
    pub(super) fn service(&self, sid: &MessagingServiceSid) -> Url {
        self.of(Product::Messaging, &["v1", "Services", sid.as_str()])
    }

    /// Of its numbers.
    pub(super) fn members(&self, sid: &MessagingServiceSid) -> Url {
        self.of(Product::Messaging, &["v1", "Services", sid.as_str(), "PhoneNumbers"])
    }

    /// Of one of them.
    pub(super) fn member(&self, sid: &MessagingServiceSid, number: &NumberSid) -> Url {
        self.of(Product::Messaging, &["v1", "Services", sid.as_str(), "PhoneNumbers", number.as_str()])
    }

    /// Of its campaigns.
    pub(super) fn campaigns(&self, sid: &MessagingServiceSid) -> Url {
        self.of(Product::Messaging, &["v1", "Services", sid.as_str(), "Compliance", "Usa2p"])
    }

    /// Of a customer profile or a trust product; `kind` is as in its path.
    pub(super) fn trust_bundle(&self, kind: &str, sid: &TrustSid) -> Url {
        self.of(Product::Trusthub, &["v1", kind, sid.as_str()])
    }

    /// Of the numbers that are assigned to it.
    pub(super) fn assignments(&self, kind: &str, sid: &TrustSid) -> Url {
        self.of(Product::Trusthub, &["v1", kind, sid.as_str(), "ChannelEndpointAssignments"])
    }

    /// Of one of these assignments.
    pub(super) fn assignment(&self, kind: &str, sid: &TrustSid, of: &AssignmentSid) -> Url {
        self.of(Product::Trusthub, &["v1", kind, sid.as_str(), "ChannelEndpointAssignments", of.as_str()])
    }

    /// Of what was done with a number, the newest first.
    pub(super) fn journal_of(&self, number: &NumberSid) -> Url {
        let mut url = self.of(Product::Monitor, &["v1", "Events"]);
        url.query_pairs_mut().append_pair("ResourceSid", number.as_str()).append_pair("PageSize", "50");
        url
    }

    /// Of what was done with numbers in a stretch of time.
    pub(super) fn journal(&self, event_type: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Url {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut url = self.of(Product::Monitor, &["v1", "Events"]);
        url.query_pairs_mut()
            .append_pair("EventType", event_type)
            .append_pair("StartDate", &instant(from))
            .append_pair("EndDate", &instant(until));
        url
    }

    /// The page of a product's list that the one before named, or the first, as large as can be, of the list at `first`. Of an
    /// absolute link only path and query count: it names Twilio's own host.
    pub(super) fn page_of(&self, product: Product, mut first: Url, next: Option<&str>) -> Result<Url, TwilioError> {
        let Some(link) = next else {
            first.query_pairs_mut().append_pair("PageSize", &PAGE_SIZE.to_string());
            return Ok(first);
        };
        let mut url = self.of(product, &[]);
        let linked = url.join(link).map_err(|_unreadable| TwilioError::Unknown {
            message: "Twilio's list names a next page that is no link".to_owned(),
            status: None,
            request_id: None,
        })?;
        let below = url.path().trim_end_matches('/').to_owned();
        let path = linked.path();
        let path = if path.starts_with(&format!("{below}/")) { path.to_owned() } else { format!("{below}{path}") };
        url.set_path(&path);
        url.set_query(linked.query());
        Ok(url)
    }

    /// Of event streams.
    pub(super) fn events(&self, segments: &[&str]) -> Url {
        let mut url = self.of(Product::Events, &["v1"]);
        path(&mut url).extend(segments);
        url
    }

    /// Of what stands under a product's own host.
    fn of(&self, product: Product, segments: &[&str]) -> Url {
        let mut url = self.base_urls.get(&product).unwrap_or(&self.api_base_url).clone();
        path(&mut url).extend(segments);
        url
    }
}

/// A type of number as regulations and bundles spell it.
pub(super) fn regulated_as(number_type: NumberType) -> &'static str {
    match number_type {
        NumberType::Local => "local",
        NumberType::Mobile => "mobile",
        NumberType::TollFree => "toll-free",
        NumberType::National => "national",
    }
}

/// The path to append to, without a slash at its end.
fn path(url: &mut Url) -> url::PathSegmentsMut<'_> {
    let mut path =
        url.path_segments_mut().expect("the configuration admits http and https URLs only, and they have paths");
    path.pop_if_empty();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base: &str) -> TwilioSettings {
        TwilioSettings {
            api_base_url: base.parse().unwrap(),
            base_urls: BTreeMap::new(),
            request_timeout: Duration::from_secs(1),
            credentials: Credentials {
                account_sid: "AC1".to_owned(),
                user: "AC1".to_owned(),
                secret: "s".to_owned().into(),
            },
            way_out: WayOut::default(),
        }
    }

    #[test]
    fn urls_stand_under_the_account_whatever_the_base_ends_with() {
        for base in ["https://api.twilio.com", "https://api.twilio.com/", "http://127.0.0.1:1/edge/"] {
            let url = settings(base).url(&["IncomingPhoneNumbers.json"]);
            assert!(url.path().ends_with("/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json"), "{url}");
            assert!(!url.path().contains("//"), "{url}");
        }
    }

    #[test]
    fn the_next_page_is_where_the_first_one_was() {
        let uri = "/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?Page=1&PageToken=PA1";
        for (base, expected) in [
            ("https://api.twilio.com", format!("https://api.twilio.com{uri}")),
            ("http://127.0.0.1:1/edge/", format!("http://127.0.0.1:1/edge{uri}")),
        ] {
            assert_eq!(settings(base).next_page(uri).unwrap().as_str(), expected);
            let whole = format!("{}{uri}", base.trim_end_matches('/'));
            assert_eq!(settings(base).next_page(&whole).unwrap().as_str(), expected);
        }
        assert!(settings("https://api.twilio.com").next_page("https://elsewhere.example/x").is_err());
    }

    #[test]
    fn of_an_absolute_link_only_path_and_query_count() {
        let page = "/v1/Services/MG1/PhoneNumbers?PageSize=1000&Page=1&PageToken=PTA1";
        for (base, expected) in [
            ("https://messaging.twilio.com", format!("https://messaging.twilio.com{page}")),
            ("http://127.0.0.1:1/edge/", format!("http://127.0.0.1:1/edge{page}")),
        ] {
            let (settings, first) = (settings(base), "https://messaging.twilio.com/v1".parse::<Url>().unwrap());
            for link in [
                page.to_owned(),
                format!("https://evil.example{page}"),
                format!("https://user:pw@evil.example:1{page}"),
            ] {
                let url = settings.page_of(Product::Messaging, first.clone(), Some(&link)).unwrap();
                assert_eq!(url.as_str(), expected, "{base} {link}");
            }
            let whole = format!("{}{page}", base.trim_end_matches('/'));
            assert_eq!(settings.page_of(Product::Messaging, first.clone(), Some(&whole)).unwrap().as_str(), expected);
            let begin = settings.page_of(Product::Messaging, first, None).unwrap();
            assert_eq!(begin.query(), Some("PageSize=1000"));
        }
        assert!(
            settings("https://a.example")
                .page_of(Product::Messaging, "https://a.example".parse().unwrap(), Some("https://"))
                .is_err()
        );
    }

    #[test]
    fn a_next_page_on_another_host_is_refused() {
        let settings = settings("https://api.twilio.com");
        assert!(settings.next_page("/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?Page=1").is_ok());
        assert!(settings.next_page("https://evil.example/x").is_err());
        assert!(settings.next_page("//evil.example/x").is_err());
    }
}
