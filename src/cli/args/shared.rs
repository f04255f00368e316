//! What many commands take: where the daemon is, and how much of a list.

use clap::Args;

/// Where the daemon is, and for whom the answer is printed.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Remote {
    /// Where the daemon is [env: CALLBUNKER_URL] [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// Print the daemon's JSON document instead of a table, also when it refuses
    #[arg(long, global = true)]
    pub json: bool,
}

/// How much of a list.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct Length {
    /// At most so many lines [default: 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}
