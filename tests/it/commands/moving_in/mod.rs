//! Files as people have them: exports of other tools, spreadsheets' own, and what is left over of them.

mod doubts;
mod spreadsheet;
mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;

use twilio_simulator::ForeignNumber;

use crate::world::command::Ended;
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("callbunker-moving-in-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("its path").to_owned()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.join(name), bytes).expect("a file");
        self.file(name)
    }

    /// What is in it.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("a file").file_name().into_string().expect("its name")).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).expect("the file is there")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An account of the earlier service with so many numbers, +14155550000 and on.
fn account(count: usize) -> (World, Daemon) {
    let world = World::new().quiet();
    for n in 0..count {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier"));
    }
    let daemon = world.daemon();
    (world, daemon)
}

fn number(n: usize) -> String {
    format!("+1415555{n:04}")
}

fn users(world: &World) -> Vec<String> {
    world
        .sql("SELECT phone_number || ' ' || user_id FROM leases WHERE user_id IS NOT NULL ORDER BY phone_number")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Runs a line that a command told, as somebody does who pastes it.
fn in_a_shell(daemon: &Daemon, line: &str) -> Ended {
    let programs = Path::new(env!("CARGO_BIN_EXE_callbunker")).parent().expect("its folder");
    let path = std::env::join_paths([programs, Path::new("/usr/bin"), Path::new("/bin")]).expect("a path");
    let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY)];
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).env_clear().envs(env).env("PATH", path);
    shell.output().expect("there is a shell").into()
}
