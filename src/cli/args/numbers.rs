//! Options of the commands about numbers: numbers, import.
//!
//! How to get it wrong: guessing a number that was written without its country code.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::super::phone::any_spelling;
use super::shared::{Length, Remote, country, one_of};
use crate::domain::{AreaCode, CountryCode, NumberStatus, PhoneNumber, PoolName, Reading, UserId, Zone, known_country};

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
    /// All of them as a file that import reads, the oldest first
    #[arg(long, conflicts_with_all = ["json", "ignored", "limit"])]
    pub csv: bool,
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
    /// Keep a number where it is: it is neither recycled nor given back to Twilio
    Protect(OneNumber),
    /// Take that word back
    Unprotect(OneNumber),
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
        self.status.is_some() || self.held || self.ignored || self.csv || of_some || self.length.is_given()
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct InactiveArgs {
    /// For so many days no use is known [default: recycling.inactive_days]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=400))]
    pub days: Option<u16>,
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RecycleArgs {
    /// The numbers, as you have them
    #[arg(required = true, num_args = 1..=1000, value_name = "NUMBER", value_parser = any_spelling)]
    pub numbers: Vec<PhoneNumber>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// A file with a header and a row for each number; - reads standard input
    ///
    /// Columns: phone_number, user_id, assigned_at, pool, in any order and spelling; all but the first may be empty or missing, others are
    /// left out. Commas, semicolons or tabs; UTF-8 or UTF-16, as spreadsheets save it.
    ///
    /// Numbers: with + and country code, with blanks, dots, dashes, brackets; without + by --default-country only.
    ///
    /// Times: 2026-01-31T23:59:59Z, 2026-01-31 23:59, 31.01.2026 23:59, with an offset, or without one by --timezone; as mails have them.
    ///
    /// What a spreadsheet has destroyed (1.41556E+10, 12345.0) is refused. NULL, N/A and the like are no user.
    #[arg(value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Look everything up, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Which heading of the file is which column, such as phone_number=Rufnummer,user_id=Kunde
    #[arg(long, value_name = "NAME=HEADING")]
    pub columns: Vec<String>,
    /// The country of numbers that are written without + and country code, such as US
    #[arg(long, value_name = "COUNTRY", value_parser = numbered_country)]
    pub default_country: Option<CountryCode>,
    /// The zone of times that are written without an offset: an IANA name, or an offset such as +01:00 [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub timezone: Option<Zone>,
    /// Take user ids to the letter: NULL, 12345.0, 1.12E+20 are users
    #[arg(long)]
    pub as_is: bool,
    /// Nobody has these numbers, whatever the columns say that are left out: all become stock
    #[arg(long)]
    pub no_users: bool,
    /// Write the rows that cannot be taken to this file, with a reason each, and move the others in
    ///
    /// Without it a file with such rows changes nothing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub rejected: Option<PathBuf>,
    /// Set our webhooks on numbers that have a user, too
    #[arg(long)]
    pub configure_webhooks: bool,
    /// The pool of the numbers that name none [default: the first of the number's country and type]
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}

impl ImportArgs {
    /// What was said beside the values of the file.
    pub(crate) fn reading(&self) -> Reading {
        Reading { default_country: self.default_country, zone: self.timezone.unwrap_or_default(), as_is: self.as_is }
    }
}

/// A country whose numbers' rules are known.
fn numbered_country(text: &str) -> Result<CountryCode, String> {
    let country = country(text)?;
    let known = known_country(country).then_some(country);
    known.ok_or_else(|| format!("{country} is no country whose numbers are known; write it such as US"))
}
