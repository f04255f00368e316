//! Options of the commands about money.

use clap::Args;

use super::shared::Remote;
use crate::domain::PoolName;
use crate::domain::money::Month;

#[derive(Debug, Args)]
pub(in crate::cli) struct CostArgs {
    /// Which month, such as 2026-10 [default: this one]
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<Month>,
    /// Only of this pool
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    /// The charges that the sums add up, one a line, as CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    #[command(flatten)]
    pub remote: Remote,
}
