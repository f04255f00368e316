//! The folder a cluster lives in: `data`, `postgres.log` and `lock`.
//!
//! Invariants: one cluster per folder, by a lock on the file `lock` that the watchdog inherits; a folder that holds
//! anything else is refused, since it would be removed in the end; the path is absolute and free of symbolic links, so
//! that a process can be recognised by it.
//!
//! How one could get it wrong: as root, a folder below `/root` cannot be entered by the user that PostgreSQL runs as,
//! and opening `/root` up is not ours to do. The cluster then lives in the temporary folder, and the folder asked for
//! becomes a symbolic link to it.

use std::{
    env,
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown, symlink},
    path::{self, Path, PathBuf},
    process, thread,
    time::{Duration, Instant, SystemTime},
};

use nix::sys::statvfs::statvfs;

use crate::{FixtureError, installation::Installation};

const TEMPORARY_PREFIX: &str = "postgres-fixture-";
const PASSWORD: &str = "password.new";
const OURS: [&str; 5] = ["data", "data.new", "postgres.log", "lock", PASSWORD];
/// Bytes: the write-ahead log, and what the largest tests put into their databases.
const MEMORY_MIN: u64 = 6 << 30;
/// The watchdog of the cluster before us may still be cleaning up.
const LOCK_LIMIT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(crate) struct ClusterFolder {
    root: PathBuf,
    link: Option<PathBuf>,
    keep: bool,
    lock: File,
}

impl ClusterFolder {
    /// A new one; `durable` if what is written there must reach a disk.
    pub(crate) fn temporary(installation: &Installation, durable: bool) -> Result<Self, FixtureError> {
        let base = if durable { env::temp_dir() } else { memory().unwrap_or_else(env::temp_dir) };
        let root = create_temporary(&base)?;
        Self::claim(root.clone(), installation).inspect_err(|_| {
            // The folder is new and ours; what matters to the caller is why it was of no use.
            let _ = fs::remove_dir_all(&root);
        })
    }

    pub(crate) fn at(
        folder: &Path,
        keep: bool,
        in_place: bool,
        installation: &Installation,
    ) -> Result<Self, FixtureError> {
        let folder = path::absolute(folder).map_err(doing("finding", folder))?;
        let link = link_of_ours(&folder);
        if link.is_some() && !folder.exists() {
            fs::remove_file(&folder).map_err(doing("removing", &folder))?;
        }
        fs::create_dir_all(&folder).map_err(doing("creating", &folder))?;
        let root = folder.canonicalize().map_err(doing("finding the real path of", &folder))?;
        let home = Self::claim(root.clone(), installation)?;
        if installation.server_can_enter(&root) {
            return Ok(Self { link, keep, ..home });
        }
        if in_place || root.join("data").exists() {
            return Err(unreachable(&root));
        }
        drop(home);
        fs::remove_dir_all(&root).map_err(doing("removing", &root))?;
        // Kept across the end of the machine, as the folder that was asked for would be.
        let elsewhere = Self::temporary(installation, true)?;
        symlink(&elsewhere.root, &root).map_err(doing("linking", &root))?;
        Ok(Self { link: Some(root), keep, ..elsewhere })
    }

    fn claim(root: PathBuf, installation: &Installation) -> Result<Self, FixtureError> {
        let lock = lock(&root)?;
        if let Some(stranger) = strangers(&root)? {
            fs::remove_file(root.join("lock")).map_err(doing("unlocking", &root))?;
            return Err(FixtureError::Folder {
                reason: format!("it already holds {stranger:?}; name an empty or a new folder"),
                path: root,
            });
        }
        if let Some((uid, gid)) = installation.server_user() {
            chown(&root, Some(uid.as_raw()), Some(gid.as_raw())).map_err(doing("giving away", &root))?;
        }
        Ok(Self { root, link: None, keep: false, lock })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Where `initdb` works; renamed to `data` when it is complete.
    pub(crate) fn data_unfinished(&self) -> PathBuf {
        self.root.join("data.new")
    }

    /// Writes the file that `initdb` reads the password from; whoever calls this removes it.
    pub(crate) fn write_password(&self, password: &str, installation: &Installation) -> Result<PathBuf, FixtureError> {
        self.write_for_server(Path::new(PASSWORD), password, installation)
    }

    /// Writes a file of this folder that only the server may read.
    pub(crate) fn write_for_server(
        &self,
        path: &Path,
        text: &str,
        installation: &Installation,
    ) -> Result<PathBuf, FixtureError> {
        let path = self.root.join(path);
        // What a start that was killed left.
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(doing("writing", &path))?;
        if let Some((uid, gid)) = installation.server_user() {
            chown(&path, Some(uid.as_raw()), Some(gid.as_raw())).map_err(doing("giving away", &path))?;
        }
        Ok(path)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(crate) fn link(&self) -> Option<&OsStr> {
        self.link.as_deref().map(Path::as_os_str)
    }

    pub(crate) fn keep(&self) -> bool {
        self.keep
    }

    pub(crate) fn lock(&self) -> &File {
        &self.lock
    }
}

/// The system's folder in memory, if there is room: a database is three hundred files, and to make and remove them takes
/// a third of the time there. Not if whoever started us has said where temporary folders shall be.
fn memory() -> Option<PathBuf> {
    let folder = Path::new("/dev/shm");
    let space = statvfs(folder).ok()?;
    let free = space.blocks_available().saturating_mul(space.fragment_size());
    (env::temp_dir() == Path::new("/tmp") && free >= MEMORY_MIN).then(|| folder.to_path_buf())
}

fn create_temporary(base: &Path) -> Result<PathBuf, FixtureError> {
    let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_nanos());
    let folder = base.join(format!("{TEMPORARY_PREFIX}{}-{nanos}", process::id()));
    DirBuilder::new().mode(0o700).create(&folder).map_err(doing("creating", &folder))?;
    folder.canonicalize().map_err(doing("finding the real path of", &folder))
}

/// The folder, if it is a symbolic link that an earlier run made.
fn link_of_ours(folder: &Path) -> Option<PathBuf> {
    let target = fs::read_link(folder).ok()?;
    let name = target.file_name()?.to_str()?;
    name.starts_with(TEMPORARY_PREFIX).then(|| folder.to_path_buf())
}

fn lock(root: &Path) -> Result<File, FixtureError> {
    let path = root.join("lock");
    let deadline = Instant::now() + LOCK_LIMIT;
    loop {
        fs::create_dir_all(root).map_err(doing("creating", root))?;
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(doing("locking", root))?;
        match file.try_lock() {
            // A lock on a file that its owner has removed meanwhile would exclude nobody.
            Ok(()) if is_still(&path, &file) => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(FixtureError::Folder {
                    path: root.to_path_buf(),
                    reason: "another cluster lives in it; stop that one or name another folder".to_owned(),
                });
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(doing("locking", root)(error)),
        }
    }
}

fn is_still(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
        _ => false,
    }
}

fn strangers(root: &Path) -> Result<Option<String>, FixtureError> {
    let entries = fs::read_dir(root).map_err(doing("listing", root))?;
    Ok(entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .find(|name| !OURS.contains(&name.as_str())))
}

fn unreachable(root: &Path) -> FixtureError {
    FixtureError::Folder {
        path: root.to_path_buf(),
        reason: "the user postgres cannot enter it; name another folder".to_owned(),
    }
}

fn doing(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> FixtureError {
    FixtureError::io(format!("{what} {}", path.display()))
}
