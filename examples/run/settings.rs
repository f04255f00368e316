//! Arguments and environment: `--yes`, `RUN_LISTEN`, `RUN_DIR`, and what the daemon is told.
//!
//! Invariants: the daemon gets the caller's own variables (the account, `PUBLIC_APP_URL`, any `CALLBUNKER__…`) but for
//! those that this program has its own of; what is missing of the account is told at once, before anything is made.
//! How to get it wrong: a folder under `target/` for the data. `cargo clean` would take away the ledger of a real account.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use nix::unistd::Uid;

use super::folder::Folder;
use super::parts::Ended;
use super::parts::place::{listen, program, text};

/// What the daemon is given here, whatever the caller's environment says.
const OWN: [&str; 6] = [
    "DATABASE_URL",
    "ADMIN_API_KEY",
    "READONLY_API_KEY",
    "SIGNUP_API_KEY",
    "CALLBUNKER_CONFIG",
    "CALLBUNKER__HTTP__LISTEN",
];
/// Of whoever started this program, and about nobody below it.
const NOT_PASSED_ON: [&str; 5] =
    ["CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "CALLBUNKER_URL"];

/// The first day with an account of one's own: PostgreSQL and callbunker, until Ctrl-C; the data stay
#[derive(Parser)]
#[command(name = "run")]
struct Arguments {
    /// Agrees to the first purchase without being asked
    #[arg(long)]
    yes: bool,
}

/// How it is to run.
pub struct Settings {
    /// Where the daemon listens; port 0 = any.
    pub listen: SocketAddr,
    /// Where everything lives, and stays.
    pub dir: PathBuf,
    /// The daemon.
    pub program: PathBuf,
    /// Whether the first purchase is agreed to.
    pub yes: bool,
    passed_on: Vec<(String, String)>,
    /// Variables that are set and of no use here.
    pub ignored: Vec<&'static str>,
}

impl Settings {
    pub fn read() -> Result<Self, Ended> {
        let Arguments { yes } = Arguments::parse();
        missing()?;
        let listen = listen("RUN_LISTEN", "run")?;
        let dir = dir()?;
        let dir = std::path::absolute(&dir).map_err(|error| format!("{} is no path: {error}", dir.display()))?;
        let given =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let is_ours = |name: &str| OWN.iter().any(|own| name.strip_suffix("_FILE").unwrap_or(name) == *own);
        let (own_set, passed_on): (Vec<_>, Vec<_>) =
            given.filter(|(name, _)| !NOT_PASSED_ON.contains(&name.as_str())).partition(|(name, _)| is_ours(name));
        let is_set = |own: &&str| own_set.iter().any(|(name, _)| name.strip_suffix("_FILE").unwrap_or(name) == *own);
        let ignored = OWN.into_iter().filter(is_set).collect();
        Ok(Self { listen, dir, program: program("run")?, yes, passed_on, ignored })
    }
    /// Everything that the daemon is told, but for where it listens.
    pub fn environment(&self, folder: &Folder, database_url: &str) -> Vec<(String, String)> {
        let (kept, mut environment) = (folder.kept(), self.passed_on.clone());
        let configuration = folder.configuration().display().to_string();
        for (name, value) in [
            ("DATABASE_URL", database_url),
            ("ADMIN_API_KEY", &kept.admin_key),
            ("SIGNUP_API_KEY", &kept.signup_key),
            ("CALLBUNKER_CONFIG", &configuration),
        ] {
            set(&mut environment, name, value);
        }
        if !environment.iter().any(|(name, _)| name == "CALLBUNKER__LOG__FORMAT") {
            set(&mut environment, "CALLBUNKER__LOG__FORMAT", "text");
        }
        environment
    }
}

/// Sets a variable, in place of what it was.
pub fn set(environment: &mut Vec<(String, String)>, name: &str, value: &str) {
    environment.retain(|(other, _)| other != name);
    environment.push((name.to_owned(), value.to_owned()));
}

/// Tells what of the account is not given. Whether it is right, Twilio says.
fn missing() -> Result<(), Ended> {
    let given = |name: &str| text(name).or_else(|| text(&format!("{name}_FILE"))).is_some();
    let mut lines = Vec::new();
    if !given("TWILIO_ACCOUNT_SID") {
        lines.push("TWILIO_ACCOUNT_SID: AC and 32 digits, on the first page of Twilio's console");
    }
    if !given("TWILIO_AUTH_TOKEN") && !given("TWILIO_API_KEY_SID") {
        lines.push("TWILIO_AUTH_TOKEN: beside it (or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET)");
    }
    if !given("PUBLIC_APP_URL") {
        lines.push(
            "PUBLIC_APP_URL: the https origin of the application that answers calls, such as https://app.example.com",
        );
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(Some(format!("not set yet; docs/first-day.md says more:\n  {}", lines.join("\n  "))))
}

/// `RUN_DIR`, else where data of programs are kept: of this user, or of the machine for root.
fn dir() -> Result<PathBuf, Ended> {
    if let Some(dir) = text("RUN_DIR") {
        return Ok(dir.into());
    }
    if Uid::effective().is_root() {
        // PostgreSQL runs as another user, who cannot enter root's home.
        return Ok("/var/lib/callbunker".into());
    }
    let data = text("XDG_DATA_HOME").or_else(|| Some(format!("{}/.local/share", text("HOME")?)));
    let data = data.ok_or_else(|| {
        "there is no HOME to keep the data in; name a folder: RUN_DIR=/srv/callbunker make run".to_owned()
    })?;
    Ok(PathBuf::from(data).join("callbunker"))
}
