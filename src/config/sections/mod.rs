//! One file for each table of the TOML file: its keys, their defaults, ranges and rules.
//!
//! How to get it wrong: a new section without its line in `sections!` (`config/mod.rs`); nothing would read it.

mod audit;
mod breaker;
mod database;
mod http;
mod instance;
mod lock;
mod log;
mod pool;
mod purchase;
mod reconcile;
mod schedule;
mod shutdown;
mod spend;
mod supervisor;
mod twilio;
mod webhooks;

pub use audit::AuditConfig;
pub use breaker::BreakerConfig;
pub use database::DatabaseConfig;
pub use http::HttpConfig;
pub use instance::InstanceConfig;
pub use lock::LockConfig;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use pool::PoolConfig;
pub use purchase::PurchaseConfig;
pub use reconcile::ReconcileConfig;
pub use schedule::ScheduleConfig;
pub use shutdown::ShutdownConfig;
pub use spend::SpendConfig;
pub use supervisor::SupervisorConfig;
pub use twilio::TwilioConfig;
pub use webhooks::WebhooksConfig;
