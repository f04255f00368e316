//! The one labelled door to PostgreSQL: `Db::run("assignment_claim", |connection| …)`.
//!
//! Architecture invariant: diesel and SQL appear under this folder only; a caller sees domain types and [`DbError`].
//! No function here holds a transaction while anything but PostgreSQL is waited for.
//! How to get it wrong: calling a blocking function of `db::*` from async code without `run`, which would stall every
//! request of that thread; or retrying inside, where the caller cannot see it.

mod engine;

pub mod alerts;
pub mod assignments;
pub mod attachments;
pub mod attention;
pub mod audit;
pub mod buying_state;
pub mod charges;
pub mod comparisons;
pub mod duties;
pub mod foresight;
pub mod ignored_numbers;
pub mod installation;
pub mod numbers;
pub mod passes;
pub mod pool_failures;
pub mod pool_halts;
pub mod pool_wants;
pub mod pools;
pub mod purchases;
pub mod recyclings;
pub mod refusals;
pub mod releases;
pub mod samples;
pub mod sessions;
pub mod slice;
pub mod stock;
pub mod usage;
pub mod uses;
pub mod waiters;

pub use engine::changes::{ChangeBell, changes_notify};
pub use engine::clerk::Clerk;
pub use engine::connect::DatabaseUrl;
pub use engine::connection::Connection;
pub(crate) use engine::doubt::understood;
pub use engine::error::{Constraint, DbError};
pub use engine::executor::Db;
pub use engine::fitness::survey;
pub use engine::listener::{StockBell, listen};
pub use engine::locks;
pub use engine::migrations::migrate;
pub use engine::room::signup_look;
