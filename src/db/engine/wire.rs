//! The socket of one connection to PostgreSQL, held a second time, so that another thread can cut it.
//!
//! A thread that waits for a server that stands still (its kernel acknowledges, nobody answers) waits for ever: no time
//! limit of TCP or of PostgreSQL ends that. Shut down from outside, the socket ends at once and the thread comes back.
//! libpq's socket is not handed out by diesel, so it is found by a mark that libpq itself sets on it for us: each
//! connection asks for a TCP user timeout that no other has. A UNIX-domain socket takes no such mark; it is the one that
//! was not there before.
//! Invariants: a wire is of one socket for ever, because it holds a descriptor of its own; what was cut stays cut.
//! How to get it wrong: keeping the number only. libpq may have closed it, and it is somebody else's by now.

use std::collections::HashSet;
use std::fs;
use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use filedescriptor::FileDescriptor;
use nix::sys::socket::{Shutdown, UnixAddr, getpeername, getsockopt, shutdown, sockopt};

/// Where the system lists the descriptors of this process.
const DESCRIPTORS: &str = "/proc/self/fd";
/// How PostgreSQL names its UNIX-domain sockets.
const LOCAL_NAME: &str = "/.s.PGSQL.";

/// One connection's socket, or nothing where it was not found: then it cannot be cut.
pub(super) struct Wire {
    socket: Option<FileDescriptor>,
    name: String,
    cut: AtomicBool,
}

impl Wire {
    fn new(socket: FileDescriptor, name: String) -> Self {
        Self { socket: Some(socket), name, cut: AtomicBool::new(false) }
    }

    /// That of a connection whose socket was not found.
    pub(super) fn unknown() -> Self {
        Self { socket: None, name: String::new(), cut: AtomicBool::new(false) }
    }

    /// The system's name of the socket, of which there is no second.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Ends the connection, whoever waits for it.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        if let Some(socket) = &self.socket {
            // It fails only when the other side has ended it already.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
    }

    /// Whether somebody has cut it.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }
}

/// The socket whose TCP user timeout is `mark` milliseconds, unless its name is among `taken`.
pub(super) fn marked(mark: u32, taken: &HashSet<String>) -> Option<Wire> {
    sockets().filter(|(_, name)| !taken.contains(name)).find_map(|(number, name)| {
        let socket = FileDescriptor::dup(&number).ok()?;
        let is_it = getsockopt(&socket, sockopt::TcpUserTimeout).is_ok_and(|timeout| timeout == mark);
        is_it.then(|| Wire::new(socket, name))
    })
}

/// The names of PostgreSQL's UNIX-domain sockets that are open now.
pub(super) fn local() -> HashSet<String> {
    sockets().filter(|(number, _)| is_local(*number)).map(|(_, name)| name).collect()
}

/// The one of them that was not there `before`.
pub(super) fn new_local(before: &HashSet<String>) -> Option<Wire> {
    let mut new = sockets().filter(|(number, name)| !before.contains(name) && is_local(*number));
    match (new.next(), new.next()) {
        (Some((number, name)), None) => Some(Wire::new(FileDescriptor::dup(&number).ok()?, name)),
        _ => None,
    }
}

fn is_local(number: RawFd) -> bool {
    let peer = getpeername::<UnixAddr>(number);
    peer.is_ok_and(|peer| peer.path().is_some_and(|path| path.to_string_lossy().contains(LOCAL_NAME)))
}

/// The sockets of this process: number and name.
fn sockets() -> impl Iterator<Item = (RawFd, String)> {
    fs::read_dir(DESCRIPTORS).into_iter().flatten().flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_link(entry.path()).ok()?.to_str()?.to_owned();
        name.starts_with("socket:[").then_some((number, name))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};

    use nix::sys::socket::setsockopt;

    use super::*;

    #[test]
    fn a_marked_socket_is_found_among_others_and_whoever_reads_from_it_comes_back_when_it_is_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let other = TcpStream::connect(address).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        setsockopt(&other, sockopt::TcpUserTimeout, &4_711_001).unwrap();
        setsockopt(&stream, sockopt::TcpUserTimeout, &4_711_002).unwrap();
        let wire = marked(4_711_002, &HashSet::new()).expect("it is found");
        assert!(marked(4_711_003, &HashSet::new()).is_none());
        assert!(marked(4_711_002, &HashSet::from([wire.name().to_owned()])).is_none(), "it is taken");
        let reader = std::thread::spawn(move || stream.read(&mut [0]).unwrap());
        wire.cut();
        assert_eq!(reader.join().unwrap(), 0, "the end of the stream");
        assert!(wire.is_cut());
        drop(other);
    }
}
