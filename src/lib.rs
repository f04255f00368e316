//! callbunker keeps a warm pool of Twilio numbers and hands one to each signup in milliseconds.

pub mod domain;
pub mod http;
