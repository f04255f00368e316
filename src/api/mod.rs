//! The HTTP API: one file for each subject, with its documents, its handlers and what the description says of them.
//!
//! For signups [`signup`] and [`touch`]; for operators and their programs [`attention`], [`alerts`], [`status`], [`plan`], [`purchases`], [`replenish`],
//! [`pause`], [`foresight`], [`reconcile`], [`webhooks`], [`numbers`] with [`at_twilio`],
//! [`lists`], [`cost`], [`custody`], [`mark_ready`], [`inactive`], [`recycle`], [`protect`], [`import`], [`twilio_check`], [`audit`] and [`whoami`]; for machines [`health`],
//! [`metrics`], [`events`] (for Twilio) and [`openapi`]. What the handlers share is in [`services`].
//!
//! How to get it wrong: a rule in a handler. Pages call the same; whatever is decided is decided below.

pub(crate) mod alerts;
pub(crate) mod astray;
mod at_twilio;
mod attachment_lines;
pub(crate) mod attention;
pub(crate) mod audit;
pub(crate) mod cost;
pub(crate) mod custody;
pub(crate) mod events;
pub(crate) mod foresight;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod inactive;
pub(crate) mod lists;
pub(crate) mod mark_ready;
pub(crate) mod metrics;
pub(crate) mod money;
pub(crate) mod notice;
pub(crate) mod numbers;
pub(crate) mod openapi;
pub(crate) mod pause;
pub(crate) mod plan;
mod pool_named;
pub(crate) mod protect;
pub(crate) mod purchases;
pub(crate) mod reconcile;
pub(crate) mod recycle;
mod recycling_lines;
pub(crate) mod replenish;
pub(crate) mod services;
pub(crate) mod signup;
mod single_flight;
pub(crate) mod status;
pub(crate) mod touch;
pub(crate) mod twilio_check;
pub(crate) mod webhooks;
pub(crate) mod whoami;

pub use openapi::description;
