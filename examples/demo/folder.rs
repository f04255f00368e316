//! `target/demo`: where everything lives while the demo runs, and what of it may stay.
//!
//! Two shapes. A demo that keeps nothing gives the whole folder to PostgreSQL's fixture, whose watchdog removes it with
//! everything in it, even after a `kill -9`. One that keeps (`DEMO_KEEP=1`) gives the fixture `postgres` inside it and
//! writes `demo.json` beside it, with the keys and the account that the data belong to. `env` is there in both.
//!
//! Invariant: data that were kept stay kept, whatever a later start says; only `rm` removes them.
//! How to get it wrong: emptying a folder that holds something else (`DEMO_DIR=~`), or one in which a demo still runs.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::parts::Ended;
use super::parts::private::{random, write};
use super::settings::Settings;

const KEPT: &str = "demo.json";
const LOG: &str = "daemon.log";
const ENVIRONMENT: &str = "env";
/// What a demo that keeps nothing leaves when the machine goes down under it.
const LEFTOVERS: [&str; 6] = [LOG, ENVIRONMENT, "postgres.log", "data", "data.new", "lock"];
/// The watchdog of a killed demo needs a moment to clean up.
const LOCK_LIMIT: Duration = Duration::from_secs(15);

/// What belongs to the data: made up at random, and kept with them.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    pub admin_key: String,
    pub signup_key: String,
    pub account_sid: String,
    pub auth_token: String,
}

impl Kept {
    fn new() -> Self {
        Self {
            admin_key: format!("admin-{}", random()),
            signup_key: format!("signup-{}", random()),
            account_sid: format!("AC{}", random()),
            auth_token: random(),
        }
    }
}

/// The folder, ours until it is closed.
pub struct Folder {
    root: PathBuf,
    keeps: bool,
    is_old: bool,
    kept: Kept,
}

impl Folder {
    pub fn open(settings: &Settings) -> Result<Self, Ended> {
        let root = settings.dir.clone();
        let file = root.join(KEPT);
        if let Ok(text) = fs::read_to_string(&file) {
            let kept = serde_json::from_str(&text).map_err(|error| {
                format!("{} is damaged ({error}); remove the folder {}", file.display(), root.display())
            })?;
            return Ok(Self { root, keeps: true, is_old: true, kept });
        }
        clear(&root)?;
        let folder = Self { root, keeps: settings.keep, is_old: false, kept: Kept::new() };
        if folder.keeps {
            folder.write_kept(&file)?;
        }
        Ok(folder)
    }

    /// Writes the file to source, anew: another start may listen elsewhere.
    pub fn write_environment(&self, text: &str) -> Result<(), Ended> {
        write(&self.environment(), text)
    }

    fn write_kept(&self, file: &Path) -> Result<(), Ended> {
        let text = serde_json::to_string_pretty(&self.kept).map_err(|error| error.to_string())?;
        fs::create_dir_all(&self.root).map_err(|error| format!("{} cannot be made: {error}", self.root.display()))?;
        write(file, &text)
    }

    /// Where PostgreSQL lives.
    pub fn postgres(&self) -> PathBuf {
        if self.keeps { self.root.join("postgres") } else { self.root.clone() }
    }

    /// Where the daemon's log goes.
    pub fn log(&self) -> PathBuf {
        self.root.join(LOG)
    }

    /// What to source to have everything at hand.
    pub fn environment(&self) -> PathBuf {
        self.root.join(ENVIRONMENT)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// Whether an earlier demo kept these data.
    pub fn is_old(&self) -> bool {
        self.is_old
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }
}

/// Removes what a machine that went down left of an earlier demo, once nobody lives there. A folder that holds anything
/// else is left alone; the fixture refuses it with a sentence.
fn clear(root: &Path) -> Result<(), Ended> {
    let deadline = Instant::now() + LOCK_LIMIT;
    loop {
        let Ok(lock) = File::open(root.join("lock")) else { return Ok(()) };
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(Duration::from_millis(50)),
            Err(_) => {
                return Err(Some(format!(
                    "another demo runs in {}; stop it, or run this one elsewhere: DEMO_DIR=/tmp/demo2 make demo",
                    root.display()
                )));
            }
        }
    }
    let names = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let present: Vec<String> = fs::read_dir(root).into_iter().flatten().flatten().map(names).collect();
    if present.iter().all(|name| LEFTOVERS.contains(&name.as_str())) {
        for path in present.iter().map(|name| root.join(name)) {
            // What cannot be removed makes the fixture complain, which says it better.
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
    Ok(())
}
