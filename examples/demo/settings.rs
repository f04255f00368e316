//! What the environment says: `DEMO_LISTEN`, `DEMO_DIR`, `DEMO_KEEP`.
//!
//! Invariant: whatever is wrong with them is told before anything starts, a taken port above all.
//! How to get it wrong: keeping the port that was only tried. The daemon binds it, and again after each restart.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use super::Ended;

const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// How the demo is to run.
pub struct Settings {
    /// Where the daemon listens; port 0 = any.
    pub listen: SocketAddr,
    /// Where everything lives while it runs.
    pub dir: PathBuf,
    /// Whether the data outlive the demo.
    pub keep: bool,
    /// The program that is shown.
    pub daemon: PathBuf,
}

impl Settings {
    pub fn read() -> Result<Self, Ended> {
        let listen = listen(&text("DEMO_LISTEN").unwrap_or_else(|| LISTEN_DEFAULT.to_owned()))?;
        let dir =
            text("DEMO_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/demo"), PathBuf::from);
        let keep = text("DEMO_KEEP").is_some_and(|value| !matches!(value.as_str(), "0" | "no" | "false"));
        let dir = std::path::absolute(&dir).map_err(|error| format!("{} is no path: {error}", dir.display()))?;
        Ok(Self { listen, dir, keep, daemon: daemon()? })
    }
}

/// A variable of the environment; an empty one counts as missing.
fn text(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn listen(text: &str) -> Result<SocketAddr, Ended> {
    let address = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| format!("DEMO_LISTEN={text} is no address and port; give one such as 127.0.0.1:8081"))?;
    match TcpListener::bind(address) {
        Ok(_tried) => Ok(address),
        Err(error) => Err(Some(format!(
            "{address} cannot be listened on ({error}). Is another program there, or another demo? Choose another port: \
             DEMO_LISTEN=127.0.0.1:8081 make demo (port 0 takes any)"
        ))),
    }
}

/// The address for people on this machine: a wildcard is no address to call.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// The daemon of the same build: `target/quick/callbunker` beside `target/quick/examples/demo`.
fn daemon() -> Result<PathBuf, Ended> {
    let own = env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let daemon = own.parent().and_then(Path::parent).unwrap_or(Path::new(".")).join("callbunker");
    if daemon.is_file() {
        Ok(daemon)
    } else {
        Err(Some(format!("{} is missing; `make demo` builds it", daemon.display())))
    }
}
