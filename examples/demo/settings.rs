//! What the environment says: `DEMO_LISTEN`, `DEMO_DIR`, `DEMO_KEEP`, `DEMO_HISTORY`.
//!
//! Invariant: whatever is wrong with them is told before anything starts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::parts::Ended;
use super::parts::place::{listen, program, text};

/// How the demo is to run.
pub struct Settings {
    /// Where the daemon listens; port 0 = any.
    pub listen: SocketAddr,
    /// Where everything lives while it runs.
    pub dir: PathBuf,
    /// Whether the data outlive the demo.
    pub keep: bool,
    /// Whether a year lies behind it.
    pub history: bool,
    /// The program that is shown.
    pub daemon: PathBuf,
}

impl Settings {
    pub fn read() -> Result<Self, Ended> {
        let listen = listen("DEMO_LISTEN", "demo")?;
        let dir =
            text("DEMO_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/demo"), PathBuf::from);
        let wants = |name: &str| text(name).is_some_and(|value| !matches!(value.as_str(), "0" | "no" | "false"));
        let (keep, history) = (wants("DEMO_KEEP"), wants("DEMO_HISTORY"));
        let dir = std::path::absolute(&dir).map_err(|error| format!("{} is no path: {error}", dir.display()))?;
        Ok(Self { listen, dir, keep, history, daemon: program("demo")? })
    }
}
