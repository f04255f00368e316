//! What the configuration comes to, in the program's own words: `check-config` and `twilio check`.
//!
//! How to get it wrong: reading the configuration here. What is in force is a matter of the daemon's.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::folder::Folder;
use super::parts::Ended;
use super::parts::screen::say;
use super::settings::Settings;

/// What `[pool]` is called.
const DEFAULT_POOL: &str = "default";
/// Stands for the database that does not run yet.
const NO_DATABASE: &str = "postgres://postgres@127.0.0.1:1/callbunker";

/// The part of the configuration in force that says what may be bought.
#[derive(Deserialize)]
pub struct Policy {
    #[serde(skip)]
    pub account: String,
    pub spend: Spend,
    pool: Pool,
    #[serde(default)]
    pools: BTreeMap<String, Pool>,
}

#[derive(Deserialize)]
pub struct Spend {
    pub purchases_per_hour_max: u32,
    pub purchases_per_day_max: u32,
}

/// How a pool wants to be.
#[derive(Deserialize)]
pub struct Pool {
    threshold_low: u32,
    total_min: u32,
    replenishment_batch_size: u32,
}

impl Pool {
    /// How many may lie in stock by it at most: the last batch begins with one less than is wanted.
    fn keeps(&self) -> u32 {
        match self.threshold_low.max(self.total_min) {
            0 => 0,
            wanted => wanted - 1 + self.replenishment_batch_size,
        }
    }

    /// How many its batches buy until it lacks none, with so many idle and so many that are somebody's.
    pub fn lacks(&self, mut idle: u32, assigned: u32) -> u32 {
        let before = idle;
        while idle < self.threshold_low || idle.saturating_add(assigned) < self.total_min {
            idle = idle.saturating_add(self.replenishment_batch_size.max(1));
        }
        idle - before
    }
}

impl Policy {
    /// Asks `callbunker check-config`, which tells everything that is wrong.
    pub fn ask(settings: &Settings, folder: &Folder) -> Result<Self, Ended> {
        let output = command(settings, folder)
            .args(["check-config", "--offline"])
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", settings.program.display()))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
            return Err(Some(format!("callbunker refuses its configuration.\n{told}")));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let account = text.lines().find_map(|line| line.strip_prefix("# TWILIO_ACCOUNT_SID: "));
        let account = account
            .ok_or_else(|| "`callbunker check-config` names no account; please report it".to_owned())?
            .to_owned();
        let policy: Self =
            toml::from_str(&text).map_err(|error| format!("`check-config` is not understood: {error}"))?;
        Ok(Self { account, ..policy })
    }

    /// How the pool wants to be.
    pub fn of(&self, pool: &str) -> &Pool {
        self.pools.get(pool).unwrap_or(&self.pool)
    }

    /// How many of each pool may lie in stock.
    pub fn keeps(&self) -> BTreeMap<String, u32> {
        let pools = self.pools.iter().map(|(name, pool)| (name.clone(), pool.keeps()));
        pools.chain([(DEFAULT_POOL.to_owned(), self.pool.keeps())]).collect()
    }

    /// No more than this is bought in one go.
    pub fn at_once_max(&self) -> u32 {
        self.spend.purchases_per_hour_max.min(self.spend.purchases_per_day_max)
    }
}

/// Shows what `callbunker twilio check` finds; whether a purchase could succeed.
pub fn twilio_check(settings: &Settings, folder: &Folder) -> Result<bool, Ended> {
    say("\nWhat Twilio says (callbunker twilio check):\n");
    let status = command(settings, folder)
        .args(["twilio", "check"])
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("{} cannot be started: {error}", settings.program.display()))?;
    say("");
    Ok(status.success())
}

fn command(settings: &Settings, folder: &Folder) -> Command {
    let mut command = Command::new(&settings.program);
    command.env_clear().envs(settings.environment(folder, NO_DATABASE));
    command
}
