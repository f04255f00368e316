//! A messaging service, and what a test says of one.
//!
//! Invariants: numbers and short codes together never exceed the capacity by an attach; incoming SMS of a member goes to the
//! service's own URL, unless `use_inbound_webhook_on_number`.
//!
//! How to get it wrong: reading a null `inbound_request_url` as "the number's". Then nobody is told of an incoming message.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Campaign, CampaignOrder, CampaignStatus, Member};
use crate::number::Sid;
use crate::regulatory::{checked_sid, iso8601};
use crate::world::World;

const CAPACITY: usize = 400;

/// A messaging service of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `MG…`
    pub sid: Sid,
    /// A name for people.
    pub friendly_name: String,
    /// How many numbers and short codes it holds.
    pub capacity: usize,
    /// Places that short codes have taken.
    pub short_codes: usize,
    /// Whether the number's own `SmsUrl` counts for incoming messages.
    pub use_inbound_webhook_on_number: bool,
    /// Where incoming messages go else; None: nowhere.
    pub inbound_request_url: Option<String>,
    /// Asked when that fails.
    pub fallback_url: Option<String>,
    /// Told how messages fare.
    pub status_callback: Option<String>,
    /// The HTTP status of "full" (21714): 412, as was seen, or 400.
    pub full_status: u16,
    /// The HTTP status of a number that joins: 201, or 200.
    pub attach_status: u16,
    /// Oldest first.
    pub members: Vec<Member>,
    /// Its campaign, if it has one.
    pub campaign: Option<Campaign>,
    /// When it came into the account.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
    #[serde(skip)]
    pub(crate) departed: HashMap<Sid, u64>,
}

impl Service {
    pub(crate) fn new(sid: Sid, now: DateTime<Utc>) -> Self {
        Self {
            sid,
            friendly_name: "Simulated Service".into(),
            capacity: CAPACITY,
            short_codes: 0,
            use_inbound_webhook_on_number: false,
            inbound_request_url: None,
            fallback_url: None,
            status_callback: None,
            full_status: 412,
            attach_status: 201,
            members: Vec::new(),
            campaign: None,
            date_created: now,
            date_updated: now,
            departed: HashMap::new(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.members.len() + self.short_codes >= self.capacity
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.campaign.as_ref().is_some_and(|campaign| campaign.status == CampaignStatus::Verified)
    }

    /// The service as the API shows it; `base` is where services are.
    pub(crate) fn resource(&self, account_sid: &str, base: &str) -> Value {
        let url = format!("{base}/{}", self.sid);
        json!({
            "account_sid": account_sid,
            "area_code_geomatch": true,
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_updated),
            "fallback_method": "POST",
            "fallback_to_long_code": true,
            "fallback_url": self.fallback_url,
            "friendly_name": self.friendly_name,
            "inbound_method": "POST",
            "inbound_request_url": self.inbound_request_url,
            "links": {
                "alpha_senders": format!("{url}/AlphaSenders"),
                "channel_senders": format!("{url}/ChannelSenders"),
                "destination_alpha_senders": format!("{url}/DestinationAlphaSenders"),
                "messages": format!("{url}/Messages"),
                "phone_numbers": format!("{url}/PhoneNumbers"),
                "short_codes": format!("{url}/ShortCodes"),
                "us_app_to_person": format!("{url}/Compliance/Usa2p"),
                "us_app_to_person_usecases": format!("{url}/Compliance/Usa2p/Usecases"),
            },
            "mms_converter": true,
            "scan_message_content": "inherit",
            "sid": self.sid,
            "smart_encoding": false,
            "status_callback": self.status_callback,
            "sticky_sender": true,
            "synchronous_validation": true,
            "url": url,
            "us_app_to_person_registered": self.is_verified(),
            "use_inbound_webhook_on_number": self.use_inbound_webhook_on_number,
            "usecase": "undeclared",
            "validity_period": 14_400,
        })
    }
}

/// A messaging service that a test puts into the account, changes, or removes; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceOrder {
    /// Left out: a fresh one. One that is there already is changed.
    pub sid: Option<Sid>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// How many numbers and short codes it holds; at first 400.
    pub capacity: Option<usize>,
    /// How many places short codes have taken; at first none.
    pub short_codes: Option<usize>,
    /// Whether the numbers' own `SmsUrl` counts; at first not.
    pub use_inbound_webhook_on_number: Option<bool>,
    /// `""`: null.
    pub inbound_request_url: Option<String>,
    /// `""`: null.
    pub fallback_url: Option<String>,
    /// 412 at first, or 400.
    pub full_status: Option<u16>,
    /// 201 at first, or 200.
    pub attach_status: Option<u16>,
    /// Gives it a campaign of this status, or changes the one that it has.
    pub campaign: Option<CampaignStatus>,
    /// Numbers of the account that somebody puts in, in E.164; whatever the capacity, and out of another service.
    pub add: Vec<String>,
    /// Numbers that somebody takes out.
    pub drop: Vec<String>,
    /// Takes the service with this `sid` away.
    pub remove: bool,
}

impl ServiceOrder {
    /// A service without a campaign.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this SID: `MG` and 32 hexadecimal digits.
    pub fn sid(mut self, sid: impl Into<Sid>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// With a campaign of this status.
    pub fn campaign(mut self, status: CampaignStatus) -> Self {
        self.campaign = Some(status);
        self
    }

    /// Holds so many numbers.
    pub fn capacity(mut self, numbers: usize) -> Self {
        self.capacity = Some(numbers);
        self
    }

    /// Whether the numbers' own `SmsUrl` counts.
    pub fn use_inbound_webhook_on_number(mut self, counts: bool) -> Self {
        self.use_inbound_webhook_on_number = Some(counts);
        self
    }

    /// Somebody puts a number of the account into it.
    pub fn with_member(mut self, phone_number: impl Into<String>) -> Self {
        self.add.push(phone_number.into());
        self
    }

    /// Somebody takes a number out of it.
    pub fn without_member(mut self, phone_number: impl Into<String>) -> Self {
        self.drop.push(phone_number.into());
        self
    }

    /// The end of the service with this SID.
    pub fn removal(sid: impl Into<Sid>) -> Self {
        Self { sid: Some(sid.into()), remove: true, ..Self::default() }
    }
}

impl World {
    /// Carries an order out; the service's SID.
    pub(crate) fn order_service(&mut self, order: ServiceOrder) -> Result<Sid, String> {
        if order.remove {
            return self.remove_service(order.sid);
        }
        let good = |status: Option<u16>, known: [u16; 2]| status.is_none_or(|status| known.contains(&status));
        if !good(order.full_status, [412, 400]) || !good(order.attach_status, [201, 200]) {
            return Err("full_status is 412 or 400, attach_status 201 or 200".into());
        }
        let number = |phone_number: &String| match self.owned.by_number(phone_number) {
            Some(number) => Ok(number.clone()),
            None => Err(format!("{phone_number} is not in the account")),
        };
        let add = order.add.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        let drop = order.drop.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        let sid = match order.sid {
            Some(sid) => checked_sid(sid, "MG")?,
            None => self.new_sid("MG"),
        };
        let now = Utc::now();
        if self.messaging.service(&sid).is_none() {
            self.messaging.services.push(Service::new(sid.clone(), now));
        }
        let service = self.messaging.service_mut(&sid).ok_or("put there just now")?;
        let unless_empty = |url: String| Some(url).filter(|url| !url.is_empty());
        service.friendly_name = order.friendly_name.unwrap_or_else(|| service.friendly_name.clone());
        service.capacity = order.capacity.unwrap_or(service.capacity);
        service.short_codes = order.short_codes.unwrap_or(service.short_codes);
        service.use_inbound_webhook_on_number =
            order.use_inbound_webhook_on_number.unwrap_or(service.use_inbound_webhook_on_number);
        service.inbound_request_url =
            order.inbound_request_url.map_or(service.inbound_request_url.take(), unless_empty);
        service.fallback_url = order.fallback_url.map_or(service.fallback_url.take(), unless_empty);
        service.full_status = order.full_status.unwrap_or(service.full_status);
        service.attach_status = order.attach_status.unwrap_or(service.attach_status);
        service.date_updated = now;
        if let Some(status) = order.campaign {
            self.order_campaign(CampaignOrder::new(&sid).status(status))?;
        }
        for number in drop {
            if self.messaging.service_of(&number.sid) == Some(&sid) {
                self.leave(&number.sid, None);
            }
        }
        for number in add {
            if self.messaging.service_of(&number.sid) != Some(&sid) {
                self.leave(&number.sid, None);
                self.join(&sid, &number, None, None);
            }
        }
        Ok(sid)
    }

    fn remove_service(&mut self, sid: Option<Sid>) -> Result<Sid, String> {
        let sid = sid.ok_or("remove needs the sid of what is to go")?;
        let service = self.messaging.service(&sid).ok_or_else(|| format!("{sid} is not in the account"))?;
        let members: Vec<Sid> = service.members.iter().map(|member| member.sid.clone()).collect();
        for member in members {
            self.leave(&member, None);
        }
        self.messaging.services.retain(|service| service.sid != sid);
        Ok(sid)
    }
}
