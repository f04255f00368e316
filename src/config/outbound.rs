//! The way out to Twilio: through which proxy, and who may vouch for whom.
//!
//! How to get it wrong: obeying `HTTPS_PROXY`. An environment is inherited by accident, and every request carries the
//! account's credentials: whoever wants a proxy says so in `twilio.proxy_url`, and whoever set the variable alone is told. The same
//! holds for the region and the edge that Twilio's own libraries take from there.

use std::fmt;

use url::Url;

use super::certificates::Trust;
use super::sources::Sources;
use super::web_address::host_of;

/// Variables that other programs take a proxy for https from.
const VARIABLES: &[&str] = &["HTTPS_PROXY", "ALL_PROXY"];
/// Variables that Twilio's own libraries take a place from, and what stands for saying nothing.
const PLACES: &[(&str, &str)] = &[("TWILIO_REGION", "us1"), ("TWILIO_EDGE", "ashburn")];

/// The way out to Twilio.
#[derive(Clone, PartialEq)]
pub(crate) struct Outbound {
    proxy: Option<Url>,
    ignored_variable: Option<String>,
    ignored_places: Vec<&'static str>,
    trust: Trust,
}

impl Outbound {
    /// The direct way; stands in while the sections are read.
    pub(super) fn unset() -> Self {
        Self { proxy: None, ignored_variable: None, ignored_places: Vec::new(), trust: Trust::nobody() }
    }

    /// With this proxy, which may be none, to where the API is.
    pub(super) fn new(proxy: Option<Url>, trust: Trust, sources: &Sources, api: &Url) -> Self {
        let ignored_variable = if proxy.is_none() { proxy_variable(sources) } else { None };
        Self { proxy, ignored_variable, ignored_places: ignored_places(sources, api), trust }
    }

    /// The proxy that all calls to Twilio go through.
    #[must_use]
    pub(crate) fn proxy(&self) -> Option<&Url> {
        self.proxy.as_ref()
    }

    /// The variable that names a proxy which is not obeyed.
    #[must_use]
    pub(crate) fn ignored_variable(&self) -> Option<&str> {
        self.ignored_variable.as_deref()
    }

    /// Who may vouch for Twilio's hosts and for the proxy.
    #[must_use]
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// What whoever starts or checks should know.
    #[must_use]
    pub(crate) fn notes(&self) -> Vec<String> {
        let ignored = self.ignored_variable.as_ref().map(|variable| {
            format!(
                "{variable} is set and not obeyed: Twilio is called directly; if calls shall go through that proxy, give it as \
                 twilio.proxy_url, or with a login as TWILIO_PROXY_URL"
            )
        });
        let places = self.ignored_places.iter().map(|variable| {
            format!(
                "{variable} is set and not obeyed: twilio.api_base_url alone says where Twilio is called, such as \
                 https://api.dublin.ie1.twilio.com"
            )
        });
        ignored.into_iter().chain(places).collect()
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("proxy", &self.proxy.as_ref().map(host_of))
            .field("ignored_variable", &self.ignored_variable)
            .field("ignored_places", &self.ignored_places)
            .field("trust", &self.trust)
            .finish()
    }
}

fn proxy_variable(sources: &Sources) -> Option<String> {
    let is_set = |name: &&String| {
        VARIABLES.iter().any(|variable| name.eq_ignore_ascii_case(variable)) && sources.variable(name).is_some()
    };
    sources.env.keys().find(is_set).cloned()
}

/// Variables that name another region or edge of Twilio's than `api` does. Where that is none of Twilio's hosts, they say nothing.
fn ignored_places(sources: &Sources, api: &Url) -> Vec<&'static str> {
    let host = api.host_str().unwrap_or_default().trim_end_matches('.');
    let Some(host) = host.strip_suffix(".twilio.com") else { return Vec::new() };
    let is_ignored = |(variable, unsaid): &&(&'static str, &str)| {
        sources.variable(variable).map(str::trim).is_some_and(|place| {
            // `api.EDGE.REGION`
            let is_there = host.split('.').skip(1).any(|named| named.eq_ignore_ascii_case(place));
            let says_nothing = !host.contains('.') && place.eq_ignore_ascii_case(unsaid);
            !is_there && !says_nothing
        })
    };
    PLACES.iter().filter(is_ignored).map(|(variable, _)| *variable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(env: &[(&str, &str)]) -> Sources {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sources { file: None, env }
    }

    fn api(url: &str) -> Url {
        url.parse().unwrap()
    }

    #[test]
    fn a_place_of_twilios_is_told_where_the_address_says_another_one() {
        for (url, region, edge, told) in [
            ("https://api.twilio.com", "ie1", "dublin", &["TWILIO_REGION", "TWILIO_EDGE"][..]),
            ("https://api.twilio.com", "us1", "ashburn", &[]),
            ("https://api.twilio.com", "", " ", &[]),
            ("https://api.dublin.ie1.twilio.com", "IE1", "dublin", &[]),
            ("https://api.dublin.ie1.twilio.com", "us1", "ashburn", &["TWILIO_REGION", "TWILIO_EDGE"]),
            ("https://api.dublin.ie1.twilio.com", "au1", "", &["TWILIO_REGION"]),
            ("http://127.0.0.1:4010", "ie1", "dublin", &[]),
            ("https://gateway.example.com", "ie1", "dublin", &[]),
        ] {
            let sources = sources(&[("TWILIO_REGION", region), ("TWILIO_EDGE", edge)]);
            let outbound = Outbound::new(None, Trust::nobody(), &sources, &api(url));
            assert_eq!(outbound.ignored_places, told, "{url} {region} {edge}");
            let notes = outbound.notes();
            assert!(
                notes.len() == told.len() && notes.iter().all(|note| note.contains("twilio.api_base_url")),
                "{notes:?}"
            );
        }
    }

    #[test]
    fn a_variable_for_proxies_is_told_in_any_case_and_only_where_no_proxy_is_configured() {
        let (proxy, twilio) = (api("http://proxy.example.com:3128"), api("https://api.twilio.com"));
        for (name, value, is_told) in [
            ("HTTPS_PROXY", "http://127.0.0.1:3128", true),
            ("https_proxy", "http://127.0.0.1:3128", true),
            ("All_Proxy", "socks5://127.0.0.1", true),
            ("HTTPS_PROXY", " ", false),
            ("HTTP_PROXY", "http://127.0.0.1:3128", false),
            ("NO_PROXY", "*", false),
            ("MY_HTTPS_PROXY", "http://127.0.0.1:3128", false),
        ] {
            let sources = sources(&[(name, value)]);
            let direct = Outbound::new(None, Trust::nobody(), &sources, &twilio);
            assert_eq!(direct.ignored_variable(), is_told.then_some(name), "{name}={value}");
            assert_eq!(direct.notes().len(), usize::from(is_told), "{name}={value}");
            assert!(!direct.notes().concat().contains("3128"), "the proxy itself may hold a login");
            assert!(Outbound::new(Some(proxy.clone()), Trust::nobody(), &sources, &twilio).notes().is_empty());
        }
    }

    #[test]
    fn a_login_of_the_proxy_is_never_printed() {
        let proxy = api("https://dana:hunter2@proxy.example.com:3128");
        let outbound = Outbound::new(Some(proxy), Trust::nobody(), &sources(&[]), &api("https://api.twilio.com"));
        assert!(!format!("{outbound:?}").contains("hunter2") && !format!("{outbound:?}").contains("dana"));
    }
}
