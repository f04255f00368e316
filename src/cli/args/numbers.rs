//! Options of the commands about numbers and users: numbers, release, import.
//!
//! How to get it wrong: guessing a number that was written without its country code.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::phone::phone_number;
use super::shared::{Length, Remote};
use crate::domain::{AreaCode, NumberStatus, PhoneNumber, UserId};

#[derive(Debug, Args)]
pub(in crate::cli) struct ReleaseArgs {
    /// The user, as the signup service names them
    #[arg(value_name = "USER_ID")]
    pub user_id: UserId,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NumbersArgs {
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
pub(in crate::cli) enum NumberCommand {
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
pub(in crate::cli) struct OneNumber {
    /// The number with + and country code, such as +14155550100
    #[arg(value_name = "NUMBER", value_parser = phone_number)]
    pub number: PhoneNumber,
}

impl NumbersArgs {
    /// Whether something was said of a list, which means nothing for one number.
    pub(crate) fn narrows_the_list(&self) -> bool {
        self.status.is_some() || self.area_code.is_some() || self.length.limit.is_some() || self.length.all
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
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
