//! Which PostgreSQL programs, and as which user they run.
//!
//! Distributions keep the server programs off the PATH, so they are looked for through `pg_config`, then where Debian
//! puts them (newest version first), then on the PATH. A folder counts only if the whole server is in it: `pg_config`
//! is often there with the client library alone.
//!
//! `POSTGRES_FIXTURE_SERVER` names a folder whose `bin` has another server, of any version; the clients stay those that are
//! installed, because packages of a server alone bring none.
//!
//! PostgreSQL refuses to run as root. As root, its programs run as the user `postgres`; otherwise as oneself.
//!
//! How one could get it wrong: passing `PG*` variables on. `PGDATA`, `PGOPTIONS` or `PGPASSFILE` of the person who runs
//! the tests would redirect them, in the worst case to a real database.

#![allow(clippy::disallowed_methods, reason = "what is installed shows in PATH, and PG* variables must not leak in")]

use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use nix::unistd::{Gid, Uid, User};

use crate::{FixtureError, command};

const SERVER_USER: &str = "postgres";
const SERVER_PROGRAMS: [&str; 2] = ["initdb", "postgres"];
const CLIENT_PROGRAMS: [&str; 1] = ["psql"];
/// Names the folder of another server than the installed one.
const SERVER: &str = "POSTGRES_FIXTURE_SERVER";
const PG_CONFIG_LIMIT: Duration = Duration::from_secs(10);

/// The programs and the user, found once per cluster.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    server_dir: PathBuf,
    client_dir: PathBuf,
    server_user: Option<(Uid, Gid)>,
}

impl Installation {
    pub(crate) fn find() -> Result<Self, FixtureError> {
        let named = env::var_os(SERVER).filter(|folder| !folder.is_empty());
        let needed: &[&str] = if named.is_some() { &CLIENT_PROGRAMS } else { &["initdb", "postgres", "psql"] };
        let installed = candidates().into_iter().find(|dir| missing_program(dir, needed).is_none());
        let client_dir = installed.ok_or(FixtureError::NotInstalled { program: needed[0] })?;
        let Some(folder) = named.map(PathBuf::from) else {
            return Ok(Self { server_dir: client_dir.clone(), client_dir, server_user: server_user()? });
        };
        // The server stands in a folder of its own when it starts.
        let server_dir = std::path::absolute(folder.join("bin")).map_err(FixtureError::io("finding the server"))?;
        let found = Self { server_dir, client_dir, server_user: server_user()? };
        if let Some(program) = missing_program(&found.server_dir, &SERVER_PROGRAMS) {
            return Err(FixtureError::NoServer { folder, reason: format!("there is no bin/{program} in it") });
        }
        if !found.server_can_enter(&found.server_dir) {
            let reason = "the user postgres cannot enter it; put it where this user can".to_owned();
            return Err(FixtureError::NoServer { folder, reason });
        }
        Ok(found)
    }

    /// Where the client programs are.
    pub(crate) fn client_dir(&self) -> &Path {
        &self.client_dir
    }

    /// The user that the server steps down to; `None` when it runs as oneself.
    pub(crate) fn server_user(&self) -> Option<(Uid, Gid)> {
        self.server_user
    }

    /// A client program, as oneself.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.client_dir.join(program));
        forget_settings(&mut command);
        command
    }

    /// A server program, as the user that PostgreSQL accepts, standing in a folder that this user can enter.
    pub(crate) fn server(&self, program: &str, stand_in: &Path) -> Command {
        self.as_server_user(&self.server_dir.join(program), stand_in)
    }

    /// Any program as that user, standing there.
    pub(crate) fn as_server_user(&self, program: &Path, stand_in: &Path) -> Command {
        let mut command = Command::new(program);
        forget_settings(&mut command);
        self.step_down(&mut command);
        command.current_dir(stand_in);
        command
    }

    /// Where the server programs are.
    pub(crate) fn server_dir(&self) -> &Path {
        &self.server_dir
    }

    /// Whether the server's user can enter the folder: all its parents must let this user through.
    pub(crate) fn server_can_enter(&self, folder: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder);
        command.current_dir("/");
        self.step_down(&mut command);
        command::run(command, PG_CONFIG_LIMIT, None, |_| ()).is_ok()
    }

    fn step_down(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.server_user {
            // The standard library also drops root's other groups.
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
    }
}

fn forget_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
}

fn server_user() -> Result<Option<(Uid, Gid)>, FixtureError> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    match User::from_name(SERVER_USER) {
        Ok(Some(user)) => Ok(Some((user.uid, user.gid))),
        Ok(None) => Err(FixtureError::NoServerUser { user: SERVER_USER }),
        Err(errno) => Err(FixtureError::io("looking up the user postgres")(errno.into())),
    }
}

fn missing_program<'a>(dir: &Path, needed: &[&'a str]) -> Option<&'a str> {
    needed.iter().copied().find(|program| !dir.join(program).is_file())
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    let mut pg_config = Command::new("pg_config");
    pg_config.arg("--bindir");
    if let Ok(answer) = command::run(pg_config, PG_CONFIG_LIMIT, None, |_| ()) {
        dirs.push(PathBuf::from(answer.trim_end()));
    }
    dirs.extend(versions_under(Path::new("/usr/lib/postgresql")));
    if let Some(path) = env::var_os("PATH") {
        dirs.extend(env::split_paths(&path));
    }
    dirs
}

/// `ROOT/*/bin`, newest first; by number, since as text 9.6 comes after 15.
fn versions_under(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else {
        return Vec::new();
    };
    let mut versions: Vec<(f64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first() {
        let root = env::temp_dir().join(format!("postgres-fixture-versions-{}", std::process::id()));
        for version in ["9.6", "15", "13", "doc"] {
            fs::create_dir_all(root.join(version).join("bin")).unwrap();
        }
        let found = versions_under(&root);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, ["15", "13", "9.6"].map(|version| root.join(version).join("bin")));
    }

    #[test]
    fn a_folder_without_the_server_does_not_count() {
        assert_eq!(missing_program(Path::new("/etc"), &SERVER_PROGRAMS), Some("initdb"));
    }
}
