//! Options of the commands about numbers: numbers, import.
//!
//! How to get it wrong: guessing a number that was written without its country code.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::super::phone::any_spelling;
use super::shared::{Length, Remote, one_of};
use crate::domain::{AreaCode, NumberStatus, PhoneNumber, PoolName, UserId};

#[derive(Debug, Args)]
pub(in crate::cli) struct NumbersArgs {
    #[command(subcommand)]
    pub command: Option<NumberCommand>,
    /// Only of this status; without it, all but the released ones
    #[arg(short, long, value_name = "STATUS", conflicts_with_all = ["held", "ignored"], value_parser = one_of(NumberStatus::ALL, NumberStatus::as_str))]
    pub status: Option<NumberStatus>,
    /// Only those on hold, which wait for an operator's decision
    #[arg(long, conflicts_with = "ignored")]
    pub held: bool,
    /// Instead of the pool's, the numbers of the account that comparisons do not name
    #[arg(long, conflicts_with = "area_code")]
    pub ignored: bool,
    /// Only of this area code
    #[arg(short, long, value_name = "AREA_CODE")]
    pub area_code: Option<AreaCode>,
    /// Only of this pool
    #[arg(long, conflicts_with = "ignored", value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum NumberCommand {
    /// Show a number, its history, and why it can or cannot be assigned
    Show(OneNumber),
    /// Make a number of the Twilio account ours
    Adopt {
        #[command(flatten)]
        one: OneNumber,
        /// Assign it to this user
        #[arg(long, visible_alias = "user", value_name = "USER_ID")]
        user_id: Option<UserId>,
        /// Into this pool [default: the first of the number's country and type]
        #[arg(long, value_name = "POOL")]
        pool: Option<PoolName>,
    },
    /// Move a number of ours into another pool; whoever has it keeps it
    Move {
        #[command(flatten)]
        one: OneNumber,
        /// The pool that it shall be of
        #[arg(value_name = "POOL")]
        pool: PoolName,
    },
    /// Say that the carriers know a number, when Twilio's console shows so and its event was lost
    MarkReady(OneNumber),
    /// Never adopt a number of the Twilio account
    Ignore(OneNumber),
    /// Have comparisons name a number again that was ignored
    Unignore(OneNumber),
    /// Give a number back to Twilio, for good; asks first
    ReleaseToTwilio {
        #[command(flatten)]
        one: OneNumber,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OneNumber {
    /// The number as you have it, such as +14155550100 or "(415) 555-0100"; without + it is one of the US or Canada
    #[arg(value_name = "NUMBER", value_parser = any_spelling)]
    pub number: PhoneNumber,
}

impl NumbersArgs {
    /// Whether something was said of a list, which means nothing for one number.
    pub(crate) fn narrows_the_list(&self) -> bool {
        let of_some = self.area_code.is_some() || self.pool.is_some();
        self.status.is_some() || self.held || self.ignored || of_some || self.length.is_given()
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// A CSV file with a header: phone_number, user_id, assigned_at, pool (all but the first may be empty or missing); - reads
    /// standard input
    #[arg(value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Look everything up, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Set our webhooks on numbers that have a user, too
    #[arg(long)]
    pub configure_webhooks: bool,
    /// The pool of the numbers that name none [default: the first of the number's country and type]
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}
