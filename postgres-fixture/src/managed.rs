//! Servers that another program starts, stops and promotes, such as Patroni, in a folder that ends with its owner.
//!
//! Invariants: whatever names the folder on its command line is killed with it, however the owner ends; a server is signalled by the
//! process id in its `postmaster.pid`, and only while that process names its data folder.
//!
//! How one could get it wrong: ending the manager alone. It has started its servers in sessions of their own, and they go on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::{
    Database, FixtureError,
    cluster_folder::ClusterFolder,
    database::{CopyStrategy, Psql},
    installation::Installation,
    postmaster,
    watchdog::Watchdog,
};

/// A folder for servers that another program manages, all of which end, and the folder goes, with this value.
#[derive(Debug)]
pub struct Managed {
    installation: Installation,
    home: ClusterFolder,
    /// Dropped first: it waits until all has ended.
    watchdog: Option<Watchdog>,
}

impl Managed {
    /// A new, empty folder, in memory if there is room.
    pub fn new() -> Result<Self, FixtureError> {
        let installation = Installation::find()?;
        let home = ClusterFolder::temporary(&installation, false)?;
        let watchdog = Some(Watchdog::over(&home)?);
        Ok(Self { installation, home, watchdog })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.home.root()
    }

    /// Where the server programs are.
    pub fn server_dir(&self) -> &Path {
        self.installation.server_dir()
    }

    /// A program as the user that PostgreSQL accepts, standing in the folder. It must name a path below the folder to end with it.
    pub fn command(&self, program: &Path) -> Command {
        self.installation.as_server_user(program, self.dir())
    }

    /// Writes a file of the folder that only that user may read.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, FixtureError> {
        self.home.write_for_server(Path::new(name), text, &self.installation)
    }

    /// A new, empty database at the server on this port of 127.0.0.1, which lets `postgres` in without a password.
    pub fn create_database(&self, port: u16) -> Result<Database, FixtureError> {
        let psql = Psql { installation: self.installation.clone(), port, password: None };
        psql.create_owner()?;
        let name = format!("fixture_{}", process::id());
        Ok(Database::create(psql, name, "template0", CopyStrategy::ServersChoice)?.staying())
    }

    /// SIGKILL to the server whose data are there, and to all its processes.
    pub fn kill9(&self, data: &Path) -> Result<(), FixtureError> {
        id(data).map(postmaster::crash)
    }

    /// The server whose data are there stands still: its connections stay open and say nothing.
    pub fn freeze(&self, data: &Path) -> Result<(), FixtureError> {
        id(data).map(postmaster::freeze)
    }

    /// Ends [`Managed::freeze`].
    pub fn thaw(&self, data: &Path) -> Result<(), FixtureError> {
        id(data).map(postmaster::thaw)
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        drop(self.watchdog.take());
    }
}

/// The postmaster over these data.
fn id(data: &Path) -> Result<u32, FixtureError> {
    let said = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let id: u32 = said.lines().next().and_then(|id| id.trim().parse().ok()).ok_or(FixtureError::NotRunning)?;
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let named = data.as_os_str().as_encoded_bytes();
    // The file of one that was killed names a process that is gone, or by now somebody else's.
    let is_it = line.split(|byte| *byte == 0).any(|argument| argument == named);
    if is_it { Ok(id) } else { Err(FixtureError::NotRunning) }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;

    #[test]
    fn what_names_the_folder_ends_with_it_also_while_it_stands_still() {
        let managed = Managed::new().unwrap();
        let folder = managed.dir().to_path_buf();
        let mut command = managed.command(Path::new("/bin/sh"));
        command.args(["-c", "sleep 300 & wait"]).arg(folder.join("named"));
        let mut child = command.spawn().unwrap();
        postmaster::freeze(child.id());
        drop(managed);
        assert!(!folder.exists());
        for _ in 0..100 {
            if child.try_wait().unwrap().is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        panic!("it goes on");
    }

    #[test]
    fn a_process_that_names_other_data_is_nobodys_server() {
        let managed = Managed::new().unwrap();
        let data = managed.dir().join("one");
        fs::create_dir(&data).unwrap();
        assert!(matches!(managed.kill9(&data), Err(FixtureError::NotRunning)), "no file");
        fs::write(data.join("postmaster.pid"), format!("{}\n", process::id())).unwrap();
        assert!(matches!(managed.kill9(&data), Err(FixtureError::NotRunning)), "it is this very test");
    }
}
