//! Options of the commands about the pools as a whole: status, plan, purchase, replenish, orders, configure-webhooks, reconcile, pause,
//! resume.
//!
//! How to get it wrong: a limit that is not the daemon's; a good order would be called bad usage here.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::super::phone::any_spelling;
use super::shared::{Length, Remote, country, one_of};
use crate::domain::{AreaCode, CountryCode, OrderState, PhoneNumber, PoolName};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// For monitoring: tell only what needs a person, and end with 0 when that is nothing critical and no warning, with 1 when
    /// it is, with 69 when the daemon or its database is away
    #[arg(long, conflicts_with = "watch")]
    pub check: bool,
    /// Look again every 5 seconds until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// The status of this pool alone
    #[arg(long, conflicts_with = "check", value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    /// Plan an order by hand of so many
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub count: Option<u32>,
    /// The order's area code
    #[arg(short, long, value_name = "AREA_CODE", requires = "count")]
    pub area_code: Option<AreaCode>,
    /// The order's country, two letters; the pool's unless given
    #[arg(long, value_name = "COUNTRY", requires = "count", value_parser = country)]
    pub country: Option<CountryCode>,
    /// Only of this pool; of an order by hand, the pool that it is for
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PurchaseArgs {
    /// How many, 1 to 100
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100),
          required_unless_present_any = ["follow", "cancel"])]
    pub count: Option<u32>,
    /// Only of this area code (US and CA), unless --fallback
    #[arg(short, long, value_name = "AREA_CODE")]
    pub area_code: Option<AreaCode>,
    /// The country, two letters; the pool's unless given
    #[arg(long, value_name = "COUNTRY", value_parser = country)]
    pub country: Option<CountryCode>,
    /// For this pool; without it, for that of the country or the area code, else for default
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    /// Take other area codes when this one has no more
    #[arg(long, requires = "area_code")]
    pub fallback: bool,
    /// Go beyond the spend caps
    #[arg(long)]
    pub override_caps: bool,
    /// Repeat an order whose end is not known: the same key and options never buy twice
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    pub idempotency_key: Option<String>,
    /// Do not ask; without a terminal nobody is asked
    #[arg(short, long)]
    pub yes: bool,
    /// Follow an earlier order instead of placing one
    #[arg(short, long, value_name = "PURCHASE_ID", value_parser = purchase_id,
          conflicts_with_all = ["count", "area_code", "country", "pool", "fallback", "override_caps", "idempotency_key"])]
    pub follow: Option<Uuid>,
    /// End an earlier order: what Twilio has not been asked for is not bought
    #[arg(long, value_name = "PURCHASE_ID", value_parser = purchase_id,
          conflicts_with_all = ["count", "area_code", "country", "pool", "fallback", "override_caps", "idempotency_key", "follow"])]
    pub cancel: Option<Uuid>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplenishArgs {
    /// Only this pool
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OrdersArgs {
    #[command(subcommand)]
    pub command: Option<OrderCommand>,
    /// Only in this state
    #[arg(short, long, value_name = "STATE", value_parser = one_of(OrderState::ALL, OrderState::as_str))]
    pub state: Option<OrderState>,
    /// Only of this pool
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum OrderCommand {
    /// Show an order: what it bought, what it did not get, and why
    Show {
        /// The order
        #[arg(value_name = "PURCHASE_ID", value_parser = purchase_id)]
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigureArgs {
    /// The numbers; without any, every number that differs
    #[arg(value_name = "NUMBER", value_parser = any_spelling)]
    pub numbers: Vec<PhoneNumber>,
    /// Only of this pool
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReconcileArgs {
    /// Accept that so many numbers are gone at Twilio, when the daemon asks for a confirmation
    #[arg(long)]
    pub confirm_missing: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PauseArgs {
    /// Why, for whoever looks at the status or the log
    #[arg(short, long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ResumeArgs {
    /// End what halts this pool alone, and nothing else
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub pause: PauseArgs,
}

fn purchase_id(text: &str) -> Result<Uuid, &'static str> {
    text.trim().parse().map_err(|_| "is no purchase id; `callbunker orders` prints them, and the dashboard lists them")
}

fn idempotency_key(text: &str) -> Result<String, &'static str> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match (1..=255).contains(&text.len()) && printable {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 255 printable ASCII characters"),
    }
}
