//! The moment in which a delivery goes out: its faults, its body, its URL and its signature.
//!
//! Invariants: the faults of a try are chosen when it begins, and once; nothing is sent here, that is the courier's.
//!
//! How to get it wrong: choosing faults again for a delivery that a fault had wait. It would wait for ever.

use std::time::Duration;

use serde_json::Value;

use super::address;
use super::cloud;
use super::delivery::Delivery;
use super::wrap::{hashed_url, signature};
use crate::agenda::Due;
use crate::api::rows::bend_field;
use crate::fault::queue::{Plan, Target};
use crate::fault::{FaultKind, On};
use crate::number::Sid;
use crate::world::World;

const WAIT_MS: u64 = 1_000;

/// What is to be sent now.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(super) delivery: u64,
    pub(super) epoch: u64,
    /// Of one that is sent beside a delivery: what it is about, and to which sink. Its answer decides nothing of the delivery.
    pub(super) beside: Option<Beside>,
    /// Host and port; None: it leads out of this machine.
    pub(crate) to: Option<(String, u16)>,
    /// What stands in the header `Host`.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: String,
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Duration,
}

/// What somebody else sends who overheard a delivery; it may come before it or after it.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    pub(super) sink: Sid,
    pub(super) events: Vec<(usize, u32)>,
}

impl World {
    /// The time of a delivery has come: what is to be sent, if anything.
    pub(crate) fn dispatch(&mut self, id: u64) -> Vec<Outgoing> {
        if self.events.deliveries.get(&id).is_none_or(|delivery| delivery.is_in_flight) {
            return Vec::new();
        }
        let Some(mut delivery) = self.events.deliveries.remove(&id) else { return Vec::new() };
        let Some(sink) = self.events.sink(&delivery.sink).cloned() else {
            self.settle(&delivery, false);
            return Vec::new();
        };
        self.events.held.remove(&id);
        self.events.batched.remove(&id);
        if delivery.plan.is_none() {
            let plan = self.choose_for_delivery(&delivery);
            delivery.plan = Some(plan.clone());
            if plan.has(FaultKind::Omit) {
                self.note_attempt(&delivery, Err("dropped before it was sent".into()));
                self.settle(&delivery, false);
                return Vec::new();
            }
            if plan.has(FaultKind::RepeatRow) {
                self.copy(&delivery);
            }
            if let Some(wait) = self.wait(id, &plan, sink.is_batching()) {
                self.events.deliveries.insert(id, delivery);
                self.agenda.after(wait, Due::Send(id));
                return Vec::new();
            }
        }
        self.take_along(&mut delivery);
        let plan = delivery.plan.clone().unwrap_or_default();
        let outgoing = self.compose(id, &delivery, &sink.destination, &plan);
        delivery.is_in_flight = true;
        self.events.deliveries.insert(id, delivery);
        outgoing
    }

    /// How long a delivery has to wait now that it is known what bends it, and what for.
    fn wait(&mut self, id: u64, plan: &Plan, is_batching: bool) -> Option<Duration> {
        let ordered = |kind| plan.find(kind).map(|fault| Duration::from_millis(fault.ms.unwrap_or(WAIT_MS)));
        if let Some(wait) = ordered(FaultKind::Lag) {
            self.events.held.insert(id);
            return Some(wait);
        }
        if is_batching {
            self.events.batched.insert(id);
            return Some(self.events.options.batch());
        }
        ordered(FaultKind::Delay)
    }

    fn choose_for_delivery(&mut self, delivery: &Delivery) -> Plan {
        let event = delivery.events.first().and_then(|(position, _)| self.events.records.get(*position));
        let phone_number = event.and_then(|event| event.phone_number.as_deref());
        let on = On::EventDelivery;
        self.faults.choose(&Target {
            on,
            phone_number,
            country: None,
            area_code: None,
            owned: false,
            further_page: true,
        })
    }

    /// The same once more, without a fault of its own.
    fn copy(&mut self, delivery: &Delivery) {
        for (position, _) in &delivery.events {
            self.events.records[*position].waiting += 1;
        }
        let copy = Delivery {
            sink: delivery.sink.clone(),
            events: delivery.events.clone(),
            plan: Some(Plan::default()),
            ..*delivery
        };
        self.enqueue(copy, Duration::ZERO);
    }

    /// Adds the events that wait for another delivery of their sink.
    fn take_along(&mut self, delivery: &mut Delivery) {
        let mut waiting: Vec<u64> = self.events.batched.iter().copied().collect();
        waiting.sort_unstable();
        for id in waiting {
            if self.events.deliveries.get(&id).is_some_and(|other| other.sink == delivery.sink)
                && let Some(other) = self.events.deliveries.remove(&id)
            {
                self.events.batched.remove(&id);
                delivery.events.splice(0..0, other.events);
            }
        }
    }

    fn compose(&mut self, id: u64, delivery: &Delivery, destination: &str, plan: &Plan) -> Vec<Outgoing> {
        let events = &self.events;
        let mut envelopes: Vec<Value> = delivery
            .events
            .iter()
            .filter_map(|(position, schema)| Some((events.records.get(*position)?, *schema)))
            .map(|(record, schema)| cloud::envelope(record, schema, &events.options))
            .collect();
        for fault in plan.all(FaultKind::OddRow) {
            for envelope in &mut envelopes {
                bend_field(envelope, fault.field.as_deref(), fault.value.clone().unwrap_or_default());
            }
        }
        let body = Value::from(envelopes.clone()).to_string().into_bytes();
        let url = hashed_url(destination, &body);
        let is_forged = delivery.is_forged || plan.has(FaultKind::ForeignTag);
        let token = if is_forged { "somebody else's" } else { self.credentials.auth_token.as_str() };
        let (uri, authorization) = address::read(&url);
        let outgoing = Outgoing {
            delivery: id,
            epoch: self.epoch(),
            beside: None,
            to: self.events.leads_to(destination, &uri),
            host: uri
                .authority()
                .map(|authority| address::without_user(authority.as_str()).to_owned())
                .unwrap_or_default(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            authorization,
            content_type: self.events.options.content_type.clone().unwrap_or_else(|| "application/json".into()),
            signature: signature(token, &url),
            body,
            timeout: self.events.options.timeout(),
        };
        let mut all = vec![outgoing];
        if plan.has(FaultKind::Stolen) {
            for envelope in &mut envelopes {
                envelope["id"] = self.new_sid("EZ").into();
                envelope["data"]["externalstatus"] = "registered".into();
                envelope["type"] = "com.twilio.messaging.compliance.number-registration.successful".into();
            }
            let body = Value::from(envelopes).to_string().into_bytes();
            for (position, _) in &delivery.events {
                self.events.records[*position].waiting += 1;
            }
            let beside = Some(Beside { sink: delivery.sink.clone(), events: delivery.events.clone() });
            all.push(Outgoing { beside, body, ..all[0].clone() });
        }
        all
    }
}
