//! A number in the account, and how Twilio shows it.
//!
//! Invariants: `resource` has the full set of fields of the recorded examples, dates in RFC 2822 with two-digit days, `""`
//! for URLs and applications that are unset, null for addresses, bundles, trunks. `voice_url` and `voice_fallback_url` are
//! null where nobody ever set them.
//!
//! How to get it wrong: taking an unset `voice_url` for an empty one. A number bought without one gets the demo URL.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::stock::kind::NumberKind;
use crate::stock::numbering::friendly;
use crate::stock::pool::Capabilities;
use crate::stock::rules::AddressRequirement;

/// What a number bought without a `VoiceUrl` shows.
pub const DEMO_VOICE_URL: &str = "https://demo.twilio.com/welcome/voice/";

/// Twilio's identifier of a resource, such as `PN` and 32 hexadecimal digits.
pub type Sid = String;

/// A number that is in the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedNumber {
    /// `PN…`
    pub sid: Sid,
    /// In E.164.
    pub phone_number: String,
    /// At most 64 characters.
    pub friendly_name: String,
    /// None: never set; `""`: cleared.
    pub voice_url: Option<String>,
    /// GET or POST.
    pub voice_method: String,
    /// None: never set; `""`: cleared.
    pub voice_fallback_url: Option<String>,
    /// GET or POST.
    pub voice_fallback_method: String,
    /// `""` when unset.
    pub sms_url: String,
    /// GET or POST.
    pub sms_method: String,
    /// `""` when unset.
    pub sms_fallback_url: String,
    /// GET or POST.
    pub sms_fallback_method: String,
    /// `""` when unset.
    pub status_callback: String,
    /// GET or POST.
    pub status_callback_method: String,
    /// Whether calls look up the caller's name.
    pub voice_caller_id_lookup: bool,
    /// `voice` or `fax`.
    pub voice_receive_mode: String,
    /// `AP…` or `""`.
    pub voice_application_sid: String,
    /// `AP…` or `""`.
    pub sms_application_sid: String,
    /// `TK…`
    pub trunk_sid: Option<String>,
    /// `AD…`
    pub address_sid: Option<String>,
    /// `RI…`
    pub identity_sid: Option<String>,
    /// `BU…`
    pub bundle_sid: Option<String>,
    /// `AD…`
    pub emergency_address_sid: Option<String>,
    /// `Active` or `Inactive`.
    pub emergency_status: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Local, toll-free, mobile or national.
    pub kind: NumberKind,
    /// Which address its buyer had to show.
    pub address_requirements: AddressRequirement,
    /// When it came into the account.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
    /// Whether somebody else put it into the account; a purchase over the API has false.
    pub foreign: bool,
}

impl OwnedNumber {
    pub(crate) fn new(sid: Sid, phone_number: &str, kind: NumberKind, now: DateTime<Utc>) -> Self {
        let post = || "POST".to_owned();
        Self {
            sid,
            phone_number: phone_number.to_owned(),
            friendly_name: friendly(phone_number),
            voice_url: None,
            voice_method: post(),
            voice_fallback_url: None,
            voice_fallback_method: post(),
            sms_url: String::new(),
            sms_method: post(),
            sms_fallback_url: String::new(),
            sms_fallback_method: post(),
            status_callback: String::new(),
            status_callback_method: post(),
            voice_caller_id_lookup: false,
            voice_receive_mode: "voice".into(),
            voice_application_sid: String::new(),
            sms_application_sid: String::new(),
            trunk_sid: None,
            address_sid: None,
            identity_sid: None,
            bundle_sid: None,
            emergency_address_sid: None,
            emergency_status: "Inactive".into(),
            capabilities: Capabilities::default(),
            kind,
            address_requirements: AddressRequirement::None,
            date_created: now,
            date_updated: now,
            foreign: false,
        }
    }

    /// The number as the API shows it.
    pub(crate) fn resource(&self, account_sid: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{}", self.sid);
        json!({
            "account_sid": account_sid,
            "address_requirements": self.address_requirements,
            "address_sid": self.address_sid,
            "api_version": "2010-04-01",
            "beta": false,
            "bundle_sid": self.bundle_sid,
            "capabilities": self.capabilities,
            "date_created": rfc2822(self.date_created),
            "date_updated": rfc2822(self.date_updated),
            "emergency_address_sid": self.emergency_address_sid,
            "emergency_address_status":
                if self.emergency_address_sid.is_some() { "registered" } else { "unregistered" },
            "emergency_status": self.emergency_status,
            "friendly_name": self.friendly_name,
            "identity_sid": self.identity_sid,
            "origin": "twilio",
            "phone_number": self.phone_number,
            "sid": self.sid,
            "sms_application_sid": self.sms_application_sid,
            "sms_fallback_method": self.sms_fallback_method,
            "sms_fallback_url": self.sms_fallback_url,
            "sms_method": self.sms_method,
            "sms_url": self.sms_url,
            "status": "in-use",
            "status_callback": self.status_callback,
            "status_callback_method": self.status_callback_method,
            "subresource_uris": {"assigned_add_ons": format!("{uri}/AssignedAddOns.json")},
            "trunk_sid": self.trunk_sid,
            "type": self.kind.resource_type(),
            "uri": format!("{uri}.json"),
            "voice_application_sid": self.voice_application_sid,
            "voice_caller_id_lookup": self.voice_caller_id_lookup,
            "voice_fallback_method": self.voice_fallback_method,
            "voice_fallback_url": self.voice_fallback_url,
            "voice_method": self.voice_method,
            "voice_receive_mode": self.voice_receive_mode,
            "voice_url": self.voice_url,
        })
    }
}

/// `Thu, 30 Jul 2015 23:19:04 +0000`
pub(crate) fn rfc2822(instant: DateTime<Utc>) -> String {
    instant.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_unset_fields_look_like_the_examples() {
        let instant = DateTime::from_timestamp(1_438_471_144, 0).unwrap();
        assert_eq!(rfc2822(instant), "Sat, 01 Aug 2015 23:19:04 +0000");
        let number = OwnedNumber::new("PN1".into(), "+14155550100", NumberKind::Local, instant);
        let shown = number.resource("AC1");
        assert_eq!(shown["friendly_name"], "(415) 555-0100");
        assert_eq!(shown["sms_url"], "");
        assert!(shown["voice_url"].is_null() && shown["trunk_sid"].is_null());
        assert_eq!(shown["uri"], "/2010-04-01/Accounts/AC1/IncomingPhoneNumbers/PN1.json");
        assert_eq!(shown["capabilities"], json!({"voice": true, "sms": true, "mms": true, "fax": false}));
    }
}
