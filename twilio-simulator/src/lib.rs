//! A faithful, fault-injecting stand-in for the parts of Twilio that buy and hold phone numbers.
//!
//! One port serves the paths of `api.twilio.com` (search, buy, list, fetch, update, release, balance, account, countries,
//! addresses), of `pricing.twilio.com` and of `numbers.twilio.com` (regulations, bundles), and its own controls under
//! `/__sim/`. [`Simulator`] is the handle for tests, [`Truth`] is
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
//! `regulatory` is what it can show, `world` holds them together behind one lock, `fault` decides what goes wrong, `control`
//! is `/__sim/`, and `steering` the same for tests.
//!
//! Architecture invariant: `api` and `stock` know neither network nor time-outs; whatever happens to an answer happens in
//! `serve`. How to get it wrong: letting a fault decide inside `api` whether a purchase counts as delivered.

#![warn(missing_docs)]

mod api;
mod control;
mod fault;
mod market;
mod money;
mod number;
mod options;
mod outside;
mod owned;
mod regulatory;
mod seed;
mod serve;
mod simulator;
mod steering;
mod stock;
mod truth;
mod world;

pub use api::create::FOREIGN_TAG;
pub use fault::{ABSENT, Fault, FaultKind, On, Times};
pub use market::MarketOrder;
pub use number::{DEMO_VOICE_URL, OwnedNumber, Sid};
pub use options::{AccountStatus, AccountType, CapabilitySpelling, LinkHost, ReownMode, SimulatorOptions};
pub use outside::{ForeignNumber, Webhooks};
pub use regulatory::{Address, AddressOrder, Bundle, BundleOrder, BundleStatus, EndUserType, Identity, IdentityOrder};
pub use simulator::Simulator;
pub use stock::kind::NumberKind;
pub use stock::pool::Capabilities;
pub use stock::rules::AddressRequirement;
pub use truth::{CreateAttempt, Purchase, Release, Repeat, Truth, Update};
