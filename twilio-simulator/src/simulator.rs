//! The handle that tests hold: starts the simulator on a thread of its own, steers it, reads the truth.
//!
//! Invariants: usable from synchronous and asynchronous code alike, since nothing here awaits; when `start` returns, the
//! address accepts connections; when the handle is dropped, every connection is closed and the port is free.
//!
//! How to get it wrong: dropping the handle early (`let _ = Simulator::start(…)`), which ends the simulator at once.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::fault::{Fault, On};
use crate::money::parse_cents;
use crate::number::Sid;
use crate::options::{AccountStatus, AccountType, CapabilitySpelling, Credentials, ReownMode, SimulatorOptions};
use crate::outside::{ForeignNumber, Webhooks};
use crate::serve::{Shared, serve};
use crate::stock::places::NumberKind;
use crate::stock::pool::Capabilities;
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
        let world = World::new(options);
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

    /// Orders a fault.
    ///
    /// # Panics
    /// When it could never fire, such as a lag on a balance.
    pub fn fault(&self, fault: Fault) {
        if let Err(error) = fault.check() {
            panic!("{error}");
        }
        self.shared.world().faults.push(fault);
    }

    /// Forgets the faults that wait.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// How long every answer takes from now on; forgets latencies of single kinds.
    pub fn set_latency(&self, latency: Duration) {
        self.set_latency_on(On::Any, latency);
    }

    /// How long answers to requests of one kind take from now on.
    pub fn set_latency_on(&self, on: On, latency: Duration) {
        self.shared.world().set_latency(on, latency);
    }

    /// Has exactly that many numbers of an area code for sale; an area code without stock is opened.
    ///
    /// # Panics
    /// When the country is not stocked or the area code is none of it.
    pub fn set_stock(&self, country: &str, area_code: &str, count: u64) {
        self.order(|world| world.stock.set_count(country, area_code, count));
    }

    /// What the numbers of an area code can do that are bought from now on.
    ///
    /// # Panics
    /// As [`Simulator::set_stock`].
    pub fn set_capabilities(&self, country: &str, area_code: &str, capabilities: Capabilities) {
        self.order(|world| world.stock.set_traits(country, area_code, Some(capabilities), None));
    }

    /// Whether the numbers of an area code are in beta.
    ///
    /// # Panics
    /// As [`Simulator::set_stock`].
    pub fn set_beta(&self, country: &str, area_code: &str, beta: bool) {
        self.order(|world| world.stock.set_traits(country, area_code, None, Some(beta)));
    }

    /// Whether purchases in a country need `AddressSid` and `BundleSid`; at first only those in GB do.
    ///
    /// # Panics
    /// When the country is not stocked.
    pub fn set_regulated(&self, country: &str, regulated: bool) {
        self.order(|world| world.set_regulated(country, regulated));
    }

    /// What numbers of a type cost, such as `"1.15"`.
    ///
    /// # Panics
    /// When the country has no such numbers, or the price is no amount.
    pub fn set_price(&self, country: &str, kind: NumberKind, price: &str) {
        self.order(|world| world.set_price(country, kind, price));
    }

    /// Puts one number up for sale, whatever became of it before.
    ///
    /// # Panics
    /// When it is not E.164, is in the account, or belongs to a country that is not stocked.
    pub fn offer(&self, phone_number: &str) {
        self.order(|world| world.offer(phone_number));
    }

    /// A rival buys a number.
    ///
    /// # Panics
    /// When it is not E.164.
    pub fn take(&self, phone_number: &str) {
        self.order(|world| world.take(phone_number));
    }

    /// How many rows a search shows at most.
    pub fn set_search_cap(&self, rows: usize) {
        self.shared.world().search_cap = rows;
    }

    /// How searches spell capabilities.
    pub fn set_capability_spelling(&self, spelling: CapabilitySpelling) {
        self.shared.world().spelling = spelling;
    }

    /// Puts a number of somebody else's into the account, or changes it when it is there already; its SID.
    ///
    /// # Panics
    /// When the number is not E.164.
    pub fn own(&self, number: ForeignNumber) -> Sid {
        self.order(|world| world.own(number))
    }

    /// Twilio reclaims a number; whether it was in the account.
    pub fn disown(&self, phone_number: &str) -> bool {
        self.shared.world().disown(phone_number)
    }

    /// Somebody changes a number's webhooks outside the API; whether it is in the account.
    pub fn set_webhooks(&self, phone_number: &str, webhooks: Webhooks) -> bool {
        self.shared.world().set_webhooks(phone_number, webhooks)
    }

    /// Somebody changes a number's `FriendlyName` in the console; whether it is in the account.
    pub fn rename(&self, phone_number: &str, friendly_name: &str) -> bool {
        self.shared.world().rename(phone_number, friendly_name)
    }

    /// The account's status.
    pub fn set_account_status(&self, status: AccountStatus) {
        self.shared.world().account.status = status;
    }

    /// The account's type.
    pub fn set_account_type(&self, kind: AccountType) {
        self.shared.world().account.kind = kind;
    }

    /// The account's balance, such as `"0.00"`.
    ///
    /// # Panics
    /// When it is no amount.
    pub fn set_balance(&self, balance: &str) {
        self.order(|world| parse_cents(balance).map(|cents| world.account.balance_cents = cents));
    }

    /// What a POST for a number that the account has already does.
    pub fn set_reown_mode(&self, mode: ReownMode) {
        self.shared.world().reown_mode = mode;
    }

    /// Forgets faults, and with `state` everything; credentials, seed and address stay.
    pub fn reset(&self, state: bool) {
        self.shared.world().reset(state);
    }

    /// Does what a test ordered, or says what is wrong with the order.
    fn order<T>(&self, act: impl FnOnce(&mut World) -> Result<T, String>) -> T {
        let done = act(&mut self.shared.world());
        done.unwrap_or_else(|error| panic!("{error}"))
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
