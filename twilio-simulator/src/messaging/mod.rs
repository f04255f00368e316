//! Messaging services: which number is in which, what their campaigns are worth, and what the carriers know.
//!
//! Invariants: a number is in one service at most, and in none once it has left the account. Attached is not registered: a
//! number of the United States begins to be registered only while its service's campaign is approved, and nothing but events tells.
//! What Twilio does with those that have begun when the campaign loses its approval it does not say: here they go on.
//!
//! How to get it wrong: counting a member as able to text. Between the two lie a campaign and a registration.

mod campaign;
mod member;
mod registration;
mod rules;
mod service;
mod tollfree;

use std::collections::{BTreeMap, HashMap};

pub use campaign::{Campaign, CampaignOrder, CampaignStatus};
pub use member::{Member, Membership};
pub use registration::{Registration, RegistrationState};
pub use rules::{RegistrationOrder, RegistrationOutcome};
pub use service::{Service, ServiceOrder};
pub use tollfree::{TollfreeOrder, TollfreeStatus, TollfreeVerification};

use crate::number::Sid;
use crate::owned::Lag;
use rules::Rules;

/// The account's messaging services and whatever hangs on them.
#[derive(Debug, Default)]
pub(crate) struct Messaging {
    /// Oldest first.
    pub(crate) services: Vec<Service>,
    /// The service of each number that is in one.
    service_of: HashMap<Sid, Sid>,
    /// What the carriers know of numbers, by `PN…`; it outlives the number's membership.
    pub(crate) registrations: BTreeMap<Sid, Registration>,
    pub(crate) verifications: Vec<TollfreeVerification>,
    rules: Rules,
    /// Who joined and left, oldest first.
    pub(crate) log: Vec<Membership>,
    /// Members that look-ups do not show yet.
    lags: HashMap<Sid, Lag>,
    ranks: u64,
    turns: u64,
}

impl Messaging {
    pub(crate) fn service(&self, sid: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.sid == sid)
    }

    fn service_mut(&mut self, sid: &str) -> Option<&mut Service> {
        self.services.iter_mut().find(|service| service.sid == sid)
    }

    /// The service that a number is in.
    pub(crate) fn service_of(&self, number: &str) -> Option<&Sid> {
        self.service_of.get(number)
    }

    /// A number for the next turn of something: an earlier turn's end means nothing any more.
    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}
