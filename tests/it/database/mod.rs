//! PostgreSQL, well and unwell.

mod clocks;
mod failover;
mod fitness;
mod ledger;
mod outage;
mod owner;
mod room;
mod schema;
