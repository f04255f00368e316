//! A way to a cluster that can go dark: connections stay open, new ones are taken, and nothing comes through in either direction.
//!
//! That is how a server looks behind a network that drops everything, but for this: whoever sends has it acknowledged by the
//! kernel, so no timeout of TCP's ends the wait. A client that finds out here finds out there.
//!
//! Invariant: what was held back while it was dark comes through when it is open again, as what TCP repeats would.
//!
//! How one could get it wrong: dropping what came meanwhile. The protocol on the way would break where a network mends itself.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{Cluster, FixtureError, port::free_port};

const LOOKED_EVERY: Duration = Duration::from_millis(5);
const PIECE: usize = 64 * 1024;

/// A port of 127.0.0.1 that leads to a cluster until it goes dark. It ends, and what goes over it, with this value.
#[derive(Debug)]
pub struct Way {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    is_dark: AtomicBool,
    has_ended: AtomicBool,
    /// What goes over it, both sides of each connection.
    open: Mutex<Vec<Weak<TcpStream>>>,
}

impl State {
    /// A side of a connection that ends with the way; false when that has ended.
    fn ends_with_it(&self, side: &Arc<TcpStream>) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|side| side.strong_count() > 0);
        open.push(Arc::downgrade(side));
        !self.has_ended.load(Ordering::SeqCst)
    }

    fn ends(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_ended.store(true, Ordering::SeqCst);
        // Whoever reads from one comes back.
        open.iter().filter_map(Weak::upgrade).for_each(|side| drop(side.shutdown(Shutdown::Both)));
    }

    /// Waits until it is open; false when it has ended.
    fn is_open_again(&self) -> bool {
        while self.is_dark.load(Ordering::SeqCst) && !self.has_ended.load(Ordering::SeqCst) {
            thread::sleep(LOOKED_EVERY);
        }
        !self.has_ended.load(Ordering::SeqCst)
    }
}

impl Cluster {
    /// A way to it, which is open.
    pub fn way(&self) -> Result<Way, FixtureError> {
        let (listener, port) = loop {
            let port = free_port()?;
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => break (listener, port),
                // Somebody else was given the same one.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(FixtureError::io("making a way to PostgreSQL")(error)),
            }
        };
        let (state, to) = (Arc::<State>::default(), self.port());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.has_ended.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&shared);
                thread::spawn(move || lead(client, to, &state));
            }
        });
        Ok(Way { port, state })
    }
}

impl Way {
    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing comes through, or everything does again.
    pub fn goes_dark(&self, is_dark: bool) {
        self.state.is_dark.store(is_dark, Ordering::SeqCst);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.state.ends();
        // Whoever waits for the next connection looks whether there is an end.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn lead(client: TcpStream, to: u16, state: &Arc<State>) {
    let client = Arc::new(client);
    if !state.ends_with_it(&client) || !state.is_open_again() {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).map(Arc::new) else { return };
    if !state.ends_with_it(&server) {
        return;
    }
    let (back_from, back_to, of_the_other) = (Arc::clone(&server), Arc::clone(&client), Arc::clone(state));
    thread::spawn(move || pass(&back_from, &back_to, &of_the_other));
    pass(&client, &server, state);
}

/// Passes on what comes until one side ends.
fn pass(mut from: &TcpStream, mut to: &TcpStream, state: &State) {
    // Without it small pieces would wait for each other.
    let _ = to.set_nodelay(true);
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).unwrap_or(0);
        if !state.is_open_again() || count == 0 || to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    // It fails where the other side has ended already.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
