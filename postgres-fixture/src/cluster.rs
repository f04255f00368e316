//! A running PostgreSQL: its folder, its server, its watchdog.
//!
//! Invariants: the port stays the same across stops and crashes; `Drop` takes the watchdog's way down and waits for it.
//!
//! How one could get it wrong: relying on `Drop` for [`Cluster::shared`]. Statics are not dropped; the shared cluster
//! ends because the watchdog's pipe closes with the process.

use std::{
    path::Path,
    process,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use nix::sys::signal::Signal;

use crate::{
    ClusterOptions, Database, FixtureError, base_backup,
    cluster_folder::ClusterFolder,
    database::{CopyStrategy, OWNER, Psql},
    initdb,
    installation::Installation,
    options::{CERTIFICATE, KEY, Settings},
    server::Server,
    watchdog::Watchdog,
};

/// A PostgreSQL server with a folder of its own. It ends, and its folder goes, with this value.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) installation: Installation,
    pub(crate) home: ClusterFolder,
    pub(crate) settings: Settings,
    pub(crate) copy: CopyStrategy,
    pub(crate) durable: bool,
    pub(crate) password: Option<String>,
    pub(crate) port: u16,
    pub(crate) server: Mutex<Option<Server>>,
    pub(crate) watchdog: Option<Watchdog>,
    pub(crate) databases_created: AtomicU64,
    pub(crate) has_owner: Mutex<bool>,
}

impl Cluster {
    /// Starts a server and waits until it takes connections, which takes one to two seconds.
    pub fn start(options: ClusterOptions) -> Result<Self, FixtureError> {
        let installation = Installation::find()?;
        let home = match &options.dir {
            Some(dir) => ClusterFolder::at(dir, options.keep, options.in_place, &installation)?,
            None => ClusterFolder::temporary(&installation, options.durable)?,
        };
        // Before anything runs: from here on, every way out cleans up.
        let watchdog = Watchdog::start(&home)?;
        initdb::initialize(&installation, &home, &options, &watchdog)?;
        if let Some(tls) = &options.tls {
            home.write_for_server(&home.data().join(CERTIFICATE), &tls.certificate, &installation)?;
            home.write_for_server(&home.data().join(KEY), &tls.key, &installation)?;
        }
        let settings = options.settings();
        let copy = copy(&home, options.durable);
        let server = Server::start(&installation, &home, &settings, None, &watchdog)?;
        Ok(Self {
            installation,
            home,
            settings,
            copy,
            durable: options.durable,
            password: options.password,
            port: server.port(),
            server: Mutex::new(Some(server)),
            watchdog: Some(watchdog),
            databases_created: AtomicU64::new(0),
            has_owner: Mutex::default(),
        })
    }

    /// The one cluster that all tests of this process share, started when first asked for, not durable.
    ///
    /// # Panics
    ///
    /// If it cannot be started; the message says what to do.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster, FixtureError>> = OnceLock::new();
        match SHARED.get_or_init(|| Self::start(ClusterOptions::default())) {
            Ok(cluster) => cluster,
            Err(error) => panic!("{error}"),
        }
    }

    /// A new, empty database.
    pub fn create_database(&self) -> Result<Database, FixtureError> {
        self.create("template0")
    }

    /// A copy of another database, which nobody may be connected to. Faster than to migrate each one anew.
    pub fn create_database_from(&self, template: &Database) -> Result<Database, FixtureError> {
        template.rest();
        self.create(template.name())
    }

    /// The URL of a database of this cluster; `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        self.psql_client().url(database)
    }

    /// Runs SQL in the given database, see [`Database::psql`].
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, FixtureError> {
        self.psql_client().run(database, sql)
    }

    /// The same as [`OWNER`], in a database of this cluster.
    pub fn psql_as_owner(&self, database: &str, sql: &str) -> Result<String, FixtureError> {
        self.psql_client().run_as(OWNER, database, sql)
    }

    /// Ends every connection and stops cleanly. Nothing to do when it is not running.
    pub fn stop_fast(&self) -> Result<(), FixtureError> {
        self.stop(Signal::SIGINT)
    }

    /// Stops at once, without a checkpoint; the next start recovers. Nothing to do when it is not running.
    pub fn stop_immediate(&self) -> Result<(), FixtureError> {
        self.stop(Signal::SIGQUIT)
    }

    /// SIGKILL to the postmaster and all its processes.
    pub fn kill9(&self) -> Result<(), FixtureError> {
        let server = self.lock().take().ok_or(FixtureError::NotRunning)?;
        server.crash();
        Ok(())
    }

    /// The server stands still (SIGSTOP): connections stay open, new ones are accepted by the kernel, none is answered.
    /// That is how a database looks whose machine or network went dark.
    pub fn freeze(&self) -> Result<(), FixtureError> {
        self.running(Server::freeze)
    }

    /// Ends [`Cluster::freeze`].
    pub fn thaw(&self) -> Result<(), FixtureError> {
        self.running(Server::thaw)
    }

    /// Starts it again after a stop or a crash, on the same port. Nothing to do when it is running.
    pub fn start_again(&self) -> Result<(), FixtureError> {
        let mut server = self.lock();
        if server.as_mut().is_some_and(Server::is_running) {
            return Ok(());
        }
        let Some(watchdog) = &self.watchdog else {
            return Err(FixtureError::NotRunning);
        };
        *server = Some(Server::start(&self.installation, &self.home, &self.settings, Some(self.port), watchdog)?);
        Ok(())
    }

    /// [`Cluster::stop_fast`], then [`Cluster::start_again`].
    pub fn restart(&self) -> Result<(), FixtureError> {
        self.stop_fast()?;
        self.start_again()
    }

    /// Whether the server process is there.
    pub fn is_running(&self) -> bool {
        self.lock().as_mut().is_some_and(Server::is_running)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder, with the server's log in `postgres.log` and its data in `data`.
    pub fn dir(&self) -> &Path {
        self.home.root()
    }

    /// Where PostgreSQL's client programs are, `pgbench` among them.
    pub fn bin_dir(&self) -> &Path {
        self.installation.client_dir()
    }

    fn create(&self, template: &str) -> Result<Database, FixtureError> {
        {
            // A standby has none to make, and one that is promoted has its primary's.
            let mut has_owner = self.has_owner.lock().unwrap_or_else(PoisonError::into_inner);
            if !*has_owner {
                self.psql_client().create_owner()?;
                *has_owner = true;
            }
        }
        let number = self.databases_created.fetch_add(1, Ordering::Relaxed);
        // The process id keeps a kept folder's earlier databases apart.
        let name = format!("fixture_{}_{number}", process::id());
        Database::create(self.psql_client(), name, template, self.copy)
    }

    pub(crate) fn psql_client(&self) -> Psql {
        Psql { installation: self.installation.clone(), port: self.port, password: self.password.clone() }
    }

    pub(crate) fn stop(&self, signal: Signal) -> Result<(), FixtureError> {
        let server = self.lock().take();
        server.map_or(Ok(()), |server| server.stop(signal))
    }

    fn running(&self, act: impl FnOnce(&mut Server)) -> Result<(), FixtureError> {
        let mut server = self.lock();
        let server = server.as_mut().ok_or(FixtureError::NotRunning)?;
        if !server.is_running() {
            return Err(FixtureError::NotRunning);
        }
        act(server);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut server = self.lock().take();
        if let Some(server) = &mut server {
            server.thaw();
        }
        drop(self.watchdog.take());
        // The process has ended; this reaps it.
        if let Some(server) = &mut server {
            server.is_running();
        }
    }
}

fn copy(home: &ClusterFolder, durable: bool) -> CopyStrategy {
    let can_choose = base_backup::major(&home.data()) >= 15;
    if can_choose && !durable { CopyStrategy::Files } else { CopyStrategy::ServersChoice }
}
