//! A faithful, fault-injecting stand-in for the parts of Twilio that buy and hold phone numbers and make them fit for use.
//!
//! One port serves the paths of `api.twilio.com` (search, buy, list, fetch, update, release, balance, account, countries,
//! addresses, applications, calls, messages, usage records), of `pricing`, `numbers` (regulations, bundles), `messaging` (services, members,
//! campaigns), `events` (sinks, subscriptions), `trusthub` and `monitor.twilio.com`, and its own controls under `/__sim/`. [`Simulator`] is the handle for tests, [`Truth`] is
//! what really happened, [`Fault`] is what can go wrong.
//!
//! ```
//! use twilio_simulator::{Fault, FaultKind, On, Simulator, SimulatorOptions};
//!
//! let simulator = Simulator::start(SimulatorOptions::default())?;
//! simulator.fault(Fault::new(On::Create, FaultKind::CommitThenHang).times(1));
//! assert!(simulator.truth().purchases.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Code map: `serve` is the network, `api` is Twilio's behaviour, `stock` is what is for sale, `owned` is the account,
//! `regulatory` is what it can show, `messaging` its services and what the carriers know, `events` its sinks and what is sent to
//! them, `trust` its profiles, `monitor` its journal, `applications` where numbers lead, `rights` what its key may. `world` holds
//! them together behind one lock, `agenda` is what will happen by itself, `fault` decides what goes wrong, `control` is
//! `/__sim/`, and `steering` the same for tests.
//!
//! Architecture invariant: `api` and `stock` know neither network nor time-outs; whatever happens to an answer happens in
//! `serve`. How to get it wrong: letting a fault decide inside `api` whether a purchase counts as delivered.

#![warn(missing_docs)]

mod agenda;
mod api;
mod applications;
mod control;
mod events;
mod fault;
mod foreign;
mod market;
mod messaging;
mod money;
mod monitor;
mod number;
mod options;
mod outside;
mod owned;
mod regulatory;
mod rights;
mod seed;
mod serve;
mod simulator;
mod steering;
mod stock;
mod traffic;
mod trust;
mod truth;
mod usage;
mod world;

pub use api::create::FOREIGN_TAG;
pub use applications::{Application, ApplicationOrder, Traffic};
pub use events::{EventAttempt, EventOptions, EventRecord, Sink, SubscribedType, Subscription};
pub use fault::{ABSENT, Fault, FaultKind, On, Times};
pub use foreign::{ForeignNumber, Webhooks};
pub use market::MarketOrder;
pub use messaging::{
    Campaign, CampaignOrder, CampaignStatus, Member, Membership, Registration, RegistrationOrder, RegistrationOutcome,
    RegistrationState, Service, ServiceOrder, TollfreeOrder, TollfreeStatus, TollfreeVerification,
};
pub use monitor::Who;
pub use number::{DEMO_VOICE_URL, OwnedNumber, Sid};
pub use options::{AccountStatus, AccountType, CapabilitySpelling, LinkHost, ReownMode, SimulatorOptions};
pub use regulatory::{Address, AddressOrder, Bundle, BundleOrder, BundleStatus, EndUserType, Identity, IdentityOrder};
pub use rights::RightsOrder;
pub use simulator::Simulator;
pub use stock::kind::NumberKind;
pub use stock::pool::Capabilities;
pub use stock::rules::AddressRequirement;
pub use traffic::{TrafficOrder, TrafficRecord};
pub use trust::{Assignment, TrustBundle, TrustKind, TrustOrder};
pub use truth::{CreateAttempt, Purchase, Release, Repeat, Truth, Update};
pub use usage::{ExtraUsage, UsageLine, UsageOrder};
