//! The handle that tests hold: starts the simulator on a thread of its own and reads the truth; `steering` is the rest of it.
//!
//! Invariants: usable from synchronous and asynchronous code alike, since nothing here awaits; when `start` returns, the
//! address accepts connections; when the handle is dropped, every connection is closed and the port is free.
//!
//! How to get it wrong: dropping the handle early (`let _ = Simulator::start(…)`), which ends the simulator at once.

use std::io;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::options::{Credentials, SimulatorOptions};
use crate::serve::{Shared, serve};
use crate::truth::Truth;
use crate::world::World;

/// A running simulator; it ends when this is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    credentials: Credentials,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator. Fails when the address cannot be had or is not on loopback ([`io::ErrorKind::InvalidInput`]).
    pub fn start(options: SimulatorOptions) -> io::Result<Self> {
        options.check()?;
        let listener = std::net::TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut world = World::new(options);
        world.links.url.clone_from(&url);
        let credentials = world.credentials.clone();
        let shared = Arc::new(Shared::new(world));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name("twilio-simulator".into()).spawn(move || {
            runtime.block_on(async {
                if let Ok(listener) = TcpListener::from_std(listener) {
                    serve(served, listener, stopped).await;
                }
            });
        })?;
        Ok(Self { shared, credentials, url, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, to be used in place of every `https://….twilio.com`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `AC…`
    pub fn account_sid(&self) -> &str {
        &self.credentials.account_sid
    }

    /// The account's token.
    pub fn auth_token(&self) -> &str {
        &self.credentials.auth_token
    }

    /// `SK…`, good for the account as well.
    pub fn api_key_sid(&self) -> &str {
        &self.credentials.api_key_sid
    }

    /// The key's secret.
    pub fn api_key_secret(&self) -> &str {
        &self.credentials.api_key_secret
    }

    /// The `AC…` of the test credentials.
    pub fn test_account_sid(&self) -> &str {
        &self.credentials.test_account_sid
    }

    /// The token of the test credentials.
    pub fn test_auth_token(&self) -> &str {
        &self.credentials.test_auth_token
    }

    /// What really happened so far.
    pub fn truth(&self) -> Truth {
        self.shared.world().truth()
    }

    /// Waits until the truth is as wished, looking every 5 ms; false when that took too long.
    pub fn wait_until(&self, timeout: Duration, wished: impl Fn(&Truth) -> bool) -> bool {
        let until = Instant::now() + timeout;
        loop {
            if wished(&self.truth()) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Does what a test ordered, or says what is wrong with the order.
    pub(crate) fn order<T>(&self, act: impl FnOnce(&mut World) -> Result<T, String>) -> T {
        let done = act(&mut self.shared.world());
        done.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The world, to oneself.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The receiver is gone only when the thread ended before; then there is nothing to stop.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            // A panic over there has been reported by its own thread.
            let _ = thread.join();
        }
    }
}
