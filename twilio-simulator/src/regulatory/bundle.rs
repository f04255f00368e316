//! Bundles: what was shown to Twilio for one regulation, and what came of it.
//!
//! Invariants: a bundle is for one country, one type of number and one kind of end user; it buys while it is
//! `twilio-approved`, until the day that it is valid has passed.
//!
//! How to get it wrong: buying with a bundle that is provisionally approved, or that was good when the order began.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Paper, Regulatory, iso8601};
use crate::number::Sid;
use crate::stock::kind::NumberKind;
use crate::stock::places;
use crate::world::World;

/// What became of a bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BundleStatus {
    /// Being written.
    Draft,
    /// Handed in.
    PendingReview,
    /// Being looked at.
    InReview,
    /// Refused.
    TwilioRejected,
    /// Good; the only one that buys.
    #[default]
    TwilioApproved,
    /// Good for now.
    ProvisionallyApproved,
}

/// Who will use the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndUserType {
    /// A company.
    #[default]
    Business,
    /// A person.
    Individual,
}

/// A regulatory bundle of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// `BU…`
    pub sid: Sid,
    /// Two capital letters.
    pub country: String,
    /// The type of numbers that it is for.
    pub number_type: NumberKind,
    /// Who uses them.
    pub end_user_type: EndUserType,
    /// What became of it.
    pub status: BundleStatus,
    /// The day on which it ends.
    pub valid_until: Option<DateTime<Utc>>,
    /// The address that its document names; whoever buys must show the same.
    pub address_sid: Option<Sid>,
    /// A name for people.
    pub friendly_name: String,
    /// When it came into the account.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Bundle {
    /// Whether it buys such a number at this moment.
    pub(crate) fn is_good_for(&self, country: &str, kind: NumberKind, now: DateTime<Utc>) -> bool {
        self.status == BundleStatus::TwilioApproved
            && self.country == country
            && self.number_type == kind
            && self.valid_until.is_none_or(|until| now.date_naive() <= until.date_naive())
    }

    /// The bundle as the API shows it; `base` is where bundles are.
    pub(crate) fn resource(&self, account_sid: &str, base: &str, regulation_sid: &str) -> Value {
        let url = format!("{base}/{}", self.sid);
        json!({
            "account_sid": account_sid,
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_updated),
            "email": "compliance@example.com",
            "friendly_name": self.friendly_name,
            "links": {
                "bundle_copies": format!("{url}/Copies"),
                "evaluations": format!("{url}/Evaluations"),
                "item_assignments": format!("{url}/ItemAssignments"),
            },
            "regulation_sid": regulation_sid,
            "sid": self.sid,
            "status": self.status,
            "status_callback": null,
            "url": url,
            "valid_until": self.valid_until.map(iso8601),
        })
    }
}

impl Paper for Bundle {
    const PREFIX: &'static str = "BU";

    fn sid(&self) -> &str {
        &self.sid
    }

    fn all(papers: &mut Regulatory) -> &mut Vec<Self> {
        &mut papers.bundles
    }
}

/// A bundle that a test puts into the account, changes, or removes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BundleOrder {
    /// Left out: a fresh one. One that is there already is changed.
    pub sid: Option<Sid>,
    /// A country that has numbers; a new bundle needs it.
    pub country: Option<String>,
    /// A new bundle needs it.
    pub number_type: Option<NumberKind>,
    /// At first `business`.
    pub end_user_type: Option<EndUserType>,
    /// At first `twilio-approved`.
    pub status: Option<BundleStatus>,
    /// A day or an instant; `""`: for ever.
    pub valid_until: Option<String>,
    /// The address that its document names; `""`: none.
    pub address_sid: Option<Sid>,
    /// Takes the bundle with this `sid` away.
    pub remove: bool,
}

impl BundleOrder {
    /// An approved bundle for numbers of this type.
    pub fn new(country: impl Into<String>, number_type: NumberKind) -> Self {
        Self { country: Some(country.into()), number_type: Some(number_type), ..Self::default() }
    }

    /// With this SID: `BU` and 32 hexadecimal digits.
    pub fn sid(mut self, sid: impl Into<Sid>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// What became of it.
    pub fn status(mut self, status: BundleStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// The day on which it ends.
    pub fn valid_until(mut self, day: impl Into<String>) -> Self {
        self.valid_until = Some(day.into());
        self
    }

    /// The address that its document names.
    pub fn address(mut self, sid: impl Into<Sid>) -> Self {
        self.address_sid = Some(sid.into());
        self
    }

    /// The end of the bundle with this SID.
    pub fn removal(sid: impl Into<Sid>) -> Self {
        Self { sid: Some(sid.into()), remove: true, ..Self::default() }
    }
}

impl World {
    /// Carries an order out; the bundle's SID.
    pub(crate) fn order_bundle(&mut self, order: BundleOrder) -> Result<Sid, String> {
        if order.remove {
            return self.remove::<Bundle>(order.sid);
        }
        if let Some(country) = &order.country {
            places::kinds_of(country, None)?;
        }
        let valid_until = order.valid_until.as_deref().map(end).transpose()?;
        let (country, kind) = (order.country.clone(), order.number_type);
        let new = |sid, now| match (country, kind) {
            (Some(country), Some(number_type)) => Ok(Bundle {
                sid,
                friendly_name: format!("{country} {}", number_type.regulation_type()),
                country,
                number_type,
                end_user_type: EndUserType::default(),
                status: BundleStatus::default(),
                valid_until: None,
                address_sid: None,
                date_created: now,
                date_updated: now,
            }),
            _ => Err("a new bundle needs a country and a number_type".into()),
        };
        self.put(order.sid, new, |bundle: &mut Bundle| {
            bundle.country = order.country.unwrap_or_else(|| bundle.country.clone());
            bundle.number_type = order.number_type.unwrap_or(bundle.number_type);
            bundle.end_user_type = order.end_user_type.unwrap_or(bundle.end_user_type);
            bundle.status = order.status.unwrap_or(bundle.status);
            bundle.valid_until = valid_until.unwrap_or(bundle.valid_until);
            if let Some(address) = order.address_sid {
                bundle.address_sid = Some(address).filter(|sid| !sid.is_empty());
            }
            bundle.date_updated = Utc::now();
            Ok(())
        })
    }
}

/// A day, an instant, or nothing.
fn end(text: &str) -> Result<Option<DateTime<Utc>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let instant = day.or_else(|_| text.parse::<DateTime<Utc>>());
    instant.map(Some).map_err(|_| format!("valid_until is a day such as 2026-12-31, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_buys_while_it_is_approved_for_that_very_type_and_to_the_end_of_its_day() {
        let now: DateTime<Utc> = "2026-12-31T23:00:00Z".parse().unwrap();
        let bundle = |change: fn(&mut Bundle)| {
            let mut bundle = Bundle {
                sid: "BU1".into(),
                country: "DE".into(),
                number_type: NumberKind::Local,
                end_user_type: EndUserType::Business,
                status: BundleStatus::TwilioApproved,
                valid_until: end("2026-12-31").unwrap(),
                address_sid: None,
                friendly_name: String::new(),
                date_created: now,
                date_updated: now,
            };
            change(&mut bundle);
            bundle.is_good_for("DE", NumberKind::Local, now)
        };
        assert!(bundle(|_| ()) && bundle(|bundle| bundle.valid_until = None));
        assert!(!bundle(|bundle| bundle.valid_until = end("2026-12-30").unwrap()));
        assert!(!bundle(|bundle| bundle.status = BundleStatus::ProvisionallyApproved));
        assert!(!bundle(|bundle| bundle.number_type = NumberKind::Mobile));
        assert!(!bundle(|bundle| bundle.country = "GB".into()));
    }
}
