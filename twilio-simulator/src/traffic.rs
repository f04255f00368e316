//! Calls and messages of the account's numbers, as far as somebody looks for them or sends them.
//!
//! Invariant: traffic is only what a test ordered, or sent by a request; no URL is asked, but the answer says which one would be.
//!
//! A text that a number sends is undelivered while it is not registered (30034), while that is under way (30035), under a
//! campaign that lost its approval (30033), or without a toll-free verification (30032).
//!
//! How to get it wrong: taking a call's end for its start. Look-ups go by the start.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::applications::Traffic;
use crate::messaging::{RegistrationState, Service, TollfreeStatus};
use crate::number::{OwnedNumber, Sid, rfc2822};
use crate::stock::kind::NumberKind;
use crate::world::World;

const STRANGER: &str = "+12025550199";

/// The account's calls and messages.
#[derive(Debug, Default)]
pub(crate) struct Traffics {
    /// Oldest first.
    pub(crate) records: Vec<TrafficRecord>,
}

/// A call or a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficRecord {
    /// `CA…` or `SM…`
    pub sid: Sid,
    /// What it was.
    pub what: Traffic,
    /// In E.164.
    pub from: String,
    /// In E.164.
    pub to: String,
    /// Whether it came in.
    pub inbound: bool,
    /// `PN…`, of a number that was called.
    pub phone_number_sid: Option<Sid>,
    /// When it began or was sent.
    pub at: DateTime<Utc>,
    /// Why a message that a number sent was not delivered.
    pub error_code: Option<u32>,
    /// What a message says that was sent by a request.
    #[serde(default)]
    pub body: Option<String>,
}

/// Traffic that a test has a number have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficOrder {
    /// A number in the account, in E.164.
    pub phone_number: String,
    /// What it is.
    pub what: Traffic,
    /// Whether the number sends or calls; left out: it is called or sent to.
    #[serde(default)]
    pub outbound: bool,
    /// Left out: now.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// The other end; left out: a stranger.
    #[serde(default)]
    pub other: Option<String>,
}

/// So many of them at most in one order.
const BULK_MAX: u32 = 1_000_000;

impl TrafficRecord {
    /// The call or the message as the API shows it.
    pub(crate) fn resource(&self, account_sid: &str) -> Value {
        let at = rfc2822(self.at);
        match self.what {
            Traffic::Call => {
                let uri = format!("/2010-04-01/Accounts/{account_sid}/Calls/{}", self.sid);
                json!({
                    "account_sid": account_sid,
                    "answered_by": null,
                    "api_version": "2010-04-01",
                    "caller_name": null,
                    "date_created": at,
                    "date_updated": at,
                    "direction": if self.inbound { "inbound" } else { "outbound-api" },
                    "duration": "15",
                    "end_time": rfc2822(self.at + chrono::Duration::seconds(15)),
                    "forwarded_from": null,
                    "from": self.from,
                    "from_formatted": self.from,
                    "group_sid": null,
                    "parent_call_sid": null,
                    "phone_number_sid": self.phone_number_sid.clone().unwrap_or_default(),
                    "price": "-0.0085",
                    "price_unit": "USD",
                    "queue_time": "0",
                    "sid": self.sid,
                    "start_time": at,
                    "status": "completed",
                    "subresource_uris": {"recordings": format!("{uri}/Recordings.json")},
                    "to": self.to,
                    "to_formatted": self.to,
                    "trunk_sid": null,
                    "uri": format!("{uri}.json"),
                })
            }
            Traffic::Message => {
                let uri = format!("/2010-04-01/Accounts/{account_sid}/Messages/{}", self.sid);
                json!({
                    "account_sid": account_sid,
                    "api_version": "2010-04-01",
                    "body": self.text(),
                    "date_created": at,
                    "date_sent": at,
                    "date_updated": at,
                    "direction": if self.inbound { "inbound" } else { "outbound-api" },
                    "error_code": self.error_code,
                    "error_message": null,
                    "from": self.from,
                    "messaging_service_sid": null,
                    "num_media": "0",
                    "num_segments": segments(self.text()).to_string(),
                    "price": null,
                    "price_unit": "USD",
                    "sid": self.sid,
                    "status": self.status(),
                    "subresource_uris": {"media": format!("{uri}/Media.json")},
                    "to": self.to,
                    "uri": format!("{uri}.json"),
                })
            }
        }
    }
}

impl TrafficRecord {
    fn text(&self) -> &str {
        self.body.as_deref().unwrap_or("Hello")
    }

    fn status(&self) -> &'static str {
        match (self.inbound, self.error_code) {
            (true, _) => "received",
            (false, None) => "delivered",
            (false, Some(_)) => "undelivered",
        }
    }
}

/// In how many pieces a text travels.
fn segments(text: &str) -> usize {
    let (alone, together) = if text.is_ascii() { (160, 153) } else { (70, 67) };
    let length = text.encode_utf16().count();
    if length <= alone { 1 } else { length.div_ceil(together) }
}

impl World {
    /// Why a message that this number sends within the United States is not delivered.
    pub(crate) fn refusal_to_send(&self, number: &OwnedNumber) -> Option<u32> {
        if number.kind == NumberKind::TollFree {
            let mut verifications = self.messaging.verifications.iter();
            let verified = verifications.find(|one| one.phone_number_sid == number.sid);
            let is_good = verified.is_some_and(|one| one.status == TollfreeStatus::TwilioApproved);
            return (!is_good).then_some(30032);
        }
        if number.kind != NumberKind::Local || self.country_code_of(&number.phone_number) != "US" {
            return None;
        }
        let service = self.messaging.service_of(&number.sid).and_then(|sid| self.messaging.service(sid));
        match self.messaging.registrations.get(&number.sid).map(|one| one.state) {
            Some(RegistrationState::Registered) if service.is_some_and(Service::is_verified) => None,
            Some(RegistrationState::Registered) => Some(30033),
            Some(RegistrationState::Pending) => Some(30035),
            Some(RegistrationState::Failed | RegistrationState::Deregistering | RegistrationState::Unregistered)
            | None => Some(30034),
        }
    }

    /// Carries an order out; where it would have been taken.
    pub(crate) fn order_traffic(&mut self, order: TrafficOrder) -> Result<Value, String> {
        let number = self.owned.by_number(&order.phone_number);
        let number = number.ok_or_else(|| format!("{} is not in the account", order.phone_number))?;
        let (by, [url, fallback]) = self.leads(number, order.what);
        let is_outbound = order.outbound;
        let (sid, error_code) = self.note_traffic(&order, order.at.unwrap_or_else(Utc::now))?;
        Ok(if is_outbound {
            json!({"sid": sid, "error_code": error_code})
        } else {
            json!({"sid": sid, "by": by, "url": url, "fallback_url": fallback})
        })
    }

    /// The same so many times, evenly spread over so many days that end with the order's instant; how many.
    pub(crate) fn order_traffic_in_bulk(
        &mut self,
        order: &TrafficOrder,
        count: u32,
        days: u32,
    ) -> Result<Value, String> {
        if count == 0 || count > BULK_MAX {
            return Err(format!("count is between 1 and {BULK_MAX}"));
        }
        let last = order.at.unwrap_or_else(Utc::now);
        let millis = i64::from(days) * 86_400_000;
        for one in (0..count).rev() {
            let before = chrono::Duration::milliseconds(millis * i64::from(one) / i64::from(count));
            self.note_traffic(order, last - before)?;
        }
        Ok(json!({"count": count}))
    }

    fn note_traffic(&mut self, order: &TrafficOrder, at: DateTime<Utc>) -> Result<(Sid, Option<u32>), String> {
        let number = self.owned.by_number(&order.phone_number);
        let number = number.ok_or_else(|| format!("{} is not in the account", order.phone_number))?;
        let called = number.sid.clone();
        let is_text = order.outbound && order.what == Traffic::Message;
        let error_code = if is_text { self.refusal_to_send(number) } else { None };
        let (own, other) = (order.phone_number.clone(), order.other.clone().unwrap_or_else(|| STRANGER.into()));
        let (from, to) = if order.outbound { (own, other) } else { (other, own) };
        let sid = self.new_sid(if order.what == Traffic::Call { "CA" } else { "SM" });
        self.traffic.records.push(TrafficRecord {
            sid: sid.clone(),
            what: order.what,
            from,
            to,
            inbound: !order.outbound,
            phone_number_sid: (!order.outbound).then_some(called),
            at,
            error_code,
            body: None,
        });
        Ok((sid, error_code))
    }
}
