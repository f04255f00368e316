//! Where to listen, and which program is shown.
//!
//! Invariant: whatever is wrong with them is told before anything starts, a taken port above all.
//! How to get it wrong: keeping the port that was only tried. The daemon binds it, and again after each restart.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use super::Ended;

const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// A variable of the environment; an empty one counts as missing.
pub fn text(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// What the variable `name` says for `make TARGET`.
pub fn listen(name: &str, target: &str) -> Result<SocketAddr, Ended> {
    let text = text(name).unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
    let address = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| format!("{name}={text} is no address and port; give one such as 127.0.0.1:8081"))?;
    match TcpListener::bind(address) {
        Ok(_tried) => Ok(address),
        Err(error) => Err(Some(format!(
            "{address} cannot be listened on ({error}). Is another program there, or another one of these? Choose another \
             port: {name}=127.0.0.1:8081 make {target} (port 0 takes any)"
        ))),
    }
}

/// The address for people on this machine: a wildcard is no address to call.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// The daemon of the same build: `target/quick/callbunker` beside `target/quick/examples/TARGET`.
pub fn program(target: &str) -> Result<PathBuf, Ended> {
    let own = env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let daemon = own.parent().and_then(Path::parent).unwrap_or(Path::new(".")).join("callbunker");
    if daemon.is_file() {
        Ok(daemon)
    } else {
        Err(Some(format!("{} is missing; `make {target}` builds it", daemon.display())))
    }
}
