//! What the account's API key may not do, and the region that the credentials belong to.
//!
//! Invariants: the account's own token may everything; a key that lacks a right is refused before anything else is looked at.
//!
//! How to get it wrong: a key that may buy and not read. It finds out only when it has paid.

use serde::{Deserialize, Serialize};

use crate::api::refusal::Refusal;
use crate::fault::On;

/// The rights of the API key.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    denied: Vec<On>,
    status: u16,
    code: u32,
    /// `us1`, `ie1`, `au1`.
    pub(crate) region: String,
}

impl Default for Rights {
    fn default() -> Self {
        Self { denied: Vec::new(), status: 403, code: 20003, region: "us1".into() }
    }
}

/// What a test says of the API key and of the region; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RightsOrder {
    /// The kinds of requests that the API key may not make; `["account"]` is what a standard key lacks.
    pub denied: Option<Vec<On>>,
    /// The HTTP status of the refusal; at first 403.
    pub status: Option<u16>,
    /// Its code; at first 20003.
    pub code: Option<u32>,
    /// The region of all credentials; at first `us1`. Requests for another region's host are 401/20003.
    pub region: Option<String>,
}

impl RightsOrder {
    /// The API key may not make requests of these kinds.
    pub fn denied(kinds: impl IntoIterator<Item = On>) -> Self {
        Self { denied: Some(kinds.into_iter().collect()), ..Self::default() }
    }
}

impl Rights {
    pub(crate) fn change(&mut self, order: RightsOrder) -> Result<(), String> {
        if order.status.is_some_and(|status| !(400..=499).contains(&status)) {
            return Err("status is between 400 and 499".into());
        }
        self.denied = order.denied.unwrap_or_else(|| self.denied.clone());
        self.status = order.status.unwrap_or(self.status);
        self.code = order.code.unwrap_or(self.code);
        self.region = order.region.map_or_else(|| self.region.clone(), |region| region.to_ascii_lowercase());
        Ok(())
    }

    /// Refuses a key what it may not.
    pub(crate) fn check(&self, on: On) -> Result<(), Refusal> {
        if self.denied.iter().any(|denied| denied.matches(on)) {
            return Err(Refusal::new(self.status, self.code, "Permission denied: the key lacks the right to do this"));
        }
        Ok(())
    }

    /// Whether a host is this region's, as far as it names one: `api.dublin.ie1.twilio.com`, `api.ie1.twilio.com`.
    pub(crate) fn is_home(&self, host: &str) -> bool {
        let host = host.split(':').next().unwrap_or(host);
        let Some(labels) = host.strip_suffix(".twilio.com") else { return true };
        let last = labels.rsplit('.').next().filter(|_| labels.contains('.'));
        last.is_none_or(|region| region.eq_ignore_ascii_case(&self.region)) && (last.is_some() || self.region == "us1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_its_region_in_its_last_label() {
        let mut rights = Rights::default();
        assert!(rights.is_home("api.twilio.com") && rights.is_home("127.0.0.1:4010"));
        assert!(!rights.is_home("api.dublin.ie1.twilio.com") && rights.is_home("api.ashburn.us1.twilio.com:443"));
        rights.change(RightsOrder { region: Some("IE1".into()), ..RightsOrder::default() }).unwrap();
        assert!(rights.is_home("api.dublin.ie1.twilio.com") && !rights.is_home("api.twilio.com"));
        assert!(rights.is_home("127.0.0.1:4010"));
    }
}
