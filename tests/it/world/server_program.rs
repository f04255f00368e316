//! Servers of others that a test needs.

use std::path::PathBuf;
use std::process::Command;

/// The installed program, or the one that `scripts/install-deps` took out of its package.
pub fn server_program(name: &str) -> Command {
    let tools = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target")), PathBuf::from)
        .join("tools")
        .join(name);
    let folders = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/bin"), tools.clone()];
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    let mut command = Command::new(found.unwrap_or_else(|| panic!("{name}; scripts/install-deps --servers brings it")));
    command.env("LD_LIBRARY_PATH", tools);
    command
}
