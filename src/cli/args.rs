//! The arguments: every subcommand, its options, and what `--help` says of them.
//!
//! Invariant: a key is never an argument, because every user of a machine can read the arguments of its processes.
//! How to get it wrong: an option whose wrong value only the daemon notices. What can be judged here is bad usage (64).

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod alerts;
mod foresight;
mod money;
mod numbers;
mod pool;
mod shared;
mod twilio;
mod users;

pub(super) use alerts::{AlertCommand, AlertsArgs};
pub(super) use foresight::{AdviceArgs, WhatIfArgs};
pub(super) use money::CostArgs;
pub(super) use numbers::{ImportArgs, InactiveArgs, NumberCommand, NumbersArgs, RecycleArgs};
pub(super) use pool::{
    ConfigureArgs, OrderCommand, OrdersArgs, PauseArgs, PlanArgs, PurchaseArgs, ReconcileArgs, ReplenishArgs,
    ResumeArgs, StatusArgs,
};
pub(super) use shared::{Color, Length, ListArgs, PoolListArgs, Remote};
pub(super) use twilio::{TwilioArgs, TwilioCommand};
pub(super) use users::{AssignArgs, ReleaseArgs, UserCommand, UsersArgs};

use crate::domain::VERSION;

const AFTER_HELP: &str = "\
serve reads its secrets from the environment, or from files named by NAME_FILE: DATABASE_URL, TWILIO_ACCOUNT_SID, \
TWILIO_AUTH_TOKEN, ADMIN_API_KEY, READONLY_API_KEY, SIGNUP_API_KEY. PUBLIC_APP_URL is needed, too. Any other key can be given as \
CALLBUNKER__SECTION__KEY, or in the file that --config or CALLBUNKER_CONFIG names; `callbunker check-config` tells what is \
missing, and prints all keys once nothing is.

twilio check and twilio setup-events need what serve needs of Twilio and of the configuration, and neither a database nor keys.

The commands that call the running daemon need only ADMIN_API_KEY or ADMIN_API_KEY_FILE, and --url or CALLBUNKER_URL \
when it is not at http://127.0.0.1:8080.

Exit codes: 0 done, 64 bad usage or configuration, 69 database, daemon or Twilio unreachable, 1 anything else";

/// Keeps a warm pool of Twilio phone numbers and hands one to each signup in milliseconds.
#[derive(Debug, Parser)]
#[command(name = "callbunker", version = VERSION, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// The configuration file [env: CALLBUNKER_CONFIG]
    // Scripts give it everywhere; it is shown where it is read, see `command`.
    #[arg(long, global = true, hide = true, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
    /// Colour what is bad; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, hide_default_value = true)]
    pub(super) color: Color,
    // Of the commands that call the daemon, which show them; given before the command, they are theirs, too.
    #[arg(short, long, global = true, hide = true, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub(super) url: Option<String>,
    #[arg(short, long, global = true, hide = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Cli {
    /// An option that was given to a command that has no use for it.
    pub(super) fn out_of_place(&self) -> Option<&'static str> {
        let is_local = matches!(
            self.command,
            Command::Serve
                | Command::Migrate
                | Command::CheckConfig { .. }
                | Command::Openapi
                | Command::Completions { .. }
                | Command::Man { .. }
        );
        let is_of_twilio = matches!(self.command, Command::Twilio(_));
        let prints_no_json = matches!(&self.command, Command::Twilio(args) if !args.prints_json());
        if self.url.is_some() && (is_local || is_of_twilio) {
            Some("--url")
        } else if self.json && (is_local || prints_no_json) {
            Some("--json")
        } else {
            None
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the daemon: migrate the database, keep the pool, serve HTTP until SIGTERM
    Serve,
    /// Bring the database's schema up to date, then exit
    Migrate,
    /// Read the whole configuration, report all problems at once, print what is in force without its secrets
    CheckConfig {
        /// Do not connect to the database
        #[arg(long)]
        offline: bool,
    },
    /// Show what needs a person, and the pools together: stock, spend, pause, halt and the last replenishment
    Status(StatusArgs),
    /// Show each pool: what it holds, its stock, who waits, what was bought today, the price, and what it lacks
    Pools(Remote),
    /// Show what would be bought now and why, or what an order by hand would buy; buys nothing
    Plan(PlanArgs),
    /// Show what threshold keeps all but a share of signups from waiting, by the pool's own past, and what it costs
    Advice(AdviceArgs),
    /// Show what the pool's past would have met if it were run otherwise
    WhatIf(WhatIfArgs),
    /// Buy numbers by hand, and follow the order until it has ended
    Purchase(PurchaseArgs),
    /// Look at the pools at once, and buy what they lack
    Replenish(ReplenishArgs),
    /// Set the webhooks on every number that differs, or on the given ones
    ConfigureWebhooks(ConfigureArgs),
    /// Compare the database with Twilio's list of numbers, and mend what may be mended
    Reconcile(ReconcileArgs),
    /// Show the orders, newest first, or one of them
    Orders(OrdersArgs),
    /// Give a user a number, as a signup does; the one that they have, if they have one
    Assign(AssignArgs),
    /// Take a user's number away; it rests before anybody else gets it
    Release(ReleaseArgs),
    /// Show which number a user has, and which they had
    Users(UsersArgs),
    /// Show who has which number since when, newest first, ended ones too
    Assignments(PoolListArgs),
    /// List the numbers, or look at one and decide about it
    Numbers(NumbersArgs),
    /// List the numbers of users of which no use is known for some days
    Inactive(InactiveArgs),
    /// Tell the application that numbers are not used, and take them when there was time to answer
    Recycle(RecycleArgs),
    /// Show what each check of a pool did and why, newest first
    #[command(name = "checks", visible_alias = "passes")]
    Passes(PoolListArgs),
    /// Show what is wrong and who was told of it; test the channels, or say that somebody knows
    Alerts(AlertsArgs),
    /// Show what the numbers cost in a month, what comes next, what could be saved, and Twilio's own count beside it
    Cost(CostArgs),
    /// Show who did what, from where, with which result
    Audit(ListArgs),
    /// Take over the numbers and users of the earlier service from a CSV file
    Import(ImportArgs),
    /// Look at Twilio, or have it send its events, without a daemon
    Twilio(TwilioArgs),
    /// Stop all automatic buying, emergencies included, on all instances
    Pause(PauseArgs),
    /// Let automatic buying go on, and end a halt
    Resume(ResumeArgs),
    /// Show whose key this is, and what it may do
    Whoami(Remote),
    /// Print the OpenAPI description of the HTTP API; needs no daemon
    Openapi,
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of one command if it is named
    Man {
        /// The command, such as purchase, or numbers show
        command: Vec<String>,
    },
}
