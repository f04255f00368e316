//! `[events]`: where Twilio's event stream reaches us.
//!
//! How to get it wrong: an address with a password in the file. It may come as a secret, `EVENTS_PUBLIC_URL`.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::config::section::{Checks, Section};
use crate::config::web_address::{fault_of, host_of};

/// Where Twilio's event stream reaches us. Whoever shows it shows scheme and host: the rest may be a secret.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// The address that Twilio sends events to, as Twilio sees it; unset = none are taken.
    #[serde(serialize_with = "host_alone", skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
}

fn host_alone<S: Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(host_of).serialize(serializer)
}

impl fmt::Debug for EventsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventsConfig").field("public_url", &self.public_url.as_ref().map(host_of)).finish()
    }
}

/// What is wrong with an address for events, and what to do.
pub(in crate::config) fn events_fault(url: &Url) -> Option<(&'static str, &'static str)> {
    match fault_of(url) {
        Some(fault) => Some((fault, "give an https URL; http is for a simulator on this machine")),
        None if url.fragment().is_some() => {
            Some(("carries a fragment, which nobody is sent", "remove what stands behind #"))
        }
        None => None,
    }
}

impl Section for EventsConfig {
    const NAME: &'static str = "events";
    const HINTS: &'static [(&'static str, &'static str)] =
        &[("public_url", "an https URL such as https://numbers.example.com/twilio/events")];

    fn check(&self, checks: &mut Checks<'_>) {
        let Some(url) = &self.public_url else { return };
        if url.password().is_some() {
            let what = "holds a password, and secrets do not belong here";
            checks.refuse("public_url", what, "remove it, and give the whole address as EVENTS_PUBLIC_URL");
        } else if let Some((what, remedy)) = events_fault(url) {
            checks.refuse("public_url", what, remedy);
        }
    }
}
