//! What a configuration is read from. The environment is an argument; only `main` reads the process's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a configuration is read from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The TOML file of `--config`; without it, the one that `CALLBUNKER_CONFIG` names.
    pub file: Option<PathBuf>,
    /// The environment.
    pub env: BTreeMap<String, String>,
}

impl Sources {
    /// The most bytes read of any file.
    pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024;

    /// From the process's environment: `Sources::new(args.config, std::env::vars_os())`. What is not UTF-8 keeps a
    /// replacement character, which secrets refuse.
    pub fn new(file: Option<PathBuf>, env: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |os: OsString| os.to_string_lossy().into_owned();
        Self { file, env: env.into_iter().map(|(name, value)| (text(name), text(value))).collect() }
    }

    /// The TOML file, if there is one.
    #[must_use]
    pub fn config_path(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| self.variable("CALLBUNKER_CONFIG").map(PathBuf::from))
    }

    /// A variable of the environment; an empty one counts as missing.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }
}

impl std::fmt::Debug for Sources {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("file", &self.file).field("env", &self.env.keys().collect::<Vec<_>>()).finish()
    }
}

/// Reads a text file of bounded size.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(Sources::FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > Sources::FILE_BYTES_MAX {
        return Err(io::Error::other("is larger than 1 MiB"));
    }
    Ok(text)
}
