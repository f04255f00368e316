//! A daemon whose configuration is a file, read again at SIGHUP.
//!
//! How to get it wrong: setting in the environment what the file is to change. What a process was given directly stays.

use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::world::daemon::{Daemon, Reply};
use crate::world::{World, eventually};

/// A folder with a configuration file and a file of admin keys, and a daemon that reads both.
pub struct Reloading {
    pub folder: PathBuf,
    pub world: World,
    pub daemon: Daemon,
}

/// The admin key that its file has at first.
pub const KEY: &str = "rotating-admin-key-1";
/// The one that comes next.
pub const NEXT_KEY: &str = "rotating-admin-key-2";

impl Reloading {
    pub fn new(toml: &str) -> Self {
        Self::in_world(World::new(), toml)
    }

    /// The same in a world that is set up otherwise.
    pub fn in_world(world: World, toml: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("callbunker-reload-{}", world.database.name()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let world = world
            .set("CALLBUNKER_CONFIG", folder.join("callbunker.toml").display())
            .set("ADMIN_API_KEY", "")
            .set("ADMIN_API_KEY_FILE", folder.join("keys").display());
        let file = |name, text: &str| std::fs::write(folder.join(name), text).expect("a file");
        file("callbunker.toml", toml);
        file("keys", &format!("{KEY},{}\n", crate::world::ADMIN_KEY));
        let daemon = world.daemon();
        Self { folder, world, daemon }
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect("a file");
    }

    /// The lines that reloads have logged so far.
    fn told(&self) -> Vec<Value> {
        let is_told = |line: &Value| {
            line["msg"] == "the configuration was reloaded"
                || line["msg"] == "the new configuration is refused, the old one stays"
        };
        self.daemon.log_lines().into_iter().filter(is_told).collect()
    }

    /// SIGHUP, and the line that tells what came of it.
    pub fn reload(&self) -> Value {
        let before = self.told().len();
        self.daemon.signal(Signal::SIGHUP);
        eventually("the reload is told", || self.told().len() > before);
        self.told().pop().expect("a line")
    }

    pub fn status_with(&self, key: &str) -> Reply {
        self.daemon.send("GET", "/admin/phones/api/status", &[("X-Admin-API-Key", key)], None)
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
