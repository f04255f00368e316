//! A proxy as companies have it: asked by CONNECT, wants a login or refuses, loses tunnels. Every tunnel ends at one place,
//! whatever name was asked for.
//!
//! How to get it wrong: believing that a call came through because it succeeded. The proxy is asked what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

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
    /// The tunnel of the next POST is cut when its answer comes.
    cuts_a_post: AtomicBool,
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

    /// Passes the next POST on, and cuts its tunnel when the answer comes.
    pub fn cut_the_next_post(&self) {
        self.shared.cuts_a_post.store(true, Ordering::SeqCst);
    }

    /// Whether that has happened.
    pub fn has_cut(&self) -> bool {
        !self.shared.cuts_a_post.load(Ordering::SeqCst)
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
        let expected = self.login.as_ref().map(|login| base64::engine::general_purpose::STANDARD.encode(login));
        let shown = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "));
        let status = match self.refuses.load(Ordering::SeqCst) {
            0 | 200 if expected.is_some() && shown != expected.as_deref() => 407,
            0 => 200,
            status => status,
        };
        let _ = client.write_all(format!("HTTP/1.1 {status} Told\r\n\r\n").as_bytes());
        if status != 200 {
            return;
        }
        let Ok(server) = TcpStream::connect(&self.to) else { return };
        let (back, to) = (server.try_clone().expect("its other end"), client.try_clone().expect("its other end"));
        let cut = Arc::new(AtomicBool::new(false));
        let (its, is_cut) = (Arc::clone(&self), Arc::clone(&cut));
        std::thread::spawn(move || {
            pass(client, server, |piece| {
                if piece.starts_with(b"POST ") {
                    its.has_posted.store(true, Ordering::SeqCst);
                    is_cut.fetch_or(its.cuts_a_post.load(Ordering::SeqCst), Ordering::SeqCst);
                }
                true
            });
        });
        pass(back, to, |_| !(cut.load(Ordering::SeqCst) && self.cuts_a_post.swap(false, Ordering::SeqCst)));
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

/// Passes on what comes while `may` allows it.
fn pass(mut from: TcpStream, mut to: TcpStream, may: impl Fn(&[u8]) -> bool) {
    let _ = to.set_nodelay(true);
    let mut piece = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut piece) {
        if count == 0 || !may(&piece[..count]) || to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
