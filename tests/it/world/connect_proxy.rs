//! A proxy as companies have it: asked by CONNECT, wants a login or refuses, loses tunnels ([`losing`]). Every tunnel ends at
//! one place, whatever name was asked for.
//!
//! How to get it wrong: believing that a call came through because it succeeded. The proxy is asked what it was asked.

pub mod losing;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

use self::losing::{Fate, Losing, Loss};
use crate::world::World;

/// Stands for Twilio, and leads nowhere from here: only a proxy knows the way.
pub const SHUT: &str = "http://twilio.localhost:1";

/// Where a world's Twilio really is, host and port.
pub fn twilio_of(world: &World) -> String {
    world.twilio.url().strip_prefix("http://").expect("its address").trim_end_matches('/').to_owned()
}

pub struct ConnectProxy {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Where all tunnels end.
    to: String,
    /// `user:password`
    login: Option<String>,
    /// What it answers in place of 200.
    refuses: AtomicU16,
    /// So many CONNECTs get no answer, once a POST has passed.
    drops: AtomicUsize,
    dropped: AtomicUsize,
    losing: Losing,
    has_posted: AtomicBool,
    asked: Mutex<Vec<String>>,
}

impl ConnectProxy {
    /// With tunnels to `to`, host and port.
    pub fn start(to: &str, login: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Shared { to: to.to_owned(), login: login.map(str::to_owned), ..Shared::default() };
        let shared = Arc::new(shared);
        let its = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let its = Arc::clone(&its);
                std::thread::spawn(move || its.serve(client));
            }
        });
        Self { port, shared }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What tunnels were asked for, each host and port.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Refuses every tunnel with this status from now on; 200 takes it back.
    pub fn refuse(&self, status: u16) {
        self.shared.refuses.store(status, Ordering::SeqCst);
    }

    /// Loses the next `count` tunnels before they stand, from the next POST on.
    pub fn drop_tunnels_after_a_post(&self, count: usize) {
        self.shared.has_posted.store(false, Ordering::SeqCst);
        self.shared.drops.store(count, Ordering::SeqCst);
    }

    /// How many were lost so.
    pub fn dropped(&self) -> usize {
        self.shared.dropped.load(Ordering::SeqCst)
    }

    /// The next POST is lost on its way, in this manner.
    pub fn lose_the_next_post(&self, loss: Loss) {
        self.shared.losing.script(loss);
    }

    /// Loses what the dice say, about one request in `one_in` that changes something, until this is called with `None`.
    #[cfg(feature = "failpoints")]
    pub fn lose_by(&self, dice: Option<(rand::rngs::StdRng, u32)>) {
        self.shared.losing.throw(dice);
    }

    /// What was lost so.
    pub fn lost(&self) -> Vec<Loss> {
        self.shared.losing.lost()
    }
}

impl Shared {
    fn serve(self: Arc<Self>, mut client: TcpStream) {
        let Some(head) = head(&mut client) else { return };
        let mut words = head.split(' ');
        let target = match (words.next(), words.next()) {
            (Some("CONNECT"), Some(target)) => target.to_owned(),
            _ => return,
        };
        self.asked.lock().unwrap().push(target);
        if self.has_posted.load(Ordering::SeqCst)
            && self.drops.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let unmade = self.losing.of_a_connect();
        if unmade == Some(Loss::Unmade) {
            return;
        }
        let expected = self.login.as_ref().map(|login| base64::engine::general_purpose::STANDARD.encode(login));
        let shown = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "));
        let status = match self.refuses.load(Ordering::SeqCst) {
            0 | 200 if expected.is_some() && shown != expected.as_deref() => 407,
            0 if unmade.is_some() => 502,
            0 => 200,
            status => status,
        };
        let _ = client.write_all(format!("HTTP/1.1 {status} Told\r\n\r\n").as_bytes());
        if status != 200 {
            return;
        }
        let Ok(server) = TcpStream::connect(&self.to) else { return };
        let (back, to) = (server.try_clone().expect("its other end"), client.try_clone().expect("its other end"));
        let doom = Arc::new(Mutex::new(None));
        let (its, dooms) = (Arc::clone(&self), Arc::clone(&doom));
        std::thread::spawn(move || {
            pass(client, server, |piece| {
                if piece.starts_with(b"POST ") {
                    its.has_posted.store(true, Ordering::SeqCst);
                }
                let mut doom = dooms.lock().unwrap();
                *doom = doom.or_else(|| its.losing.of_a_request(piece));
                doom.map_or(Fate::Through, |loss| loss.of_what_is_sent(piece))
            });
        });
        pass(back, to, |piece| {
            doom.lock().unwrap().map_or(Fate::Through, |loss: Loss| loss.of_what_is_answered(piece))
        });
    }
}

/// The head of a request; nothing follows it before it is answered.
fn head(client: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// Passes on what comes, as far as its fate is.
fn pass(mut from: TcpStream, mut to: TcpStream, mut fate: impl FnMut(&[u8]) -> Fate) {
    let _ = to.set_nodelay(true);
    let mut piece = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut piece) {
        if count == 0 {
            break;
        }
        let (passed, ends) = match fate(&piece[..count]) {
            Fate::Through => (count, false),
            Fate::Swallowed => (0, false),
            Fate::CutAfter(passed) => (passed, true),
        };
        if to.write_all(&piece[..passed]).is_err() || ends {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
