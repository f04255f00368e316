//! Addresses: who lives where, and whether somebody looked at it.
//!
//! Invariant: a country is two capital letters, as the API takes it.
//!
//! How to get it wrong: reading `validated` as "good for a purchase". Twilio sells by the address's country and place.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Paper, Regulatory};
use crate::number::{Sid, rfc2822};
use crate::world::World;

/// An address of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `AD…`
    pub sid: Sid,
    /// Whose.
    pub customer_name: String,
    /// A name for people.
    pub friendly_name: String,
    /// Street and number.
    pub street: String,
    /// A second line.
    pub street_secondary: Option<String>,
    /// The place; a `local` requirement looks at it.
    pub city: String,
    /// State or province.
    pub region: String,
    /// As its country writes it.
    pub postal_code: String,
    /// Two capital letters.
    pub iso_country: String,
    /// Whether it exists, as far as Twilio looked.
    pub validated: bool,
    /// Whether it belongs to a document that was looked at.
    pub verified: bool,
    /// Whether emergency services know it.
    pub emergency_enabled: bool,
    /// When it came into the account.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Address {
    /// An address in this country about which nothing else is known.
    pub(crate) fn new(sid: Sid, iso_country: &str, now: DateTime<Utc>) -> Self {
        Self {
            sid,
            customer_name: "Simulated Customer".into(),
            friendly_name: String::new(),
            street: "1 Example Street".into(),
            street_secondary: None,
            city: "Anywhere".into(),
            region: String::new(),
            postal_code: "00000".into(),
            iso_country: iso_country.to_owned(),
            validated: false,
            verified: false,
            emergency_enabled: false,
            date_created: now,
            date_updated: now,
        }
    }

    /// The address as the API shows it.
    pub(crate) fn resource(&self, account_sid: &str) -> Value {
        json!({
            "account_sid": account_sid,
            "city": self.city,
            "customer_name": self.customer_name,
            "date_created": rfc2822(self.date_created),
            "date_updated": rfc2822(self.date_updated),
            "emergency_enabled": self.emergency_enabled,
            "friendly_name": self.friendly_name,
            "iso_country": self.iso_country,
            "postal_code": self.postal_code,
            "region": self.region,
            "sid": self.sid,
            "street": self.street,
            "street_secondary": self.street_secondary,
            "uri": format!("/2010-04-01/Accounts/{account_sid}/Addresses/{}.json", self.sid),
            "validated": self.validated,
            "verified": self.verified,
        })
    }
}

impl Paper for Address {
    const PREFIX: &'static str = "AD";

    fn sid(&self) -> &str {
        &self.sid
    }

    fn all(papers: &mut Regulatory) -> &mut Vec<Self> {
        &mut papers.addresses
    }
}

/// An address that a test puts into the account, changes, or removes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddressOrder {
    /// Left out: a fresh one. One that is there already is changed.
    pub sid: Option<Sid>,
    /// Two capital letters; a new address needs it.
    pub country: Option<String>,
    /// The place.
    pub city: Option<String>,
    /// Whether it was validated.
    pub validated: Option<bool>,
    /// Whether it was verified.
    pub verified: Option<bool>,
    /// Takes the address with this `sid` away.
    pub remove: bool,
}

impl AddressOrder {
    /// An address in this country.
    pub fn new(country: impl Into<String>) -> Self {
        Self { country: Some(country.into()), ..Self::default() }
    }

    /// With this SID: `AD` and 32 hexadecimal digits.
    pub fn sid(mut self, sid: impl Into<Sid>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// In this place.
    pub fn city(mut self, city: impl Into<String>) -> Self {
        self.city = Some(city.into());
        self
    }

    /// The end of the address with this SID.
    pub fn removal(sid: impl Into<Sid>) -> Self {
        Self { sid: Some(sid.into()), remove: true, ..Self::default() }
    }
}

impl World {
    /// Carries an order out; the address's SID.
    pub(crate) fn order_address(&mut self, order: AddressOrder) -> Result<Sid, String> {
        if order.remove {
            return self.remove::<Address>(order.sid);
        }
        if order.country.as_deref().is_some_and(|country| !is_country(country)) {
            return Err("country is two capital letters".into());
        }
        let country = order.country.clone();
        let new = |sid, now| {
            let country = country.ok_or("a new address needs a country")?;
            Ok(Address::new(sid, &country, now))
        };
        self.put(order.sid, new, |address: &mut Address| {
            for (value, target) in [(order.country, &mut address.iso_country), (order.city, &mut address.city)] {
                if let Some(value) = value {
                    *target = value;
                }
            }
            address.validated = order.validated.unwrap_or(address.validated);
            address.verified = order.verified.unwrap_or(address.verified);
            address.date_updated = Utc::now();
            Ok(())
        })
    }
}

pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
