//! What really happened: the oracle of every test, and the body of `GET /__sim/state`.
//!
//! Invariants: only effects are recorded, never intentions: a purchase is here exactly when the account owns (or owned) the
//! number because of that request and pays for it. A POST that found the number owned already is a repeat, not a purchase.
//! `delivered` says that the whole answer was handed to the client's connection, not that the client read it.
//!
//! How to get it wrong: counting `creates` (attempts) where `purchases` (money) is meant.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::applications::Application;
use crate::events::{EventRecord, Sink, Subscription};
use crate::fault::Fault;
use crate::messaging::{Membership, Registration, Service, TollfreeVerification};
use crate::money::cents_text;
use crate::number::{OwnedNumber, Sid};
use crate::options::AccountStatus;
use crate::regulatory::{Address, Bundle, Identity};
use crate::traffic::TrafficRecord;
use crate::trust::TrustBundle;
use crate::world::World;

/// A snapshot of the simulator.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Truth {
    /// The numbers in the account, oldest first.
    pub owned: Vec<OwnedNumber>,
    /// Every number that was bought, in the order of the purchases.
    pub purchases: Vec<Purchase>,
    /// Creates that found the number in the account already.
    pub repeats: Vec<Repeat>,
    /// Every create that came in, refused or not.
    pub creates: Vec<CreateAttempt>,
    /// How many updates of owned numbers took effect, repeated creates included.
    pub updates: u64,
    /// Those updates.
    pub update_log: Vec<Update>,
    /// Numbers released over the API.
    pub releases: Vec<Release>,
    /// The account's addresses, oldest first.
    pub addresses: Vec<Address>,
    /// Its bundles.
    pub bundles: Vec<Bundle>,
    /// Its identities.
    pub identities: Vec<Identity>,
    /// Its messaging services with their members and campaigns.
    pub services: Vec<Service>,
    /// Who joined and left them, oldest first.
    pub memberships: Vec<Membership>,
    /// What the carriers know of its numbers, also of those that are gone.
    pub registrations: Vec<Registration>,
    /// Verifications of its toll-free numbers.
    pub tollfree_verifications: Vec<TollfreeVerification>,
    /// Where its events go.
    pub sinks: Vec<Sink>,
    /// What those want to hear.
    pub subscriptions: Vec<Subscription>,
    /// Every event, and what became of it.
    pub events: Vec<EventRecord>,
    /// Customer profiles and trust products with what is assigned to them.
    pub trust_bundles: Vec<TrustBundle>,
    /// Its applications.
    pub applications: Vec<Application>,
    /// Its trunks.
    pub trunks: Vec<Sid>,
    /// Calls and messages, oldest first.
    pub traffic: Vec<TrafficRecord>,
    /// How many entries its journal has.
    pub monitor_events: u64,
    /// Requests by kind; see [`crate::On::name`].
    pub requests: BTreeMap<String, u64>,
    /// Creates being handled now.
    pub creates_in_flight: u64,
    /// The most creates that were ever handled at once.
    pub max_concurrent_creates: u64,
    /// The most requests of any kind that were ever handled at once.
    pub max_concurrent_requests: u64,
    /// Parameters that no operation of that kind knows, as `create.VoiceURL`, with how often they came.
    pub ignored_parameters: BTreeMap<String, u64>,
    /// Faults that happened, by name.
    pub faults_fired: BTreeMap<String, u64>,
    /// Faults that still wait.
    pub faults_waiting: Vec<Fault>,
    /// The account's balance.
    pub balance: String,
    /// The account's status.
    pub account_status: AccountStatus,
}

/// A number that was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// `RQ…`
    pub request_id: String,
    /// In E.164.
    pub phone_number: String,
    /// `PN…`
    pub sid: Sid,
    /// The form of the request.
    pub parameters: BTreeMap<String, String>,
    /// Whether the whole answer was written to the client's connection.
    pub delivered: bool,
    /// What was charged.
    pub price: String,
    /// The faults that acted on the request, by name.
    pub faults: Vec<String>,
}

/// A create for a number that the account had already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// When.
    pub at: DateTime<Utc>,
    /// `RQ…`
    pub request_id: String,
    /// In E.164.
    pub phone_number: String,
    /// `PN…`
    pub sid: Sid,
    /// Whether it was taken as an update (201); else it was refused (21422, or for its papers).
    pub accepted: bool,
}

/// A create that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateAttempt {
    /// When it came in.
    pub at: DateTime<Utc>,
    /// `RQ…`
    pub request_id: String,
    /// The number asked for.
    pub phone_number: Option<String>,
    /// The area code asked for.
    pub area_code: Option<String>,
    /// The form of the request.
    pub parameters: BTreeMap<String, String>,
    /// The status that was or would have been answered; None while it is handled, and where there is no answer.
    pub status: Option<u16>,
    /// Whether the whole answer was written to the client's connection.
    pub delivered: bool,
    /// The faults that acted on it, by name.
    pub faults: Vec<String>,
}

/// A change of an owned number over the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// `RQ…`
    pub request_id: String,
    /// In E.164.
    pub phone_number: String,
    /// `PN…`
    pub sid: Sid,
    /// The form of the request.
    pub parameters: BTreeMap<String, String>,
}

/// A number that was given back over the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// `RQ…`
    pub request_id: String,
    /// In E.164.
    pub phone_number: String,
    /// `PN…`
    pub sid: Sid,
}

impl Truth {
    /// The owned number with this E.164.
    pub fn owned_number(&self, phone_number: &str) -> Option<&OwnedNumber> {
        self.owned.iter().find(|number| number.phone_number == phone_number)
    }

    /// The messaging service that a number is in.
    pub fn service_of(&self, phone_number: &str) -> Option<&Service> {
        let has = |service: &&Service| service.members.iter().any(|member| member.phone_number == phone_number);
        self.services.iter().find(has)
    }

    /// What the carriers know of a number.
    pub fn registration_of(&self, phone_number: &str) -> Option<&Registration> {
        self.registrations.iter().rev().find(|registration| registration.phone_number == phone_number)
    }

    /// The events about a number, in the order in which they became true.
    pub fn events_of<'a>(&'a self, phone_number: &'a str) -> impl Iterator<Item = &'a EventRecord> {
        self.events.iter().filter(move |event| event.phone_number.as_deref() == Some(phone_number))
    }

    /// How many requests of a kind came in.
    pub fn requests_of(&self, on: crate::On) -> u64 {
        self.requests.get(on.name()).copied().unwrap_or(0)
    }
}

impl World {
    /// What really happened so far.
    pub(crate) fn truth(&self) -> Truth {
        let ledger = &self.ledger;
        Truth {
            owned: self.owned.iter().cloned().collect(),
            purchases: ledger.purchases.clone(),
            repeats: ledger.repeats.clone(),
            creates: ledger.creates.clone(),
            updates: ledger.updates.len() as u64,
            update_log: ledger.updates.clone(),
            releases: ledger.releases.clone(),
            addresses: self.regulatory.addresses.clone(),
            bundles: self.regulatory.bundles.clone(),
            identities: self.regulatory.identities.clone(),
            services: self.messaging.services.clone(),
            memberships: self.messaging.log.clone(),
            registrations: self.messaging.registrations.values().cloned().collect(),
            tollfree_verifications: self.messaging.verifications.clone(),
            sinks: self.events.sinks.clone(),
            subscriptions: self.events.subscriptions.clone(),
            events: self.events.records.clone(),
            trust_bundles: self.trust.bundles.clone(),
            applications: self.applications.all.clone(),
            trunks: self.applications.trunks.clone(),
            traffic: self.traffic.records.clone(),
            monitor_events: self.monitor.len() as u64,
            requests: ledger.requests.iter().map(|(on, count)| (on.name().to_owned(), *count)).collect(),
            creates_in_flight: self.creates_in_flight,
            max_concurrent_creates: ledger.max_concurrent_creates,
            max_concurrent_requests: ledger.max_concurrent_requests,
            ignored_parameters: ledger.ignored_parameters.clone(),
            faults_fired: self.faults.fired().clone(),
            faults_waiting: self.faults.waiting().to_vec(),
            balance: cents_text(self.account.balance_cents),
            account_status: self.account.status,
        }
    }
}
