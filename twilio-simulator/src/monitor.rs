//! The account's journal: who made, changed or deleted a number, and from where.
//!
//! Invariants: every change of a number is here, by whomever, with what it was and what it became; the newest comes last, and
//! lists show it first. Nothing here is ever changed.
//!
//! How to get it wrong: noting a change before it was carried out, or one that changed nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::number::{OwnedNumber, Sid};
use crate::regulatory::iso8601;
use crate::seed::hex32;
use crate::world::World;

/// Who acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// A person, in the console.
    #[default]
    Console,
    /// Twilio itself.
    Twilio,
    /// A program, by the account's token or a key.
    Api,
}

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) who: Who,
    /// `US…`, `AC…` or nobody.
    pub(crate) sid: Option<Sid>,
    pub(crate) address: Option<String>,
}

impl Actor {
    /// A program that speaks to this simulator.
    pub(crate) fn api(account_sid: &str) -> Self {
        Self { who: Who::Api, sid: Some(account_sid.to_owned()), address: Some("127.0.0.1".into()) }
    }

    fn source(&self) -> &'static str {
        match self.who {
            Who::Console => "web",
            Who::Twilio => "twilio",
            Who::Api => "api",
        }
    }

    fn kind(&self) -> &'static str {
        match self.who {
            Who::Console => "user",
            Who::Twilio => "twilio-admin",
            Who::Api => "account",
        }
    }
}

/// One entry of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) sid: Sid,
    pub(crate) event_type: &'static str,
    pub(crate) resource_sid: Sid,
    pub(crate) actor: Actor,
    pub(crate) at: DateTime<Utc>,
    data: Value,
}

impl Entry {
    /// The entry as the API shows it; `base` is where entries are.
    pub(crate) fn resource(&self, account_sid: &str, base: &str, is_nested: bool) -> Value {
        let api = format!("https://api.twilio.com/2010-04-01/Accounts/{account_sid}");
        let data = if is_nested { json!({"resource_properties": self.data}) } else { self.data.clone() };
        json!({
            "account_sid": account_sid,
            "actor_sid": self.actor.sid,
            "actor_type": self.actor.kind(),
            "description": null,
            "event_data": data,
            "event_date": iso8601(self.at),
            "event_type": self.event_type,
            "links": {
                "actor": self.actor.sid.as_ref().map(|_| api.clone()),
                "resource": format!("{api}/IncomingPhoneNumbers/{}", self.resource_sid),
            },
            "resource_sid": self.resource_sid,
            "resource_type": "phone-number",
            "sid": self.sid,
            "source": self.actor.source(),
            "source_ip_address": self.actor.address,
            "url": format!("{base}/{}", self.sid),
        })
    }

    /// Whether a list that asks for this type, this actor and this address shows it.
    pub(crate) fn matches(&self, event_type: Option<&str>, actor: Option<&str>, address: Option<&str>) -> bool {
        event_type.is_none_or(|wanted| wanted == self.event_type)
            && actor.is_none_or(|wanted| self.actor.sid.as_deref() == Some(wanted))
            && address.is_none_or(|wanted| self.actor.address.as_deref() == Some(wanted))
    }
}

/// The journal.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    entries: Vec<Entry>,
    of_resource: HashMap<Sid, Vec<usize>>,
    /// Whether `event_data` has its fields under `resource_properties`, as Twilio's words say.
    pub(crate) is_nested: bool,
}

impl Monitor {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn by_sid(&self, sid: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.sid == sid)
    }

    /// Newest first, of one resource or of all.
    pub(crate) fn newest(&self, resource: Option<&str>) -> Vec<&Entry> {
        match resource {
            None => self.entries.iter().rev().collect(),
            Some(sid) => self.of_resource.get(sid).into_iter().flatten().rev().map(|at| &self.entries[*at]).collect(),
        }
    }
}

impl World {
    /// A user of the console who is always the same.
    pub(crate) fn console_user(&self) -> Actor {
        let sid = format!("US{}", hex32(self.options.seed, "console", 0));
        Actor { who: Who::Console, sid: Some(sid), address: Some("192.0.2.7".into()) }
    }

    /// Whoever usually does such things.
    pub(crate) fn actor(&self, who: Who) -> Actor {
        match who {
            Who::Console => self.console_user(),
            Who::Twilio => Actor { who, sid: None, address: None },
            Who::Api => self.api_actor(),
        }
    }

    /// The program that a request came from.
    pub(crate) fn api_actor(&self) -> Actor {
        Actor::api(&self.credentials.account_sid)
    }

    /// Notes what became of a number: it came, changed or went.
    pub(crate) fn note(&mut self, before: Option<&OwnedNumber>, after: Option<&OwnedNumber>, actor: Actor) {
        let account_sid = self.credentials.account_sid.as_str();
        let (event_type, number) = match (before, after) {
            (None, Some(after)) => ("phone-number.created", after),
            (Some(before), None) => ("phone-number.deleted", before),
            (Some(_), Some(after)) => ("phone-number.updated", after),
            (None, None) => return,
        };
        let data = changes(before, after, account_sid);
        if event_type == "phone-number.updated" && data.as_object().is_some_and(Map::is_empty) {
            return;
        }
        let resource_sid = number.sid.clone();
        let sid = self.new_sid("AE");
        let monitor = &mut self.monitor;
        monitor.of_resource.entry(resource_sid.clone()).or_default().push(monitor.entries.len());
        monitor.entries.push(Entry { sid, event_type, resource_sid, actor, at: Utc::now(), data });
    }
}

/// What changed, field by field; of what came or went its name alone.
fn changes(before: Option<&OwnedNumber>, after: Option<&OwnedNumber>, account_sid: &str) -> Value {
    let (Some(before), Some(after)) = (before, after) else {
        let name = |number: Option<&OwnedNumber>| number.map(|number| number.phone_number.clone());
        return json!({"phone_number": {"previous": name(before), "updated": name(after)}});
    };
    let (before, after) = (before.resource(account_sid), after.resource(account_sid));
    let fields = after.as_object().into_iter().flatten();
    let changed = fields.filter(|(name, value)| name.as_str() != "date_updated" && before[name.as_str()] != **value);
    changed
        .map(|(name, value)| (name.clone(), json!({"previous": before[name.as_str()], "updated": value})))
        .collect::<Map<_, _>>()
        .into()
}
