//! Options of the commands about users: assign, release, users.
//!
//! How to get it wrong: taking a number for a user. A user is whatever the signup service calls them.

use clap::{Args, Subcommand};

use super::super::phone::any_spelling;
use super::shared::{Remote, country};
use crate::domain::{AreaCode, CountryCode, PhoneNumber, PoolName, UserId};

#[derive(Debug, Args)]
pub(in crate::cli) struct AssignArgs {
    /// The user, as the signup service names them
    #[arg(value_name = "USER_ID")]
    pub user_id: UserId,
    /// Of this area code, if there is one
    #[arg(short, long, value_name = "AREA_CODE")]
    pub area_code: Option<AreaCode>,
    /// Only of this country, two letters
    #[arg(long, value_name = "COUNTRY", value_parser = country)]
    pub country: Option<CountryCode>,
    /// From this pool and no other
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    /// The user's own number, with + and country code: its country and area code, if there is one
    #[arg(long, value_name = "NUMBER", value_parser = any_spelling)]
    pub near: Option<PhoneNumber>,
    /// Of this area code, or none at all
    #[arg(long, requires = "area_code")]
    pub strict: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReleaseArgs {
    /// The user, as the signup service names them
    #[arg(value_name = "USER_ID")]
    pub user_id: UserId,
    /// Do not ask; without a terminal nobody is asked
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct UsersArgs {
    #[command(subcommand)]
    pub command: UserCommand,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// Show which number a user has, and which they had
    Show {
        /// The user, as the signup service names them
        #[arg(value_name = "USER_ID")]
        user_id: UserId,
    },
}
