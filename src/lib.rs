//! callbunker keeps a warm pool of Twilio numbers and hands one to each signup in milliseconds.

pub mod app;
pub mod assignment;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub mod http;
pub mod logger;
pub mod pool_monitor;
pub mod purchaser;
pub mod schedule;
pub mod supervisor;
pub mod twilio;
