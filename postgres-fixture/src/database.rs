//! A database of one's own inside a cluster.
//!
//! Each test takes one: advisory locks, extensions and the migrations table are per database, so a schema of one's own
//! is not enough.
//!
//! Invariant: `Drop` never fails and never hangs. A cluster that is stopped or gone has no database to drop.
//!
//! How one could get it wrong: copying a template that somebody is connected to; PostgreSQL refuses after five seconds.
//! That is also why new databases come from `template0`, which nobody can connect to.

use std::{process::Command, sync::Mutex, time::Duration};

use crate::{
    Cluster, FixtureError, command,
    installation::Installation,
    session::{Session, Unanswered},
};

const PSQL_LIMIT: Duration = Duration::from_secs(120);
const CONNECT_LIMIT_SECS: &str = "5";
/// The ordinary role that owns the databases of all clusters: no superuser, and it may make neither databases nor roles, as services
/// have it at a provider's.
pub const OWNER: &str = "fixture_owner";

/// A database that is dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    owner_url: String,
    psql: Psql,
    /// Where the whole cluster goes, its databases need not be dropped.
    is_dropped: bool,
    /// Who is asked, while nobody else asks.
    session: Mutex<Option<Session>>,
}

impl Database {
    pub(crate) fn create(psql: Psql, name: String, template: &str, copy: CopyStrategy) -> Result<Self, FixtureError> {
        let strategy = match copy {
            CopyStrategy::Files => " STRATEGY file_copy",
            CopyStrategy::ServersChoice => "",
        };
        psql.run("postgres", &format!("CREATE DATABASE \"{name}\" OWNER {OWNER} TEMPLATE \"{template}\"{strategy}"))?;
        Ok(Self::named(name, psql, true))
    }

    fn named(name: String, psql: Psql, is_dropped: bool) -> Self {
        let (url, owner_url) = (psql.url(&name), psql.url_as(OWNER, &name));
        Self { url, owner_url, name, psql, is_dropped, session: Mutex::default() }
    }

    /// The same database at a cluster that follows the one it was made at, or has taken its place. Both drop it, where they can.
    #[must_use]
    pub fn at(&self, cluster: &Cluster) -> Self {
        Self::named(self.name.clone(), cluster.psql_client(), self.is_dropped)
    }

    /// The same database as the server at this port of 127.0.0.1 has it, which follows the one it was made at, or has taken its place.
    #[must_use]
    pub fn served_at(&self, port: u16) -> Self {
        Self::named(self.name.clone(), Psql { port, ..self.psql.clone() }, self.is_dropped)
    }

    /// Leaves it where it is in the end.
    pub(crate) fn staying(mut self) -> Self {
        self.is_dropped = false;
        self
    }

    /// `postgres://postgres@127.0.0.1:PORT/NAME`, with the password where the cluster has one.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same for [`OWNER`].
    pub fn owner_url(&self) -> &str {
        &self.owner_url
    }

    /// Its name inside the cluster.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL through `psql`, a way that shares nothing with the code under test. Answers the rows, one a line, the
    /// columns divided by `|`. The first error ends it.
    pub fn psql(&self, sql: &str) -> Result<String, FixtureError> {
        // Whoever is being answered may wait for what this question brings about.
        let Ok(mut held) = self.session.try_lock() else { return self.psql.run(&self.name, sql) };
        // It is put back when it may be asked again.
        if let Some(mut session) = held.take()
            && session.lives()
        {
            match session.ask(sql, PSQL_LIMIT) {
                Ok(answer) => {
                    *held = Some(session);
                    return Ok(answer);
                }
                Err(Unanswered::Lost) => {}
                Err(Unanswered::Failed(error)) => return Err(error),
            }
        }
        let mut session = Session::start(self.psql.program("postgres", &self.name))?;
        match session.ask(sql, PSQL_LIMIT) {
            Ok(answer) => {
                *held = Some(session);
                Ok(answer)
            }
            Err(Unanswered::Lost) => Err(FixtureError::NotRunning),
            Err(Unanswered::Failed(error)) => Err(error),
        }
    }

    /// Nobody is connected on behalf of this value until the next question.
    pub(crate) fn rest(&self) {
        if let Ok(mut held) = self.session.lock() {
            *held = None;
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.rest();
        if !self.is_dropped {
            return;
        }
        // Where commits wait for a standby, there may be none any more.
        let sql = format!("SET synchronous_commit = local; DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        // A stopped cluster cannot, and one that is gone need not.
        let _ = self.psql.run("postgres", &sql);
    }
}

/// How the server copies a template.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CopyStrategy {
    /// File by file between two checkpoints: 20 ms where nothing waits for the disk.
    Files,
    /// Since version 15 through the write-ahead log: 300 ms while the log still grows.
    ServersChoice,
}

/// How `psql` reaches one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Psql {
    pub(crate) installation: Installation,
    pub(crate) port: u16,
    pub(crate) password: Option<String>,
}

impl Psql {
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// The owner of all databases that are made here, once for the cluster.
    pub(crate) fn create_owner(&self) -> Result<(), FixtureError> {
        let secret = self.password.as_ref().map(|password| format!(" PASSWORD '{}'", password.replace('\'', "''")));
        let sql = format!(
            "DO $do$ BEGIN CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE{}; \
             EXCEPTION WHEN duplicate_object THEN NULL; END $do$",
            secret.unwrap_or_default()
        );
        self.run("postgres", &sql).map(drop)
    }

    fn url_as(&self, role: &str, database: &str) -> String {
        let secret = self.password.as_ref().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://{role}{secret}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn run(&self, database: &str, sql: &str) -> Result<String, FixtureError> {
        self.run_as("postgres", database, sql)
    }

    pub(crate) fn run_as(&self, role: &str, database: &str, sql: &str) -> Result<String, FixtureError> {
        let mut answer = command::run(self.program(role, database), PSQL_LIMIT, Some(sql), |_| ())?;
        if answer.ends_with('\n') {
            answer.pop();
        }
        Ok(answer)
    }

    /// `psql`, which reads from its input.
    fn program(&self, role: &str, database: &str) -> Command {
        let mut command = self.installation.client("psql");
        command.env("PGCONNECT_TIMEOUT", CONNECT_LIMIT_SECS);
        if let Some(password) = &self.password {
            // On the command line everybody on this machine could read it.
            command.env("PGPASSWORD", password);
        }
        // No start-up file, quiet, unaligned, tuples only, never ask for a password.
        command.args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"]);
        let url = format!("postgres://{role}@127.0.0.1:{}/{database}", self.port);
        command.args(["-d", &url, "-f", "-"]);
        command
    }
}
