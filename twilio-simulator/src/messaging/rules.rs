//! How registrations end, as a test has it: the rule for all of them, for a service's, for a number's.
//!
//! Invariant: the most narrow rule counts.
//!
//! How to get it wrong: changing the rule of all, and wondering about a number that has one of its own.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::number::Sid;
use crate::world::World;

const AFTER_MS: u64 = 500;

/// How registrations end, and how that is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationOutcome {
    /// Registered.
    #[default]
    Registered,
    /// Refused, with a reason.
    Failed,
    /// Never heard of again.
    Silent,
    /// Registered, and told long afterwards.
    Delayed,
    /// Registered, and told twice.
    Twice,
    /// Registered, and the event of the beginning comes after that of the end.
    Reordered,
    /// Never heard of again, but somebody else sends a success with a wrong signature.
    Forged,
}

/// What a test says of registrations: all that begin from now on, or those of a service or a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationOrder {
    /// How they end.
    pub outcome: RegistrationOutcome,
    /// How long they take; left out: 500.
    pub after_ms: Option<u64>,
    /// Twilio's code of a failure; left out: 30126.
    pub reason: Option<u32>,
    /// How much later a delayed one is told; left out: 1000.
    pub late_ms: Option<u64>,
    /// Only this number, in E.164; if it is in a service with an approved campaign, its registration begins anew at once.
    pub phone_number: Option<String>,
    /// Only numbers of this service.
    pub service: Option<Sid>,
}

impl RegistrationOrder {
    /// All registrations end so.
    pub fn new(outcome: RegistrationOutcome) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// They take so long.
    pub fn after(mut self, wait: Duration) -> Self {
        self.after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// With this code of a failure.
    pub fn reason(mut self, code: u32) -> Self {
        self.reason = Some(code);
        self
    }

    /// Only this number.
    pub fn phone_number(mut self, phone_number: impl Into<String>) -> Self {
        self.phone_number = Some(phone_number.into());
        self
    }

    /// Only numbers of this service.
    pub fn service(mut self, service: impl Into<Sid>) -> Self {
        self.service = Some(service.into());
        self
    }
}

/// How a registration will end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rule {
    pub(super) outcome: RegistrationOutcome,
    after_ms: Option<u64>,
    pub(super) reason: Option<u32>,
    pub(super) late_ms: Option<u64>,
}

impl Rule {
    pub(super) fn after(self) -> Duration {
        Duration::from_millis(self.after_ms.unwrap_or(AFTER_MS))
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Rules {
    all: Rule,
    of_service: HashMap<Sid, Rule>,
    /// By E.164.
    of_number: HashMap<String, Rule>,
}

impl Rules {
    pub(super) fn of(&self, service: &str, phone_number: &str) -> Rule {
        let narrow = self.of_number.get(phone_number).or_else(|| self.of_service.get(service));
        narrow.copied().unwrap_or(self.all)
    }
}

impl World {
    /// Carries an order out.
    pub(crate) fn order_registration(&mut self, order: RegistrationOrder) -> Result<(), String> {
        let rule =
            Rule { outcome: order.outcome, after_ms: order.after_ms, reason: order.reason, late_ms: order.late_ms };
        if let Some(service) = &order.service {
            self.messaging.service(service).ok_or_else(|| format!("there is no service {service:?}"))?;
        }
        match (order.phone_number, order.service) {
            (Some(_), Some(_)) => return Err("phone_number or service, not both".into()),
            (None, None) => self.messaging.rules.all = rule,
            (None, Some(service)) => _ = self.messaging.rules.of_service.insert(service, rule),
            (Some(number), None) => {
                self.messaging.rules.of_number.insert(number.clone(), rule);
                if let Some(sid) = self.owned.by_number(&number).map(|owned| owned.sid.clone()) {
                    self.begin_registration(&sid);
                }
            }
        }
        Ok(())
    }
}
