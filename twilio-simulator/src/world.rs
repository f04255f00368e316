//! The simulated account and market: everything that requests change, behind one lock.
//!
//! Invariants: every effect happens under the lock in one step, so no request sees half of another. SIDs are never used
//! twice in a process, not even after a reset; the stock starts over the same after one. Records made before a reset are
//! not touched by requests that outlive it (`Ticket::epoch`).
//!
//! How to get it wrong: keeping the lock across an await. Every caller must take it, act and let go.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::agenda::Agenda;
use crate::api::paging::Links;
use crate::applications::Applications;
use crate::events::Events;
use crate::fault::On;
use crate::fault::queue::FaultQueue;
use crate::messaging::Messaging;
use crate::money::parse_cents;
use crate::monitor::Monitor;
use crate::number::Sid;
use crate::options::{AccountStatus, AccountType, CapabilitySpelling, Credentials, ReownMode, SimulatorOptions};
use crate::owned::Owned;
use crate::regulatory::Regulatory;
use crate::rights::Rights;
use crate::seed::hex32;
use crate::stock::Stock;
use crate::stock::kind::NumberKind;
use crate::stock::places::{self, COUNTRIES};
use crate::traffic::Traffics;
use crate::trust::Trust;
use crate::truth::{CreateAttempt, Purchase, Release, Repeat, Update};
use crate::usage::Usage;

const BALANCE_CENTS: i64 = 100_000_000;
/// Nobody knows which code Twilio has for an address that is not the account's; this one is likely.
const NO_ADDRESS: u32 = 21631;
/// Nor for a trunk; this is the code of any parameter that will not do.
const NO_TRUNK: u32 = 20001;

pub(crate) struct World {
    pub(crate) options: SimulatorOptions,
    pub(crate) credentials: Credentials,
    pub(crate) stock: Stock,
    pub(crate) owned: Owned,
    pub(crate) faults: FaultQueue,
    pub(crate) account: Account,
    pub(crate) latency: HashMap<On, Duration>,
    pub(crate) search_cap: usize,
    pub(crate) spelling: CapabilitySpelling,
    pub(crate) reown_mode: ReownMode,
    pub(crate) ledger: Ledger,
    pub(crate) requests_in_flight: u64,
    pub(crate) creates_in_flight: u64,
    /// How many tokens of lists without end were handed out.
    endless_tokens: u64,
    pub(crate) regulatory: Regulatory,
    pub(crate) messaging: Messaging,
    pub(crate) events: Events,
    pub(crate) trust: Trust,
    pub(crate) monitor: Monitor,
    pub(crate) applications: Applications,
    pub(crate) traffic: Traffics,
    pub(crate) usage: Usage,
    pub(crate) rights: Rights,
    pub(crate) agenda: Agenda,
    pub(crate) links: Links,
    /// The code for an address that the account does not have.
    pub(crate) unknown_address: u32,
    /// And for a trunk.
    pub(crate) unknown_trunk: u32,
    prices: BTreeMap<(&'static str, NumberKind), i64>,
    epoch: u64,
    serial: u64,
}

/// The account itself.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) status: AccountStatus,
    pub(crate) kind: AccountType,
    pub(crate) balance_cents: i64,
    pub(crate) created: DateTime<Utc>,
}

/// What [`crate::Truth`] is made of.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) purchases: Vec<Purchase>,
    pub(crate) repeats: Vec<Repeat>,
    pub(crate) creates: Vec<CreateAttempt>,
    pub(crate) updates: Vec<Update>,
    pub(crate) releases: Vec<Release>,
    pub(crate) requests: BTreeMap<On, u64>,
    pub(crate) max_concurrent_creates: u64,
    pub(crate) max_concurrent_requests: u64,
    pub(crate) ignored_parameters: BTreeMap<String, u64>,
}

/// Which records hear that an answer was delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    epoch: u64,
    attempt: usize,
    pub(crate) purchase: Option<usize>,
}

impl World {
    pub(crate) fn new(options: SimulatorOptions) -> Self {
        let credentials = Credentials::new(&options);
        let stock = Stock::new(options.seed, options.stock_per_area_code);
        let mut world = Self {
            credentials,
            stock,
            owned: Owned::default(),
            faults: FaultQueue::default(),
            account: Account {
                status: AccountStatus::Active,
                kind: AccountType::Full,
                balance_cents: BALANCE_CENTS,
                created: DateTime::from_timestamp(1_438_286_400, 0).expect("a constant in range"),
            },
            latency: HashMap::new(),
            search_cap: options.search_cap,
            spelling: CapabilitySpelling::default(),
            reown_mode: ReownMode::default(),
            ledger: Ledger::default(),
            requests_in_flight: 0,
            creates_in_flight: 0,
            endless_tokens: 0,
            regulatory: Regulatory::default(),
            messaging: Messaging::default(),
            events: Events::default(),
            trust: Trust::default(),
            monitor: Monitor::default(),
            applications: Applications::default(),
            traffic: Traffics::default(),
            usage: Usage::default(),
            rights: Rights::default(),
            agenda: Agenda::default(),
            links: Links::default(),
            unknown_address: NO_ADDRESS,
            unknown_trunk: NO_TRUNK,
            prices: BTreeMap::new(),
            epoch: 0,
            serial: 0,
            options,
        };
        world.latency.insert(On::Any, world.options.latency);
        for country in COUNTRIES {
            for kind in country.kinds {
                let cents = if *kind == NumberKind::TollFree { 215 } else { 115 };
                world.prices.insert((country.code, *kind), cents);
            }
        }
        world
    }

    /// Forgets faults, and with `state` everything else too.
    pub(crate) fn reset(&mut self, state: bool) {
        self.faults.clear();
        if state {
            let fresh = Self::new(self.options.clone());
            let kept = (self.requests_in_flight, self.creates_in_flight, self.epoch, self.serial);
            let url = std::mem::take(&mut self.links.url);
            let agenda = self.agenda.emptied();
            *self = fresh;
            self.agenda = agenda;
            self.links.url = url;
            (self.requests_in_flight, self.creates_in_flight, self.epoch, self.serial) = kept;
            self.epoch += 1;
        }
    }

    pub(crate) fn new_sid(&mut self, prefix: &str) -> Sid {
        self.serial += 1;
        format!("{prefix}{}", hex32(self.options.seed, prefix, self.serial))
    }

    /// A page token that was never seen before and stands for the list's beginning.
    pub(crate) fn new_endless_token(&mut self) -> String {
        self.endless_tokens += 1;
        format!("PAPN{:032x}", u128::MAX - u128::from(self.endless_tokens))
    }

    /// Whether `new_endless_token` gave this one.
    pub(crate) fn is_endless_token(&self, token: &str) -> bool {
        let serial = token.strip_prefix("PAPN").and_then(|digits| u128::from_str_radix(digits, 16).ok());
        serial.is_some_and(|serial| u128::MAX - serial <= u128::from(self.endless_tokens) && serial != u128::MAX)
    }

    pub(crate) fn latency_of(&self, on: On) -> Duration {
        self.latency.get(&on).or_else(|| self.latency.get(&On::Any)).copied().unwrap_or_default()
    }

    /// A latency for one kind, or for all, which forgets those for one kind.
    pub(crate) fn set_latency(&mut self, on: On, latency: Duration) {
        if on == On::Any {
            self.latency.clear();
        }
        self.latency.insert(on, latency);
    }

    pub(crate) fn price_cents(&self, code: &str, kind: NumberKind) -> i64 {
        self.prices.get(&(code, kind)).copied().unwrap_or_default()
    }

    /// What numbers of one type of a country cost, or of all that it has.
    pub(crate) fn set_price(&mut self, code: &str, kind: Option<NumberKind>, price: &str) -> Result<(), String> {
        let cents = parse_cents(price)?;
        for kind in places::kinds_of(code, kind)? {
            self.prices.insert(kind, cents);
        }
        Ok(())
    }

    /// Changes with each reset: what began before one is nobody's any more.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn ticket(&self, attempt: usize) -> Ticket {
        Ticket { epoch: self.epoch, attempt, purchase: None }
    }

    /// The record of a create, unless a reset came in between.
    pub(crate) fn attempt_mut(&mut self, ticket: Ticket) -> Option<&mut CreateAttempt> {
        if ticket.epoch == self.epoch { self.ledger.creates.get_mut(ticket.attempt) } else { None }
    }

    pub(crate) fn delivered(&mut self, ticket: Ticket) {
        if let Some(attempt) = self.attempt_mut(ticket) {
            attempt.delivered = true;
            if let Some(purchase) = ticket.purchase.and_then(|index| self.ledger.purchases.get_mut(index)) {
                purchase.delivered = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_forgets_all_but_never_repeats_a_sid() {
        let mut world = World::new(SimulatorOptions::default());
        let sid = world.new_sid("PN");
        let ticket = world.ticket(0);
        world.set_latency(On::Create, Duration::from_secs(1));
        world.search_cap = 1;
        world.reset(false);
        assert_eq!(world.search_cap, 1);
        world.reset(true);
        assert_eq!((world.search_cap, world.latency_of(On::Create)), (30, Duration::ZERO));
        assert_ne!(world.new_sid("PN"), sid);
        assert!(world.attempt_mut(ticket).is_none());
    }
}
