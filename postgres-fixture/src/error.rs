//! What can go wrong, each with what to do about it.
//!
//! The variants are decisions of whoever reads them: install something, choose another folder, read the server's log,
//! or mend the SQL. A message stands alone, since tests show it through `unwrap`, which is also why `Debug` prints the
//! same sentence.

use std::{fmt, io, path::PathBuf, time::Duration};

/// Why a PostgreSQL could not be started, stopped or asked.
pub enum FixtureError {
    /// The server programs are not on this machine.
    NotInstalled {
        /// Which program was looked for.
        program: &'static str,
    },
    /// `POSTGRES_FIXTURE_SERVER` names no server that can be started.
    NoServer {
        /// What it names.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// We are root, PostgreSQL refuses root, and the user that it should run as does not exist.
    NoServerUser {
        /// The user that was looked for.
        user: &'static str,
    },
    /// The folder cannot be used.
    Folder {
        /// The folder in question.
        path: PathBuf,
        /// Why not, and what would help.
        reason: String,
    },
    /// The operating system refused something.
    Io {
        /// What was being done.
        doing: String,
        /// Its answer.
        source: io::Error,
    },
    /// A program ended with an error.
    Command {
        /// Which one.
        program: String,
        /// What it said.
        output: String,
    },
    /// A program or the server did not finish in time.
    Timeout {
        /// What was waited for.
        waiting_for: String,
        /// How long.
        limit: Duration,
    },
    /// The server ended while it was starting.
    Server {
        /// The last lines of its log.
        log: String,
    },
    /// The server was stopped or has died; `start_again` brings it back.
    NotRunning,
}

impl FixtureError {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled { program } => write!(
                f,
                "PostgreSQL is not installed ({program} was found neither through pg_config, nor in \
                 /usr/lib/postgresql/*/bin, nor on the PATH): run `make deps`"
            ),
            Self::NoServer { folder, reason } => write!(
                f,
                "POSTGRES_FIXTURE_SERVER is {}, and {reason}: name a folder with a PostgreSQL server's bin, lib and share, \
                 or leave it out and have the installed one",
                folder.display()
            ),
            Self::NoServerUser { user } => write!(
                f,
                "PostgreSQL refuses to run as root and there is no user {user} to run it as: run `make deps`, or run \
                 this as an ordinary user"
            ),
            Self::Folder { path, reason } => {
                write!(f, "PostgreSQL cannot live in {}: {reason}", path.display())
            }
            Self::Io { doing, source } => write!(f, "{doing} failed: {source}"),
            Self::Command { program, output } => {
                write!(f, "{program} failed: {}", output.trim_end())
            }
            Self::Timeout { waiting_for, limit } => write!(
                f,
                "{waiting_for} took longer than {} s; is the machine overloaded or its disk full?",
                limit.as_secs()
            ),
            Self::Server { log } => {
                write!(f, "PostgreSQL did not start; its log ends with:\n{log}")
            }
            Self::NotRunning => {
                f.write_str("PostgreSQL is not running: it was stopped or has died; start_again() brings it back")
            }
        }
    }
}

impl fmt::Debug for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for FixtureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::NotInstalled { .. }
            | Self::NoServer { .. }
            | Self::NoServerUser { .. }
            | Self::Folder { .. }
            | Self::Command { .. }
            | Self::Timeout { .. }
            | Self::Server { .. }
            | Self::NotRunning => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_installation_says_what_to_do() {
        let message = FixtureError::NotInstalled { program: "initdb" }.to_string();
        assert!(message.contains("run `make deps`"), "{message}");
    }
}
