//! The one labelled door to PostgreSQL: `Db::run("assignment_claim", |connection| …)`.
//!
//! Architecture invariant: diesel and SQL appear under this folder only; a caller sees domain types and [`DbError`].
//! No function here holds a transaction while anything but PostgreSQL is waited for.
//! How to get it wrong: calling a blocking function of `db::*` from async code without `run`, which would stall every
//! request of that thread; or retrying inside, where the caller cannot see it.

mod alarm;
mod changes;
mod connect;
mod connection;
mod doubt;
mod errand;
mod error;
mod executor;
mod fitness;
mod hosts;
mod listener;
mod migrations;
mod room;
mod schema;
mod server;
mod session;
mod space;
mod versions;
mod wire;
mod words;

pub mod assignments;
pub mod audit;
pub mod buying_gate;
pub mod custody;
pub mod dashboard;
pub mod installation;
pub mod locks;
pub mod number_history;
pub mod numbers;
pub mod passes;
pub mod purchase_holder;
pub mod purchase_items;
pub mod purchase_record;
pub mod purchases;
pub mod reconciliation;
pub mod samples;
pub mod sessions;
pub mod stock;
pub mod waiters;

pub use changes::{ChangeBell, changes_notify};
pub use connect::DatabaseUrl;
pub use connection::Connection;
pub use error::{Constraint, DbError};
pub use executor::Db;
pub use fitness::survey;
pub use listener::{StockBell, listen};
pub use migrations::migrate;
pub use room::signup_look;
