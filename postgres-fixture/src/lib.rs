//! A PostgreSQL of one's own, for tests, benchmarks and the demo.
//!
//! The server programs that are installed here run in a folder of their own, on a free port of 127.0.0.1, and are gone
//! when their owner is gone:
//!
//! ```no_run
//! use postgres_fixture::Cluster;
//!
//! # fn main() -> Result<(), postgres_fixture::FixtureError> {
//! let database = Cluster::shared().create_database()?;
//! database.psql("CREATE TABLE number (e164 text PRIMARY KEY)")?;
//! assert_eq!(database.psql("SELECT count(*) FROM number")?, "0");
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: [`Cluster`] and [`ClusterOptions`], [`Database`], then inwards `server` (the postmaster),
//! `watchdog` (cleans up even after `kill -9`), `cluster_folder`, `installation` (which programs, as which user),
//! `port`, `command` (every program has a deadline), `session` (a `psql` that stays). Of two clusters, `standby` makes one follow the other by way of a
//! `base_backup`; a [`Way`] to one can go dark. [`Managed`] servers are another program's.
//!
//! # Invariants
//!
//! - Nothing outlives its owner: no process and no folder, even when the owner is killed with SIGKILL.
//! - Every wait has a deadline.
//! - Processes are signalled by the id that this crate started, never by name.
//! - A PostgreSQL that was here before is never touched: not its port, not its data, not its settings.
//!
//! # How one could get it wrong
//!
//! Without a password (`ClusterOptions::password`) authentication is `trust`: whoever can reach 127.0.0.1 on this machine
//! is a superuser of the cluster. That suits throw-away data only.

mod base_backup;
mod cluster;
mod cluster_folder;
mod command;
mod database;
mod error;
mod initdb;
mod installation;
mod managed;
mod options;
mod port;
mod postmaster;
mod server;
mod session;
mod standby;
mod watchdog;
mod way;

pub use cluster::Cluster;
pub use database::{Database, OWNER};
pub use error::FixtureError;
pub use managed::Managed;
pub use options::{ClusterOptions, Tls};
pub use way::Way;
