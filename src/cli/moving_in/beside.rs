//! A whole file in its place in one step, beside whoever else writes there.
//!
//! It is copied to one beside its place, `.NAME.part`, which is locked while it is written and renamed then.
//! Invariants: two that write the same file never write the same part; what came to stand there meanwhile is not written over.
//! How to get it wrong: taking a part for what a kill left. It may be somebody's who writes just now, and has the lock.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What tells a file from one that was put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: (u64, u64),
    changed: (i64, i64),
    size: u64,
}

impl Stamp {
    /// Of what stands there; `None` = nothing that is known.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self { inode: (file.dev(), file.ino()), changed: (file.mtime(), file.mtime_nsec()), size: file.len() })
    }
}

/// The folder that a file stands in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name under which a file is copied before it has its own.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut part = std::ffi::OsString::from(".");
    part.push(path.file_name().unwrap_or_default());
    part.push(".part");
    folder(path).join(part)
}

/// Copies a file to where it shall stand, in one step for whoever looks; where that is. `before` stood there when it was begun: if
/// something else does now, the file gets the next name beside it.
pub(super) fn put(mut file: File, part: &Path, path: &Path, before: Option<Stamp>) -> io::Result<PathBuf> {
    let mut written = own_part(part)?;
    file.rewind()?;
    let copied = io::copy(&mut file, &mut written).and_then(|_| written.sync_all());
    let now = Stamp::of(path);
    let place = if now.is_none() || now == before { path.to_owned() } else { next_to(path) };
    let put = copied.and_then(|()| fs::rename(part, &place));
    if put.is_err() {
        // What went wrong first is told.
        let _ = fs::remove_file(part);
    }
    put.map(|()| place)
}

/// `rest-2.csv` beside `rest.csv`, or the first one after it that is free.
fn next_to(path: &Path) -> PathBuf {
    let named = |no: u32| {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{no}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        folder(path).join(name)
    };
    let mut names = (2..).map(named);
    // Proof: no folder holds four billion files.
    names.find(|name| fs::symlink_metadata(name).is_err()).expect("a free name")
}

/// The part, made anew, so that it is nobody's link to elsewhere, and locked.
fn own_part(part: &Path) -> io::Result<File> {
    loop {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(part) {
            Ok(file) => {
                lock(&file);
                // Somebody may have taken it for a leftover in the moment before that.
                if is_at(&file, part) {
                    return Ok(file);
                }
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => remove_leftover(part)?,
            Err(error) => return Err(error),
        }
    }
}

/// Takes away what a kill left, once nobody writes there any more.
pub(super) fn remove_leftover(part: &Path) -> io::Result<()> {
    let is_file = fs::symlink_metadata(part).is_ok_and(|there| there.is_file());
    // Until the end of this, so that nobody's who comes meanwhile is taken away.
    let locked = File::open(part).ok().filter(|_| is_file).inspect(lock);
    if locked.as_ref().is_some_and(|file| !is_at(file, part)) {
        // It has its own name now.
        return Ok(());
    }
    match fs::remove_file(part) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Waits for whoever has it. A file system without locks is one on which nobody else writes.
fn lock(file: &File) {
    let _ = file.lock();
}

/// Whether the name is that file's.
fn is_at(file: &File, path: &Path) -> bool {
    let inode = |file: fs::Metadata| (file.dev(), file.ino());
    let (mine, there) = (file.metadata().map(inode), fs::symlink_metadata(path).map(inode));
    mine.is_ok_and(|mine| there.is_ok_and(|there| mine == there))
}
