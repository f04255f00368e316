//! The PoolMonitor: keeps the pool as the policy wants it.
//!
//! A pass ([`pass`]) observes, plans, asks the Purchaser for batches, and writes down what it did and why. Maintenance
//! ([`maintenance`]) brings rested numbers back and repairs stock ([`repair`], [`tried`]), and sees to what purchases left
//! open; an operator's [`configure`] sets every number. What is done with one number stands in [`confirm`].
//!
//! Architecture invariant: an activation carries nothing but its trigger; timer, signup, operator and start share one
//! path; each pass reads the world anew, is bounded, and does not retry inside.
//! How to get it wrong: buying on a plan made before the lock. The Purchaser plans again under it.

mod actor;
mod configure;
mod configure_report;
mod confirm;
mod dependencies;
mod maintenance;
mod pass;
mod probe;
mod repair;
mod sampler;
mod tried;

pub(crate) use actor::{MonitorError, MonitorHandle, PoolMonitor};
pub(crate) use configure::configure_webhooks;
pub(crate) use configure_report::{BrokeOff, ConfigureError, ConfigureReport};
pub(crate) use confirm::{WebhookConfigurer, is_skewed};
pub(crate) use dependencies::MonitorDependencies;
