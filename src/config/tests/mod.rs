//! The rules of the configuration, one table of cases each.

mod alerts;
mod attachments;
mod default_file;
mod foresight;
mod layers;
mod outbound;
mod recycling;
mod reload;
mod rules;
mod secrets;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Config, Problems, Sources};

/// Every secret of a [`World`], so that a test can look for them in what is printed.
pub(super) const DATABASE_PASSWORD: &str = "hunter2-database";
pub(super) const TOKEN: &str = "fedcba9876543210fedcba9876543210";
pub(super) const ADMIN_KEY: &str = "admin-4f1c9b7e2d6a8035";
pub(super) const SIGNUP_KEY: &str = "signup-93ae57c1d20b6f48";
pub(super) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// Sources that are complete and sound, and a folder for files.
pub(super) struct World {
    pub sources: Sources,
    folder: PathBuf,
}

impl World {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("callbunker-config-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let env = [
            ("DATABASE_URL", format!("postgresql://app:{DATABASE_PASSWORD}@a,b/db?target_session_attrs=read-write")),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
            ("ADMIN_API_KEY", ADMIN_KEY.to_owned()),
            ("SIGNUP_API_KEY", SIGNUP_KEY.to_owned()),
            ("PUBLIC_APP_URL", "https://app.example.com".to_owned()),
            ("PATH", "/usr/bin".to_owned()),
        ];
        let env: BTreeMap<String, String> = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { sources: Sources { file: None, env }, folder }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.sources.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.sources.env.remove(name);
        self
    }

    /// Writes a file and gives its path.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Writes the TOML file.
    pub(super) fn toml(mut self, text: &str) -> Self {
        self.sources.file = Some(self.file("callbunker.toml", text).into());
        self
    }

    pub(super) fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    pub(super) fn load(&self) -> Result<Config, Problems> {
        Config::load(&self.sources)
    }

    /// The problems as an operator sees them, one string each; checks that none holds a secret.
    pub(super) fn problems(&self) -> Vec<String> {
        let problems = self.load().expect_err("there should be problems");
        assert_no_secret(&problems.to_string());
        assert_no_secret(&format!("{problems:?}"));
        problems.0.iter().map(ToString::to_string).collect()
    }

    /// The one problem there is.
    pub(super) fn problem(&self) -> String {
        let problems = self.problems();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        problems.into_iter().next().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn assert_no_secret(text: &str) {
    for secret in [DATABASE_PASSWORD, TOKEN, ADMIN_KEY, SIGNUP_KEY] {
        assert!(!text.contains(secret), "a secret in: {text}");
    }
}

/// `text` holds each of `parts`.
pub(super) fn assert_holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}
