//! The PoolMonitor: keeps each pool as its policy wants it.
//!
//! One look ([`levels`]) tells which pools lack something; a pass ([`pass`]) observes, plans, asks the Purchaser for batches of
//! whichever pool is emptiest, and writes down what it did for each and why; what came to nothing waits, each pool for itself
//! ([`back_off`]). Maintenance ([`maintenance`]) brings rested numbers back and repairs stock ([`repair`], [`tried`]), and sees to what purchases left
//! open; an operator's [`configure`] sets every number. What is done with one number stands in [`confirm`].
//!
//! Architecture invariant: an activation carries nothing but its trigger and the one pool that it is for, if it is for one; timer, signup, operator and start share one
//! path; each pass reads the world anew, is bounded, and does not retry inside.
//! How to get it wrong: buying on a plan made before the lock. The Purchaser plans again under it.

mod actor;
mod alerts;
mod attachments;
mod back_off;
mod configure;
mod configure_report;
mod confirm;
mod dependencies;
mod in_force;
mod levels;
mod maintenance;
mod pass;
mod probe;
mod repair;
mod sampler;
mod tried;

pub(crate) use actor::{MonitorError, MonitorHandle, PoolMonitor};
pub(crate) use configure::{Which, configure_webhooks};
pub(crate) use configure_report::{BrokeOff, ConfigureError, ConfigureReport};
pub(crate) use confirm::{WebhookConfigurer, is_skewed};
pub(crate) use dependencies::{MonitorDependencies, QuietUntil};
pub(crate) use pass::PoolPass;
