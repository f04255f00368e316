//! The composition root: [`App::build`] does everything that can fail, [`App::run_until_stopped`] cannot be
//! misconfigured.
//!
//! Invariant: stop goes outside in. Readiness turns false, nobody starts a create, requests in flight finish, creates on
//! the wire are settled, then the process ends; the ledger makes any other end safe too.
//! How to get it wrong: stopping a part before those who ask it. The purchaser must still settle what is on the wire.

mod at_twilio;
mod children;
mod claim;
mod database;
mod inherited;
mod keys;
mod parts;
mod pools;
mod reload;
mod signals;
mod systemd;
mod wants;
mod watchdog;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::access::{DatabaseSessions, Guard, WrongKeys};
use crate::audit::AuditLog;
use crate::config::Config;
use crate::db::locks::PurchaseLocks;
use crate::db::{DatabaseUrl, Db, DbError, StockBell};
use crate::http::Lanes;
use crate::logger::LogHandle;
use crate::routing::Route;
use crate::supervisor::Supervisor;
use crate::telemetry::Telemetry;
use crate::twilio::Twilio;
use crate::twilio_events::FormerAddresses;
use crate::web::{Newcomers, routes};

use at_twilio::twilio_settings;
pub(crate) use at_twilio::{NoLook, check_twilio, set_up_events};
pub(crate) use claim::whose_else;
pub(crate) use inherited::inherited;
use keys::keys_of;
use pools::Claims;
use signals::{Signal, Signals};
use systemd::notify;
use watchdog::{Watched, watch};

/// How long a stop waits for the audit trail.
const AUDIT_PATIENCE: Duration = Duration::from_secs(3);

/// Why the daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// PostgreSQL stayed away, or refuses the schema.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The database belongs to another account or environment, or something that is configured is not ours to use.
    #[error("{0}")]
    Foreign(String),
    /// The system starts no more threads.
    #[error("no threads could be started ({0}); raise the process limits")]
    Threads(std::io::Error),
    /// The address cannot be listened on.
    #[error("http.listen: {address} cannot be listened on ({source}); choose another address or port")]
    Listen {
        /// `http.listen`.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where a reload reads the configuration from.
pub(crate) struct ReloadSources {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// The environment that the process was started with.
    pub env: BTreeMap<String, String>,
    /// The log's level.
    pub log: LogHandle,
}

/// Everything built, nothing running.
pub(crate) struct App {
    config: Arc<ArcSwap<Config>>,
    db: Db,
    locks: PurchaseLocks,
    twilio: Twilio,
    guard: Arc<Guard>,
    audit: AuditLog,
    listener: Arc<TcpListener>,
    /// Who has the newcomers of a stop.
    newcomers: Newcomers,
    lanes: Lanes,
    address: SocketAddr,
    bell: StockBell,
    /// Rung after a reload.
    reloaded: Arc<Notify>,
    /// Where Twilio sent events before it.
    events_before: Arc<FormerAddresses>,
    /// Whoever tells the database of the pools after one.
    claims: Claims,
    telemetry: Telemetry,
    log: slog::Logger,
}

impl App {
    /// Migrates and claims the database, binds the address unless a socket was handed over. Waits up to a minute for PostgreSQL.
    ///
    /// # Errors
    /// See [`StartError`].
    pub(crate) async fn build(
        config: Config,
        log: slog::Logger,
        handed_over: Option<TcpListener>,
    ) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Handle::current();
        for note in config.outbound().notes() {
            slog::warn!(log, "{}", note);
        }
        let url = DatabaseUrl::new(&config.secrets.database_url);
        let patterns: Vec<&str> = routes().iter().map(Route::pattern).collect();
        let telemetry = Telemetry::new(&patterns);
        telemetry.pools_in_force(config.pools().map(|(name, pool)| (name.clone(), pool.kind())));
        let bell = StockBell::default();
        let db = database::open(&url, &config, &bell, &telemetry, &log).await?;
        let locks = PurchaseLocks::new(url, config.lock.advisory_key, runtime.clone());
        let twilio = Twilio::new(twilio_settings(&config), runtime, telemetry.clone());
        let (listener, newcomers) = bound(handed_over, config.http.listen, &log)?;
        let address = listener.local_addr().map_err(unheard(config.http.listen))?;
        let audit = AuditLog::new(log.new(slog::o!("part" => "audit")));
        let guard = Guard::new(keys_of(&config.secrets))
            .with_limit(WrongKeys::default())
            .with_sessions(DatabaseSessions::new(db.clone(), log.new(slog::o!("part" => "http"))))
            .with_audit(audit.clone());
        Ok(Self {
            config: Arc::new(ArcSwap::from_pointee(config)),
            db,
            locks,
            twilio,
            guard: Arc::new(guard),
            audit,
            listener: Arc::new(listener),
            newcomers,
            lanes: Lanes::for_this_machine().map_err(StartError::Threads)?,
            address,
            bell,
            reloaded: Arc::default(),
            events_before: Arc::default(),
            claims: Claims::default(),
            telemetry,
            log,
        })
    }

    /// Builds and runs until SIGTERM or SIGINT; returns the process's exit code. A second signal ends the process at once.
    ///
    /// # Errors
    /// As [`App::build`].
    pub(crate) async fn start(
        config: Config,
        log: slog::Logger,
        reload: ReloadSources,
        handed_over: Option<TcpListener>,
    ) -> Result<u8, StartError> {
        let mut signals = Signals::new();
        let app = tokio::select! {
            app = Self::build(config, log, handed_over) => app?,
            // Nothing runs yet that would have to finish.
            () = signals.stop() => return Ok(0),
        };
        let [ordinary, important] = app.telemetry.log_lines_dropped();
        reload.log.count_dropped(ordinary, important);
        Ok(app.run_until_stopped(reload, signals).await)
    }

    async fn run_until_stopped(self, reload: ReloadSources, mut signals: Signals) -> u8 {
        let (stopping, is_stopping) = watch::channel(false);
        let (gave_up, mut has_given_up) = watch::channel(false);
        let stop_http = CancellationToken::new();
        let (http_ended, mut http_has_ended) = watch::channel(false);
        let (children, at_twilio) = self.children(&is_stopping, &stop_http, http_ended);
        let supervised = self.config.load();
        let (restarts_max, window) = (supervised.supervisor.restarts_max, supervised.supervisor.window());
        let grace = supervised.shutdown.grace();
        drop(supervised);
        let (telemetry, log) = (self.telemetry.clone(), self.log.clone());
        let supervisor =
            Supervisor::start_all(children, restarts_max, window, gave_up, is_stopping.clone(), telemetry, log);
        slog::info!(self.log, "callbunker serves"; "address" => self.address.to_string(), "url" => format!("http://{}", self.address));
        notify(&self.log, sd_notify::NotifyState::Ready);
        self.feed_the_watchdog();
        self.forget_halts();
        let code = loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Stop => break 0,
                    Signal::Reload => self.reload(&reload),
                },
                _ = has_given_up.wait_for(|gave_up| *gave_up) => break 1,
            }
        };
        slog::info!(self.log, "stopping: no new purchase starts, requests in flight finish"; "grace_secs" => grace.as_secs());
        notify(&self.log, sd_notify::NotifyState::Stopping);
        stopping.send_replace(true);
        stop_http.cancel();
        let all_done = async {
            // Whoever asked is answered, and what is on the wire is settled, whoever asked for it.
            let _ = http_has_ended.wait_for(|ended| *ended).await;
            at_twilio.idle().await;
            // A database that is away holds nobody back; what it did not take stands in the log.
            let _ = tokio::time::timeout(AUDIT_PATIENCE, self.audit.drained()).await;
        };
        tokio::select! {
            () = all_done => {}
            () = tokio::time::sleep(grace) => slog::warn!(self.log, "the grace is over; the ledger keeps what is open"),
            () = signals.stop() => {
                slog::warn!(self.log, "a second signal: ending at once; the ledger keeps what is open");
                std::process::exit(1);
            }
        }
        drop(supervisor);
        self.audit.give_up();
        slog::info!(self.log, "stopped");
        code
    }
}

impl App {
    /// A daemon without a thread for it lives on, and systemd, which hears nothing, starts another one in its place.
    fn feed_the_watchdog(&self) {
        let watched = Watched {
            runtime: tokio::runtime::Handle::current(),
            arbiter: actix::Arbiter::current(),
            lanes: self.lanes.clone(),
        };
        if let Err(error) = watch(watched, self.log.clone()) {
            slog::error!(self.log, "no thread could be started for systemd's watchdog; raise the process limits"; "error" => error.to_string());
        }
    }
}

/// Where it is asked, and who has the newcomers of a stop.
fn bound(
    handed_over: Option<TcpListener>,
    address: SocketAddr,
    log: &slog::Logger,
) -> Result<(TcpListener, Newcomers), StartError> {
    let (listener, newcomers) = match handed_over {
        Some(listener) => {
            slog::info!(log, "http.listen is not used: a socket was handed over");
            (listener, Newcomers::LeftInTheQueue)
        }
        None => (TcpListener::bind(address).map_err(unheard(address))?, Newcomers::ServedUntilDrained),
    };
    listener.set_nonblocking(true).map_err(unheard(address))?;
    Ok((listener, newcomers))
}

fn unheard(address: SocketAddr) -> impl Fn(std::io::Error) -> StartError {
    move |source| StartError::Listen { address, source }
}
