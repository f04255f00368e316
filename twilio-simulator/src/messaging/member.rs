//! Members of a messaging service: joining, leaving, and pages of them that stay right while they come and go.
//!
//! Invariants: every member has a rank that only grows, and who left keeps it, so a page token that names them works on. A
//! number that leaves the account leaves its service with it.
//!
//! How to get it wrong: taking a number out of the account by any other way than `World::number_gone`.

use std::collections::HashSet;
use std::time::Instant;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Messaging;
use crate::number::{OwnedNumber, Sid};
use crate::owned::Lag;
use crate::regulatory::iso8601;
use crate::stock::numbering::parse_e164;
use crate::stock::pool::Capabilities;
use crate::world::World;

/// A number in a messaging service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// `PN…`
    pub sid: Sid,
    /// In E.164.
    pub phone_number: String,
    /// Two capital letters.
    pub country_code: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// When it joined.
    pub date_created: DateTime<Utc>,
    #[serde(skip)]
    pub(crate) rank: u64,
}

/// A number joined a service or left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// When.
    pub at: DateTime<Utc>,
    /// `MG…`
    pub service_sid: Sid,
    /// In E.164.
    pub phone_number: String,
    /// Whether it joined; else it left.
    pub joined: bool,
    /// `RQ…` of the attach or the detach; None: somebody else's act, or the number left the account.
    pub request_id: Option<String>,
}

impl Member {
    /// The member as the API shows it; `url` is where its service is.
    pub(crate) fn resource(&self, account_sid: &str, service_sid: &str, url: &str) -> Value {
        let can = self.capabilities;
        let words = [("MMS", can.mms), ("SMS", can.sms), ("Voice", can.voice)];
        let words: Vec<&str> = words.into_iter().filter_map(|(word, has)| has.then_some(word)).collect();
        json!({
            "account_sid": account_sid,
            "capabilities": words,
            "country_code": self.country_code,
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_created),
            "phone_number": self.phone_number,
            "service_sid": service_sid,
            "sid": self.sid,
            "url": format!("{url}/PhoneNumbers/{}", self.sid),
        })
    }
}

impl Messaging {
    /// Counts one look-up (of one member, or of all) and says which members it must not show.
    pub(crate) fn look(&mut self, sid: Option<&str>, now: Instant) -> HashSet<Sid> {
        let mut hidden = HashSet::new();
        self.lags.retain(|number, lag| {
            if sid.is_some_and(|wanted| wanted != number) {
                return true;
            }
            if lag.until <= now && lag.requests == 0 {
                return false;
            }
            lag.requests = lag.requests.saturating_sub(1);
            hidden.insert(number.clone());
            true
        });
        hidden
    }
}

impl World {
    /// The country of a number, as far as the numbering plan tells.
    pub(crate) fn country_code_of(&self, phone_number: &str) -> String {
        let country = parse_e164(phone_number).and_then(|number| self.stock.country_of(number));
        country.map_or("US", |country| country.code).to_owned()
    }

    /// Puts a number of the account into a service. Callers have looked whether it may.
    pub(crate) fn join(
        &mut self,
        service: &str,
        number: &OwnedNumber,
        lag: Option<Lag>,
        request_id: Option<&str>,
    ) -> Member {
        self.messaging.ranks += 1;
        let member = Member {
            sid: number.sid.clone(),
            phone_number: number.phone_number.clone(),
            country_code: self.country_code_of(&number.phone_number),
            capabilities: number.capabilities,
            date_created: Utc::now(),
            rank: self.messaging.ranks,
        };
        if let Some(lag) = lag {
            self.messaging.lags.insert(member.sid.clone(), lag);
        }
        self.messaging.service_of.insert(member.sid.clone(), service.to_owned());
        if let Some(at) = self.messaging.service_mut(service) {
            at.members.push(member.clone());
        }
        self.messaging.log.push(Membership {
            at: member.date_created,
            service_sid: service.to_owned(),
            phone_number: member.phone_number.clone(),
            joined: true,
            request_id: request_id.map(str::to_owned),
        });
        self.begin_registration(&member.sid);
        member
    }

    /// Takes a number out of its service; whether it was in one.
    pub(crate) fn leave(&mut self, number: &str, request_id: Option<&str>) -> bool {
        let Some(service_sid) = self.messaging.service_of.remove(number) else { return false };
        self.messaging.lags.remove(number);
        let at = self.messaging.service_mut(&service_sid);
        let left = at.and_then(|at| {
            let position = at.members.iter().position(|member| member.sid == number)?;
            let member = at.members.remove(position);
            at.departed.insert(member.sid.clone(), member.rank);
            Some(member)
        });
        self.end_registration(&service_sid, number);
        self.messaging.log.extend(left.map(|member| Membership {
            at: Utc::now(),
            service_sid,
            phone_number: member.phone_number,
            joined: false,
            request_id: request_id.map(str::to_owned),
        }));
        true
    }

    /// A number is not in the account any more: nothing of the account names it.
    pub(crate) fn number_gone(&mut self, number: &str) {
        self.leave(number, None);
        self.trust.forget(number);
    }
}
