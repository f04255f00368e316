//! Files that hold keys, and the keys that are made up.
//!
//! How to get it wrong: writing into a file that is there. It has its reader's permissions, and may be open.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use uuid::Uuid;

use super::Ended;

/// 32 hexadecimal digits, 122 bits of them random.
pub fn random() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Writes a file anew that nobody else may read.
pub fn write(path: &Path, text: &str) -> Result<(), Ended> {
    let cannot = |error| format!("{} cannot be written: {error}", path.display());
    if let Err(error) = fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(Some(cannot(error)));
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(cannot)?;
    Ok(file.write_all(text.as_bytes()).map_err(cannot)?)
}
