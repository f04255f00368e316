//! PostgreSQL, well and unwell.

mod alerts;
mod answers;
mod attaching;
mod attachments;
mod attachments_seen;
mod attempts;
mod clocks;
mod coming;
mod duties;
mod failover;
mod fitness;
mod frozen;
mod ledger;
mod migrated;
mod outage;
mod owned;
mod owner;
mod pools;
mod races;
mod registration;
mod releases;
mod rights;
mod room;
mod schema;
mod tls;
mod unfit;
mod wants;

pub(crate) use migrated::{LEASES, VERSIONS, earlier};
pub(crate) use schema::MIGRATIONS;
