//! TrustHub: customer profiles, trust products, and which numbers and other things are assigned to them.
//!
//! Invariants: a number is assigned to a trust product only when a customer profile has it; an assignment ends with its
//! number. The two kinds of bundles differ in name only.
//!
//! How to get it wrong: taking the status of a bundle for a refusal. A draft takes numbers, and does nothing for them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::number::Sid;
use crate::regulatory::{BundleStatus, checked_sid, iso8601};
use crate::world::World;

/// What a bundle of TrustHub is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustKind {
    /// Who the business is.
    #[default]
    CustomerProfile,
    /// What it may do, such as SHAKEN/STIR.
    TrustProduct,
}

impl TrustKind {
    /// As in `/v1/CustomerProfiles`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::CustomerProfile => "CustomerProfiles",
            Self::TrustProduct => "TrustProducts",
        }
    }

    /// As in `customer_profile_sid`.
    fn word(self) -> &'static str {
        match self {
            Self::CustomerProfile => "customer_profile",
            Self::TrustProduct => "trust_product",
        }
    }
}

/// A customer profile or a trust product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustBundle {
    /// `BU…`
    pub sid: Sid,
    /// Which of the two.
    pub kind: TrustKind,
    /// A name for people.
    pub friendly_name: String,
    /// Whether it is good.
    pub status: BundleStatus,
    /// When it ends.
    pub valid_until: Option<DateTime<Utc>>,
    /// What is wrong with it, by Twilio's codes.
    pub errors: Vec<u32>,
    /// Oldest first.
    pub assignments: Vec<Assignment>,
    /// When it came into the account.
    pub date_created: DateTime<Utc>,
}

/// Something that is assigned to a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// `RA…`, of other things than numbers `BV…`
    pub sid: Sid,
    /// `PN…`, or whatever else it is.
    pub object_sid: Sid,
    /// Whether it is a number.
    pub is_number: bool,
    /// When it was assigned.
    pub date_created: DateTime<Utc>,
}

impl TrustBundle {
    /// The bundle as the API shows it; `base` is where its kind is.
    pub(crate) fn resource(&self, account_sid: &str, base: &str) -> Value {
        let url = format!("{base}/{}", self.sid);
        let plural = format!("{}s", self.kind.word());
        let errors: Vec<Value> = self.errors.iter().map(|code| json!({"code": code})).collect();
        let links = json!({
            format!("{plural}_channel_endpoint_assignment"): format!("{url}/ChannelEndpointAssignments"),
            format!("{plural}_entity_assignments"): format!("{url}/EntityAssignments"),
            format!("{plural}_evaluations"): format!("{url}/Evaluations"),
        });
        json!({
            "account_sid": account_sid,
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_created),
            "email": "trust@example.com",
            "errors": errors,
            "friendly_name": self.friendly_name,
            "links": links,
            "policy_sid": self.sid.replacen("BU", "RN", 1),
            "sid": self.sid,
            "status": self.status,
            "status_callback": null,
            "url": url,
            "valid_until": self.valid_until.map(iso8601),
        })
    }

    /// One of its assignments as the API shows it.
    pub(crate) fn assignment_resource(&self, of: &Assignment, account_sid: &str, base: &str) -> Value {
        let path = if of.is_number { "ChannelEndpointAssignments" } else { "EntityAssignments" };
        let mut shown = json!({
            "account_sid": account_sid,
            "date_created": iso8601(of.date_created),
            "sid": of.sid,
            "url": format!("{base}/{}/{path}/{}", self.sid, of.sid),
        });
        shown[format!("{}_sid", self.kind.word())] = self.sid.clone().into();
        if of.is_number {
            shown["channel_endpoint_sid"] = of.object_sid.clone().into();
            shown["channel_endpoint_type"] = "phone-number".into();
        } else {
            shown["object_sid"] = of.object_sid.clone().into();
        }
        shown
    }

    pub(crate) fn has(&self, object: &str) -> bool {
        self.assignments.iter().any(|assignment| assignment.object_sid == object)
    }
}

/// The account's bundles of TrustHub.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    /// Oldest first.
    pub(crate) bundles: Vec<TrustBundle>,
    /// Whether a repeated assignment is answered with the first one; else it is refused.
    pub(crate) repeats_pass: bool,
}

impl Trust {
    pub(crate) fn bundle(&self, kind: TrustKind, sid: &str) -> Option<&TrustBundle> {
        self.bundles.iter().find(|bundle| bundle.kind == kind && bundle.sid == sid)
    }

    pub(crate) fn bundle_mut(&mut self, kind: TrustKind, sid: &str) -> Option<&mut TrustBundle> {
        self.bundles.iter_mut().find(|bundle| bundle.kind == kind && bundle.sid == sid)
    }

    /// Whether a customer profile has this number.
    pub(crate) fn is_profiled(&self, number: &str) -> bool {
        self.bundles.iter().any(|bundle| bundle.kind == TrustKind::CustomerProfile && bundle.has(number))
    }

    /// A number has left the account.
    pub(crate) fn forget(&mut self, number: &str) {
        for bundle in &mut self.bundles {
            bundle.assignments.retain(|assignment| assignment.object_sid != number);
        }
    }
}

/// A bundle of TrustHub that a test puts into the account, changes, or removes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustOrder {
    /// Left out: a fresh one. One that is there already is changed.
    pub sid: Option<Sid>,
    /// A new one is a customer profile unless this says otherwise.
    pub kind: TrustKind,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// At first `twilio-approved`.
    pub status: Option<BundleStatus>,
    /// When it ends.
    pub valid_until: Option<DateTime<Utc>>,
    /// What is wrong with it.
    pub errors: Option<Vec<u32>>,
    /// Whether, from now on and for all bundles, a repeated assignment is answered with the first one.
    pub repeats_pass: Option<bool>,
    /// Takes the bundle with this `sid` away.
    pub remove: bool,
}

impl TrustOrder {
    /// An approved bundle.
    pub fn new(kind: TrustKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// With this SID: `BU` and 32 hexadecimal digits.
    pub fn sid(mut self, sid: impl Into<Sid>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// Whether it is good.
    pub fn status(mut self, status: BundleStatus) -> Self {
        self.status = Some(status);
        self
    }
}

impl World {
    /// Carries an order out; the bundle's SID.
    pub(crate) fn order_trust(&mut self, order: TrustOrder) -> Result<Sid, String> {
        if order.remove {
            let sid = order.sid.ok_or("remove needs the sid of what is to go")?;
            let position = self.trust.bundles.iter().position(|bundle| bundle.sid == sid);
            self.trust.bundles.remove(position.ok_or_else(|| format!("{sid} is not in the account"))?);
            return Ok(sid);
        }
        let sid = match order.sid {
            Some(sid) => checked_sid(sid, "BU")?,
            None => self.new_sid("BU"),
        };
        self.trust.repeats_pass = order.repeats_pass.unwrap_or(self.trust.repeats_pass);
        if !self.trust.bundles.iter().any(|bundle| bundle.sid == sid) {
            self.trust.bundles.push(TrustBundle {
                sid: sid.clone(),
                kind: order.kind,
                friendly_name: "Simulated Business".into(),
                status: BundleStatus::default(),
                valid_until: None,
                errors: Vec::new(),
                assignments: Vec::new(),
                date_created: Utc::now(),
            });
        }
        let bundle = self.trust.bundles.iter_mut().find(|bundle| bundle.sid == sid).ok_or("put there just now")?;
        bundle.friendly_name = order.friendly_name.unwrap_or_else(|| bundle.friendly_name.clone());
        bundle.status = order.status.unwrap_or(bundle.status);
        bundle.valid_until = order.valid_until.or(bundle.valid_until);
        bundle.errors = order.errors.unwrap_or_else(|| bundle.errors.clone());
        Ok(sid)
    }
}
