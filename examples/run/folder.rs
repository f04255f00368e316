//! The folder that stays: PostgreSQL's data, the keys, the configuration, the log, and `env` to source.
//!
//! Invariants: what is there stays there, whatever a later start says; the data belong to one Twilio account, and another
//! one is refused, since its numbers would be looked for where they are not.
//! How to get it wrong: writing the configuration again. Whoever has it may have changed it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::parts::Ended;
use super::parts::private::{random, write};

const KEPT: &str = "run.json";
const CONFIGURATION: &str = "callbunker.toml";

/// Small enough for a trial account and for a first look at what it costs.
const SMALL: &str = r#"# The configuration of `make run`: small, for a first day. Every other key, and what these mean: config/default.toml.
# A change takes effect when `make run` is started again.

[pool]
# One number is in stock, and the next one is bought when somebody has it.
threshold_low = 1
replenishment_batch_size = 1
total_min = 0

[spend]
# No more than this is bought by itself, whoever signs up.
purchases_per_hour_max = 10
purchases_per_day_max = 10
"#;

/// What belongs to the data.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    pub account_sid: String,
    pub admin_key: String,
    pub signup_key: String,
    pub database_password: String,
    /// Whether somebody has agreed to what the first purchase costs.
    pub agreed: bool,
    /// How many of each pool may lie in stock by that.
    #[serde(default)]
    agreed_to: BTreeMap<String, u32>,
}

/// The folder.
pub struct Folder {
    root: PathBuf,
    is_old: bool,
    kept: Kept,
}

impl Folder {
    pub fn open(root: &Path) -> Result<Self, Ended> {
        let root = root.to_path_buf();
        let file = root.join(KEPT);
        let (is_old, kept) = match fs::read_to_string(&file) {
            Ok(text) => {
                let damaged =
                    |error| format!("{} is damaged ({error}); put back what it was, from a backup", file.display());
                (true, serde_json::from_str(&text).map_err(damaged)?)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (false, Kept::new()),
            Err(error) => return Err(Some(format!("{} cannot be read: {error}", file.display()))),
        };
        let folder = Self { root, is_old, kept };
        let cannot = |error| {
            format!("{} cannot be used ({error}); name another folder: RUN_DIR=/srv/callbunker", folder.root.display())
        };
        if !is_old && folder.postgres().exists() {
            return Err(Some(format!(
                "{} holds a database without the keys to it ({KEPT} is missing); name another folder with RUN_DIR",
                folder.root.display()
            )));
        }
        fs::create_dir_all(&folder.root).map_err(cannot)?;
        if !folder.configuration().exists() {
            fs::write(folder.configuration(), SMALL).map_err(cannot)?;
        }
        Ok(folder)
    }

    /// From now on these data are this account's.
    pub fn claim(&mut self, account_sid: &str) -> Result<(), Ended> {
        if self.is_old && self.kept.account_sid != account_sid {
            return Err(Some(format!(
                "the data in {} belong to the account {}, and TWILIO_ACCOUNT_SID is {account_sid}; give that account, or \
                 name another folder with RUN_DIR",
                self.root.display(),
                self.kept.account_sid
            )));
        }
        if self.is_old {
            return Ok(());
        }
        account_sid.clone_into(&mut self.kept.account_sid);
        self.write_kept()
    }

    /// Somebody has seen what it costs, and has agreed to keep so many of each pool in stock.
    pub fn agree(&mut self, keeps: BTreeMap<String, u32>) -> Result<(), Ended> {
        (self.kept.agreed, self.kept.agreed_to) = (true, keeps);
        self.write_kept()
    }

    /// The pools of which more is kept in stock than was agreed to, each with how many were and are. Whoever agreed before this was
    /// written down agreed to what there is.
    pub fn beyond(&self, keeps: &BTreeMap<String, u32>) -> Vec<(String, u32, u32)> {
        let agreed = &self.kept.agreed_to;
        let more = keeps.iter().map(|(pool, now)| (pool.clone(), agreed.get(pool).copied().unwrap_or_default(), *now));
        if agreed.is_empty() { Vec::new() } else { more.filter(|(_, before, now)| now > before).collect() }
    }

    fn write_kept(&self) -> Result<(), Ended> {
        let text = serde_json::to_string_pretty(&self.kept).map_err(|error| error.to_string())?;
        // Beside it first: half a file would be a database without its keys.
        let (file, new) = (self.root.join(KEPT), self.root.join("run.json.new"));
        write(&new, &text)?;
        Ok(fs::rename(&new, &file).map_err(|error| format!("{} cannot be written: {error}", file.display()))?)
    }

    /// Writes the file to source, anew: another start may listen elsewhere.
    pub fn write_environment(&self, text: &str) -> Result<(), Ended> {
        write(&self.environment(), text)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    pub fn log(&self) -> PathBuf {
        self.root.join("daemon.log")
    }

    pub fn configuration(&self) -> PathBuf {
        self.root.join(CONFIGURATION)
    }

    pub fn environment(&self) -> PathBuf {
        self.root.join("env")
    }

    /// Whether an earlier day left these data.
    pub fn is_old(&self) -> bool {
        self.is_old
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }
}

impl Kept {
    fn new() -> Self {
        Self {
            account_sid: String::new(),
            admin_key: format!("admin-{}", random()),
            signup_key: format!("signup-{}", random()),
            database_password: random(),
            agreed: false,
            agreed_to: BTreeMap::new(),
        }
    }
}
