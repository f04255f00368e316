//! The crate's own source text, for tests that hold lists against it.

mod arrows;
mod crates;
mod house;
mod links;
mod package;
mod released;
mod transitions;

use std::path::{Path, PathBuf};

/// Every Rust file below `src`, with its text.
pub(super) fn rust_files() -> Vec<(PathBuf, String)> {
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// Every Rust file below a folder, with its text.
fn files_below(folder: &Path) -> Vec<(PathBuf, String)> {
    let (mut folders, mut files) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}
