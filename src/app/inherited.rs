//! The listening socket that whoever started this process may have opened for it, as systemd does for `callbunker.socket`.
//!
//! Why: a socket that outlives the process refuses nobody while one daemon ends and the next one begins; connections wait in
//! its queue.
//! Invariant: a socket that was handed over is served or refused with a sentence, never left beside one of our own.
//! How to get it wrong: asking for it when there are threads already. The environment that names it is changed, so that no
//! child takes it for its own.

use std::collections::BTreeMap;
use std::net::TcpListener;

use listenfd::ListenFd;
use nix::sys::socket::{getsockopt, sockopt::AcceptConn};

/// How many sockets there are, and for which process: see sd_listen_fds(3).
const COUNT: &str = "LISTEN_FDS";
const FOR: &str = "LISTEN_PID";

/// Why what was handed over cannot be served.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unservable {
    /// Nothing that systemd would say.
    #[error(
        "LISTEN_FDS: \"{0}\" is not a number of sockets; whoever starts callbunker with it is to set 1, or to leave it out"
    )]
    NotANumber(String),
    /// One is served.
    #[error(
        "LISTEN_FDS: {0} sockets were handed over and callbunker serves one; leave one ListenStream= in callbunker.socket"
    )]
    Several(usize),
    /// A file, a pipe, a datagram or Unix socket.
    #[error(
        "LISTEN_FDS: what was handed over is no TCP socket ({0}); callbunker.socket is to have ListenStream=ADDRESS:PORT"
    )]
    NotTcp(String),
    /// A connection, or one that was bound only.
    #[error(
        "LISTEN_FDS: the socket that was handed over does not listen; callbunker.socket is to have ListenStream= and Accept=no"
    )]
    NotListening,
}

/// The socket, if one was handed over to this process. To be called once, before there is a second thread; `env` is the
/// environment that the process was started with.
///
/// # Errors
/// See [`Unservable`].
pub(crate) fn inherited(env: &BTreeMap<String, String>) -> Result<Option<TcpListener>, Unservable> {
    if !is_meant(env, std::process::id())? {
        return Ok(None);
    }
    let mut handed = ListenFd::from_env();
    if handed.len() > 1 {
        return Err(Unservable::Several(handed.len()));
    }
    let listener = handed.take_tcp_listener(0).map_err(|error| Unservable::NotTcp(error.to_string()))?;
    match &listener {
        Some(listener) if !getsockopt(listener, AcceptConn).unwrap_or(false) => Err(Unservable::NotListening),
        _ => Ok(listener),
    }
}

/// Whether sockets were handed over, and to this process. Without [`FOR`] they are its own: who hands over without systemd
/// cannot know the process before it runs.
fn is_meant(env: &BTreeMap<String, String>, process: u32) -> Result<bool, Unservable> {
    let said = |name| env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let Some(count) = said(COUNT) else { return Ok(false) };
    if said(FOR).is_some_and(|id| id.parse() != Ok(process)) {
        return Ok(false);
    }
    count.parse::<u16>().map(|count| count > 0).map_err(|_not_one| Unservable::NotANumber(count.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_taken_by_the_process_that_they_are_meant_for() {
        let env = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        for (pairs, expected) in [
            (&[][..], Ok(false)),
            (&[(COUNT, "")], Ok(false)),
            (&[(COUNT, "0"), (FOR, "7")], Ok(false)),
            (&[(COUNT, "1")], Ok(true)),
            (&[(COUNT, "1"), (FOR, "")], Ok(true)),
            (&[(COUNT, "1"), (FOR, "7")], Ok(true)),
            (&[(COUNT, "2"), (FOR, "7")], Ok(true)),
            // Somebody else's, whatever it says.
            (&[(COUNT, "1"), (FOR, "8")], Ok(false)),
            (&[(COUNT, "one"), (FOR, "8")], Ok(false)),
            (&[(COUNT, "one"), (FOR, "7")], Err(Unservable::NotANumber("one".to_owned()))),
            (&[(COUNT, "-1")], Err(Unservable::NotANumber("-1".to_owned()))),
        ] {
            assert_eq!(is_meant(&env(pairs), 7), expected, "{pairs:?}");
        }
    }
}
