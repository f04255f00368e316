//! One file for each table of the TOML file: its keys, their defaults, ranges and rules.
//!
//! How to get it wrong: a new section without its line in `sections!` (`config/root.rs`); nothing would read it.

mod alerts;
mod alerts_rules;
mod audit;
mod boost;
mod breaker;
mod database;
mod events;
mod foresight;
mod http;
mod instance;
mod lock;
mod log;
mod pool;
mod pool_attachments;
mod pool_boosts;
mod pool_rules;
mod pool_webhooks;
mod purchase;
mod reconcile;
mod recycling;
mod schedule;
mod shutdown;
mod spend;
mod supervisor;
mod twilio;
mod webhooks;

pub(crate) use alerts::AlertsConfig;
pub(in crate::config) use alerts_rules::{address_fault, smtp_fault};
pub(crate) use audit::AuditConfig;
pub(crate) use boost::BoostConfig;
pub(crate) use breaker::BreakerConfig;
pub(crate) use database::DatabaseConfig;
pub(crate) use events::EventsConfig;
pub(in crate::config) use events::events_fault;
pub(crate) use foresight::{ForesightConfig, ForesightMode};
pub(crate) use http::HttpConfig;
pub(crate) use instance::InstanceConfig;
pub(crate) use lock::LockConfig;
pub(crate) use log::{LogConfig, LogFormat, LogLevel};
#[cfg(test)]
pub(in crate::config) use pool::LATER_KEYS;
pub(crate) use pool::PoolConfig;
pub(crate) use purchase::PurchaseConfig;
pub(crate) use reconcile::ReconcileConfig;
pub(crate) use recycling::{RecyclingConfig, cron_of};
pub(crate) use schedule::ScheduleConfig;
pub(crate) use shutdown::ShutdownConfig;
pub(crate) use spend::SpendConfig;
pub(crate) use supervisor::SupervisorConfig;
pub(crate) use twilio::TwilioConfig;
pub(in crate::config) use twilio::proxy_fault;
pub(crate) use webhooks::WebhooksConfig;
