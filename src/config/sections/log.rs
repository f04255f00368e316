//! `[log]`: how much is logged, and for whom.

use serde::{Deserialize, Serialize};

use crate::config::section::Section;

/// How much is logged, and for whom.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// The shape of a line.
    pub format: LogFormat,
    /// The least important lines that are shown.
    pub level: LogLevel,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON lines.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// JSON lines for machines.
    Json,
}

/// The least important lines that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// How it happened, libraries included.
    Debug,
    /// Everything; release builds leave this out.
    Trace,
}

impl Section for LogConfig {
    const NAME: &'static str = "log";
    const HINTS: &'static [(&'static str, &'static str)] =
        &[("format", "auto, text or json"), ("level", "error, warn, info, debug or trace")];
}
