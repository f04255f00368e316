//! Verifications of toll-free numbers: without one, their messages are refused.
//!
//! Invariant: a number has one verification at most.
//!
//! How to get it wrong: looking for a number's state on the number. It stands here alone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::number::Sid;
use crate::regulatory::iso8601;
use crate::world::World;

/// What became of a verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TollfreeStatus {
    /// Handed in.
    #[default]
    PendingReview,
    /// Being looked at.
    InReview,
    /// Good.
    TwilioApproved,
    /// Turned down.
    TwilioRejected,
}

/// The verification of one toll-free number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TollfreeVerification {
    /// `HH…`
    pub sid: Sid,
    /// `PN…`
    pub phone_number_sid: Sid,
    /// In E.164.
    pub phone_number: String,
    /// What became of it.
    pub status: TollfreeStatus,
    /// When it was handed in.
    pub date_created: DateTime<Utc>,
}

/// What a test says of a toll-free number's verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TollfreeOrder {
    /// A number in the account, in E.164.
    pub phone_number: String,
    /// What became of it.
    #[serde(default)]
    pub status: TollfreeStatus,
}

impl TollfreeVerification {
    /// The verification as the API shows it.
    pub(crate) fn resource(&self, account_sid: &str, base: &str) -> Value {
        let is_rejected = self.status == TollfreeStatus::TwilioRejected;
        let mut shown = json!({
            "account_sid": account_sid,
            "business_city": "Anytown",
            "business_contact_email": "email@example.com",
            "business_contact_first_name": "Ada",
            "business_contact_last_name": "Example",
            "business_contact_phone": "+12025550123",
            "business_country": "US",
            "business_name": "Example, Inc.",
            "business_postal_code": "11111",
            "business_state_province_region": "AA",
            "business_street_address": "123 Main Street",
            "business_street_address2": "",
            "business_website": "https://www.example.com",
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_created),
            "error_code": is_rejected.then_some(30445),
            "message_volume": "1,000",
            "notification_email": "email@example.com",
            "opt_in_image_urls": ["https://www.example.com/opt-in.png"],
            "opt_in_type": "WEB_FORM",
            "production_message_sample": "Your code is 123456",
            "rejection_reason": is_rejected.then_some("The use case is not allowed."),
            "resource_links": {},
            "sid": self.sid,
            "status": self.status,
            "tollfree_phone_number": self.phone_number,
            "tollfree_phone_number_sid": self.phone_number_sid,
            "url": format!("{base}/{}", self.sid),
            "use_case_categories": ["TWO_FACTOR_AUTHENTICATION"],
            "use_case_summary": "Codes for customers who sign up.",
        });
        for name in UNSET {
            shown[*name] = Value::Null;
        }
        shown
    }
}

/// What nobody said when it was handed in.
const UNSET: &[&str] = &[
    "additional_information",
    "age_gated_content",
    "business_registration_authority",
    "business_registration_country",
    "business_registration_number",
    "business_registration_phone_number",
    "business_type",
    "customer_profile_sid",
    "doing_business_as",
    "edit_allowed",
    "edit_expiration",
    "external_reference_id",
    "help_message_sample",
    "opt_in_confirmation_message",
    "opt_in_keywords",
    "privacy_policy_url",
    "regulated_item_sid",
    "rejection_reasons",
    "terms_and_conditions_url",
    "trust_product_sid",
    "vetting_id",
    "vetting_id_expiration",
    "vetting_provider",
];

impl World {
    /// Carries an order out; the verification's SID.
    pub(crate) fn order_tollfree(&mut self, order: &TollfreeOrder) -> Result<Sid, String> {
        let number = self.owned.by_number(&order.phone_number);
        let number = number.ok_or_else(|| format!("{} is not in the account", order.phone_number))?.sid.clone();
        let known = &mut self.messaging.verifications;
        if let Some(verification) = known.iter_mut().find(|verification| verification.phone_number_sid == number) {
            verification.status = order.status;
            return Ok(verification.sid.clone());
        }
        let verification = TollfreeVerification {
            sid: self.new_sid("HH"),
            phone_number_sid: number,
            phone_number: order.phone_number.clone(),
            status: order.status,
            date_created: Utc::now(),
        };
        let sid = verification.sid.clone();
        self.messaging.verifications.push(verification);
        Ok(sid)
    }
}
