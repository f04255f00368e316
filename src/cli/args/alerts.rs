//! Options of the commands about alerts.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::shared::Remote;

#[derive(Debug, Args)]
pub(in crate::cli) struct AlertsArgs {
    #[command(subcommand)]
    pub command: Option<AlertCommand>,
    /// Those that are over, too, and all that is kept of them
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AlertCommand {
    /// Send a test on each channel that is configured, and show what each answered; 1 if one of them failed, or none is configured
    Test,
    /// Say that somebody knows of an alert: it is not repeated until it is over or becomes worse
    Acknowledge {
        /// The alert
        #[arg(value_name = "ALERT_ID")]
        id: Uuid,
    },
}
