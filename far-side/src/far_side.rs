//! The handle that tests hold: starts both servers on a thread of their own, orders what goes wrong, and reads what arrived.
//!
//! Invariants: usable from synchronous and asynchronous code alike, since nothing here awaits; when `start` returns, both
//! addresses accept connections; when the handle is dropped, every connection is closed and the ports are free.
//!
//! How to get it wrong: dropping the handle early (`let _ = FarSide::start(…)`), which ends both at once.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::got::Got;
use crate::rules::{Answer, Reception, Rules, Stage};
use crate::{http, smtp};

/// How a [`FarSide`] starts.
#[derive(Clone, Debug)]
pub struct FarSideOptions {
    /// Where the mail server listens, on loopback; port 0 for any.
    pub smtp: SocketAddr,
    /// Where the HTTP sink listens, on loopback; port 0 for any.
    pub http: SocketAddr,
    /// User and password without which no mail is taken; `None`: whoever comes is believed.
    pub login: Option<(String, String)>,
}

impl Default for FarSideOptions {
    fn default() -> Self {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { smtp: anywhere, http: anywhere, login: None }
    }
}

/// What the servers and the handle share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) login: Option<(String, String)>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) got: Got,
    pub(crate) rules: Rules,
}

impl Shared {
    /// To oneself. A panic of another holder is no reason to stop: tests want what arrived then most of all.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mail server and an HTTP sink; they end when this is dropped.
pub struct FarSide {
    shared: Arc<Shared>,
    smtp: SocketAddr,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FarSide {
    /// Starts both. Fails when an address cannot be had or is not on loopback ([`io::ErrorKind::InvalidInput`]).
    pub fn start(options: FarSideOptions) -> io::Result<Self> {
        let (smtp_listener, http_listener) = (bound(options.smtp)?, bound(options.http)?);
        let smtp = smtp_listener.local_addr()?;
        let url = format!("http://{}", http_listener.local_addr()?);
        let shared = Arc::new(Shared { state: Mutex::default(), login: options.login });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name("far-side".into()).spawn(move || {
            runtime.block_on(async {
                let listeners = (TcpListener::from_std(smtp_listener), TcpListener::from_std(http_listener));
                if let (Ok(mails), Ok(requests)) = listeners {
                    serve(served, mails, requests, stopped).await;
                }
            });
        })?;
        Ok(Self { shared, smtp, url, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT` of the sink; every path takes. `/slack…` answers as Slack does, `/v2/enqueue` as PagerDuty.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Of the mail server.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// `smtp://127.0.0.1:PORT` of the mail server.
    pub fn smtp_url(&self) -> String {
        format!("smtp://{}", self.smtp)
    }

    /// The next `times` requests whose path begins so are answered like this.
    pub fn answer(&self, path: &str, answer: Answer, times: u32) {
        self.shared.state().rules.add_answer(path, answer, times);
    }

    /// The next `times` mails for this address (`None`: any) are received so at this stage. Before [`Stage::To`] nobody has
    /// been named, so only rules for any address count there.
    pub fn receive(&self, address: Option<&str>, stage: Stage, reception: Reception, times: u32) {
        self.shared.state().rules.add_reception(address, stage, reception, times);
    }

    /// Dead: each new connection is reset. Alive: as the rules say. Rules stay.
    pub fn set_dead(&self, is_dead: bool) {
        self.shared.state().rules.is_dead = is_dead;
    }

    /// Everything is taken again: forgets all rules, and lives.
    pub fn take_all(&self) {
        self.shared.state().rules = Rules::default();
    }

    /// Forgets what arrived.
    pub fn forget(&self) {
        self.shared.state().got = Got::default();
    }

    /// What arrived so far.
    pub fn got(&self) -> Got {
        self.shared.state().got.clone()
    }

    /// Waits until what arrived is as wished, looking every 5 ms; false when that took too long.
    pub fn wait_until(&self, timeout: Duration, wished: impl Fn(&Got) -> bool) -> bool {
        let until = Instant::now() + timeout;
        loop {
            if wished(&self.shared.state().got) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        // The receiver is gone only when the thread ended before; then there is nothing to stop.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            // A panic over there has been reported by its own thread.
            let _ = thread.join();
        }
    }
}

fn bound(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    if !address.ip().is_loopback() {
        let text = format!(
            "{address} is not a loopback address; whoever comes is believed here: listen on 127.0.0.1 or [::1]"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let listener = std::net::TcpListener::bind(address)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn serve(shared: Arc<Shared>, mails: TcpListener, requests: TcpListener, mut stop: oneshot::Receiver<()>) {
    loop {
        let (accepted, is_mail) = tokio::select! {
            _ = &mut stop => return,
            accepted = mails.accept() => (accepted, true),
            accepted = requests.accept() => (accepted, false),
        };
        // Out of file descriptors, most likely: others close theirs meanwhile.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if shared.state().rules.is_dead {
            reset(&stream);
            continue;
        }
        let shared = Arc::clone(&shared);
        if is_mail {
            tokio::spawn(smtp::session(shared, stream));
        } else {
            tokio::spawn(http::connection(shared, stream));
        }
    }
}

/// When the stream is dropped, its connection ends by a reset instead of an orderly end.
pub(crate) fn reset(stream: &TcpStream) {
    // Where it cannot be set, the connection ends orderly, which is as unexpected.
    let _ = stream.set_zero_linger();
}
