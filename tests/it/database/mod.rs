//! PostgreSQL, well and unwell.

mod clocks;
mod failover;
mod fitness;
mod ledger;
mod migrated;
mod outage;
mod owned;
mod owner;
mod pools;
mod races;
mod room;
mod schema;
