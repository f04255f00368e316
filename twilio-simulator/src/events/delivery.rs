//! Events on their way to sinks: put down, tried again, taken or lost.
//!
//! Invariants: at least once and in no order that anybody could rely on. 2xx is the end; so is every other answer but 429 and
//! 5xx, and then the event is lost; those, time-outs and refused connections are tried again, with growing waits, until the
//! time for that is over.
//!
//! How to get it wrong: settling a delivery twice. A record's `waiting` would never come to its end.

use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::json;

use super::cloud;
use super::dispatch::Outgoing;
use super::notice::{Manner, Notice};
use super::record::{EventAttempt, EventRecord};
use crate::agenda::Due;
use crate::fault::FaultKind;
use crate::fault::queue::Plan;
use crate::number::Sid;
use crate::seed::mix;
use crate::world::World;

/// How long an event waits for one that it is to follow.
const BEHIND_MAX: Duration = Duration::from_secs(10);
const WAIT_MAX: Duration = Duration::from_secs(600);
pub(crate) const TEST_EVENT: &str = "com.twilio.eventstreams.test-event";

/// Events on their way to one sink.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) sink: Sid,
    /// Where they stand among the records, and in which version they are told.
    pub(super) events: Vec<(usize, u32)>,
    pub(super) tries: u32,
    pub(super) first: Instant,
    pub(super) is_forged: bool,
    pub(super) is_in_flight: bool,
    /// The faults of this try, once they are chosen.
    pub(super) plan: Option<Plan>,
}

/// The status, or why there is none.
pub(crate) type Answer = Result<u16, String>;

impl World {
    /// Something has become so; whoever subscribed to it is told.
    pub(crate) fn emit(&mut self, notice: Notice, manner: Manner) {
        let (id, inner) = (self.new_sid("EZ"), self.new_sid("QR"));
        let data = cloud::data(&notice, &self.credentials.account_sid, &inner, &self.events.options);
        let record = EventRecord {
            id,
            event_type: notice.kind.event_type().to_owned(),
            phone_number: Some(notice.phone_number),
            phone_number_sid: Some(notice.phone_number_sid),
            at: notice.at,
            forged: manner.is_forged,
            data,
            waiting: 0,
            delivered: false,
            lost: false,
            attempts: Vec::new(),
        };
        let subscriptions = self.events.subscriptions.iter();
        let wanted = subscriptions.filter_map(|subscription| {
            let of_type = subscription.of_type(&record.event_type)?;
            Some((subscription.sink_sid.clone(), of_type.schema_version))
        });
        let sinks: Vec<(Sid, u32)> = wanted.collect();
        let position = self.record_event(record);
        for (sink, schema) in sinks {
            for _ in 0..manner.copies {
                self.send_later(&sink, (position, schema), manner);
            }
        }
    }

    /// The event that asks whether a sink works.
    pub(crate) fn emit_test(&mut self, sink: &str) {
        let record = EventRecord {
            id: self.new_sid("EZ"),
            event_type: TEST_EVENT.into(),
            phone_number: None,
            phone_number_sid: None,
            at: Utc::now(),
            forged: false,
            data: json!({"test_id": self.new_sid("")}),
            waiting: 0,
            delivered: false,
            lost: false,
            attempts: Vec::new(),
        };
        let position = self.record_event(record);
        self.send_later(sink, (position, 1), Manner::default());
    }

    fn record_event(&mut self, record: EventRecord) -> usize {
        self.events.records.push(record);
        self.events.records.len() - 1
    }

    fn send_later(&mut self, sink: &str, event: (usize, u32), manner: Manner) {
        self.events.records[event.0].waiting += 1;
        let delivery = Delivery {
            sink: sink.to_owned(),
            events: vec![event],
            tries: 0,
            first: Instant::now(),
            is_forged: manner.is_forged,
            is_in_flight: false,
            plan: None,
        };
        let id = self.enqueue(delivery, if manner.is_behind { BEHIND_MAX } else { manner.late });
        if manner.is_behind {
            self.events.held.insert(id);
        }
    }

    pub(super) fn enqueue(&mut self, delivery: Delivery, wait: Duration) -> u64 {
        self.events.serial += 1;
        let id = self.events.serial;
        self.events.deliveries.insert(id, delivery);
        self.agenda.after(wait, Due::Send(id));
        id
    }

    /// A try has come to its end.
    pub(crate) fn answered(&mut self, outgoing: &Outgoing, answer: Answer) {
        if outgoing.epoch != self.epoch() {
            return;
        }
        let status = answer.as_ref().ok().copied();
        if let Some(beside) = &outgoing.beside {
            // The delivery itself may have come to its end before.
            self.note_of(&beside.events, &beside.sink, answer, vec![FaultKind::Stolen.name().to_owned()]);
            for (position, _) in &beside.events {
                self.events.records[*position].waiting -= 1;
            }
            return;
        }
        let Some(mut delivery) = self.events.deliveries.remove(&outgoing.delivery) else { return };
        let sink = delivery.sink.clone();
        self.note_attempt(&delivery, answer);
        let is_taken = status.is_some_and(|status| (200..300).contains(&status));
        let is_worth_a_try = status.is_none_or(|status| status == 429 || status >= 500);
        let options = &self.events.options;
        let doubled = options.retry_first().saturating_mul(1 << delivery.tries.min(16)).min(WAIT_MAX);
        let jitter = mix(self.options.seed, outgoing.delivery ^ u64::from(delivery.tries)) % 20;
        let wait = doubled * (90 + u32::try_from(jitter).unwrap_or_default()) / 100;
        if is_taken || !is_worth_a_try || delivery.first.elapsed() + wait > options.retry_for() {
            self.settle(&delivery, is_taken);
        } else {
            (delivery.tries, delivery.is_in_flight, delivery.plan) = (delivery.tries + 1, false, None);
            self.events.deliveries.insert(outgoing.delivery, delivery);
            self.agenda.after(wait, Due::Send(outgoing.delivery));
        }
        self.free_held(&sink);
    }

    /// What waited for another delivery of this sink follows it now.
    fn free_held(&mut self, sink: &str) {
        let events = &mut self.events;
        let is_of_sink = |id: &u64| events.deliveries.get(id).is_some_and(|held| held.sink == sink);
        let mut free: Vec<u64> = events.held.iter().copied().filter(is_of_sink).collect();
        free.sort_unstable();
        for id in free {
            events.held.remove(&id);
            self.agenda.after(Duration::ZERO, Due::Send(id));
        }
    }

    pub(super) fn note_attempt(&mut self, delivery: &Delivery, answer: Answer) {
        let faults = delivery.plan.as_ref().map(Plan::names).unwrap_or_default();
        self.note_of(&delivery.events, &delivery.sink, answer, faults);
    }

    fn note_of(&mut self, events: &[(usize, u32)], sink: &str, answer: Answer, faults: Vec<String>) {
        let (status, error) = match answer {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error)),
        };
        let attempt = EventAttempt { at: Utc::now(), sink_sid: sink.to_owned(), status, error, faults };
        for (position, _) in events {
            self.events.records[*position].attempts.push(attempt.clone());
        }
    }

    pub(super) fn settle(&mut self, delivery: &Delivery, is_taken: bool) {
        for (position, _) in &delivery.events {
            let record = &mut self.events.records[*position];
            record.waiting -= 1;
            record.delivered |= is_taken;
            record.lost |= !is_taken;
        }
    }
}
