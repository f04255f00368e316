//! Options of the commands that talk to Twilio themselves.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct TwilioArgs {
    #[command(subcommand)]
    pub command: TwilioCommand,
}

impl TwilioArgs {
    /// Whether it may print JSON instead of a table.
    pub(in crate::cli) fn prints_json(&self) -> bool {
        matches!(self.command, TwilioCommand::Check { .. })
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TwilioCommand {
    /// Look whether buying could succeed with this configuration: credentials, account, balance, and what each pool needs;
    /// needs no daemon and no database, buys and changes nothing
    Check {
        /// Print the result as JSON instead of a table
        #[arg(short, long)]
        json: bool,
    },
    /// Have Twilio send what it says of numbers to events.public_url: the sink, its subscription, and its types; again and again
    /// with the same result. Needs no daemon and no database
    SetupEvents,
}
