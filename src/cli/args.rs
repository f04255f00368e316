//! The arguments: every subcommand, its options, and what `--help` says of them.
//!
//! Invariant: a key is never an argument, because every user of a machine can read the arguments of its processes.
//! How to get it wrong: an option whose wrong value only the daemon notices. What can be judged here is bad usage (64).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::phone::phone_number;
use crate::domain::{AreaCode, CountryCode, NumberStatus, PhoneNumber, UserId};

const AFTER_HELP: &str = "\
serve reads its secrets from the environment, or from files named by NAME_FILE: DATABASE_URL, TWILIO_ACCOUNT_SID,
TWILIO_AUTH_TOKEN, ADMIN_API_KEY, SIGNUP_API_KEY. PUBLIC_APP_URL is needed, too. Any other key can be given as
CALLBUNKER__SECTION__KEY; `callbunker check-config` tells what is missing, and prints all keys once nothing is.

The commands that call the running daemon need only ADMIN_API_KEY or ADMIN_API_KEY_FILE, and --url or CALLBUNKER_URL
when it is not at http://127.0.0.1:8080.

Exit codes: 0 done, 64 bad usage or configuration, 69 database or daemon unreachable, 1 anything else";

/// Keeps a warm pool of Twilio phone numbers and hands one to each signup in milliseconds.
#[derive(Debug, Parser)]
#[command(name = "callbunker", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// The configuration file [env: CALLBUNKER_CONFIG]
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the daemon: migrate the database, keep the pool, serve HTTP until SIGTERM
    Serve,
    /// Bring the database's schema up to date, then exit
    Migrate,
    /// Read the whole configuration, report all problems at once, print what is in force without its secrets
    CheckConfig,
    /// Show the pool: stock, spend, pause, halt and the last replenishment
    Status(Remote),
    /// Show what would be bought now and why, or what an order by hand would buy; buys nothing
    Plan(PlanArgs),
    /// Buy numbers by hand, and follow the order until it has ended
    Purchase(PurchaseArgs),
    /// Look at the pool at once, and buy what it lacks
    Replenish(Remote),
    /// Set the webhooks on every number that differs, or on the given ones
    ConfigureWebhooks(ConfigureArgs),
    /// Compare the database with Twilio's list of numbers, and mend what may be mended
    Reconcile(ReconcileArgs),
    /// Take a user's number away; it rests before anybody else gets it
    Release(ReleaseArgs),
    /// List the numbers, or look at one and decide about it
    Numbers(NumbersArgs),
    /// Show who did what, from where, with which result
    Audit(AuditArgs),
    /// Take over the numbers and users of the earlier service from a CSV file
    Import(ImportArgs),
    /// Stop all automatic buying, emergencies included, on all instances
    Pause(GateArgs),
    /// Let automatic buying go on, and end a halt
    Resume(GateArgs),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of one command if it is named
    Man {
        /// The command, such as purchase
        command: Option<String>,
    },
}

/// Where the daemon is, and for whom the answer is printed.
#[derive(Debug, Clone, Args)]
pub(super) struct Remote {
    /// Where the daemon is [env: CALLBUNKER_URL] [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// Print the daemon's JSON document instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Plan an order by hand of so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub count: Option<u32>,
    /// The order's area code
    #[arg(long, value_name = "AREA_CODE", requires = "count")]
    pub area_code: Option<AreaCode>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct PurchaseArgs {
    /// How many, 1 to 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100),
          required_unless_present = "follow")]
    pub count: Option<u32>,
    /// Only of this area code (US and CA), unless --fallback
    #[arg(long, value_name = "AREA_CODE")]
    pub area_code: Option<AreaCode>,
    /// The country, two capital letters; the daemon's pool.country unless given
    #[arg(long, value_name = "COUNTRY")]
    pub country: Option<CountryCode>,
    /// Take other area codes when this one has no more
    #[arg(long, requires = "area_code")]
    pub fallback: bool,
    /// Go beyond the spend caps
    #[arg(long)]
    pub override_caps: bool,
    /// Repeat an order whose end is not known: the same key and options never buy twice
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    pub idempotency_key: Option<String>,
    /// Follow an earlier order instead of placing one
    #[arg(long, value_name = "PURCHASE_ID",
          conflicts_with_all = ["count", "area_code", "country", "fallback", "override_caps", "idempotency_key"])]
    pub follow: Option<uuid::Uuid>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct ConfigureArgs {
    /// The numbers; without any, every number that differs
    #[arg(value_name = "NUMBER", value_parser = phone_number)]
    pub numbers: Vec<PhoneNumber>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct ReconcileArgs {
    /// Accept that so many numbers are gone at Twilio, when the daemon asks for a confirmation
    #[arg(long)]
    pub confirm_missing: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The user, as the signup service names them
    #[arg(value_name = "USER_ID")]
    pub user_id: UserId,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct NumbersArgs {
    #[command(subcommand)]
    pub command: Option<NumberCommand>,
    /// Only of this status: available, assigned, quarantined, missing or released
    #[arg(long, value_name = "STATUS")]
    pub status: Option<NumberStatus>,
    /// Only of this area code
    #[arg(long, value_name = "AREA_CODE")]
    pub area_code: Option<AreaCode>,
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(super) enum NumberCommand {
    /// Show a number, its history, and why it can or cannot be assigned
    Show(OneNumber),
    /// Make a number of the Twilio account ours
    Adopt {
        #[command(flatten)]
        one: OneNumber,
        /// Assign it to this user
        #[arg(long, value_name = "USER_ID")]
        user_id: Option<UserId>,
    },
    /// Never adopt a number of the Twilio account
    Ignore(OneNumber),
    /// Give a number back to Twilio, for good; asks first
    ReleaseToTwilio {
        #[command(flatten)]
        one: OneNumber,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct OneNumber {
    /// The number with + and country code, such as +14155550100
    #[arg(value_name = "NUMBER", value_parser = phone_number)]
    pub number: PhoneNumber,
}

impl NumbersArgs {
    /// Whether something was said of a list, which means nothing for one number.
    pub fn narrows_the_list(&self) -> bool {
        self.status.is_some() || self.area_code.is_some() || self.length.limit.is_some() || self.length.all
    }
}

/// How much of a list.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Length {
    /// At most so many lines [default: 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A CSV file with a header: phone_number, user_id, assigned_at (the last two may be empty or missing); - reads
    /// standard input
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Look everything up, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Set our webhooks on numbers that have a user, too
    #[arg(long)]
    pub configure_webhooks: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// Why, for whoever looks at the status or the log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

fn idempotency_key(text: &str) -> Result<String, &'static str> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match (1..=255).contains(&text.len()) && printable {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 255 printable ASCII characters"),
    }
}
