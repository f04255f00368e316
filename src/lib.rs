//! callbunker keeps a warm pool of Twilio numbers and hands one to each signup in milliseconds.

pub mod config;
pub mod db;
pub mod domain;
pub mod purchaser;
pub mod twilio;
