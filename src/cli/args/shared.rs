//! What many commands take: where the daemon is, and how much of a list.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};

use crate::domain::{CountryCode, PoolName};

/// When there is colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// The values of an enum of the domain, so that a shell completes them.
///
/// # Panics
/// Never: only what `all` holds is parsed.
pub(in crate::cli) fn one_of<T>(all: &'static [T], word: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.iter().map(|value| word(*value))).map(move |text| {
        // Proof: the parser took it, so it is one of them.
        *all.iter().find(|value| word(**value) == text).expect("one of the possible values")
    })
}

/// A country as people write it, `us` too.
pub(in crate::cli) fn country(text: &str) -> Result<CountryCode, &'static str> {
    text.trim().to_ascii_uppercase().parse().map_err(|_| "must be a country code of two letters, such as US")
}

/// Where the daemon is, and for whom the answer is printed.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Remote {
    /// Where the daemon is [env: CALLBUNKER_URL] [default: http://127.0.0.1:8080]
    #[arg(short, long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub url: Option<String>,
    /// Print the daemon's JSON document instead of a table, also when it refuses
    #[arg(short, long, global = true)]
    pub json: bool,
}

/// How much of a list.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct Length {
    /// At most so many lines [default: 50]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

impl Length {
    pub(in crate::cli) fn is_given(self) -> bool {
        self.limit.is_some() || self.all
    }
}

/// A list that may be of one pool alone.
#[derive(Debug, Args)]
pub(in crate::cli) struct PoolListArgs {
    /// Only of this pool
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    pub length: Length,
    #[command(flatten)]
    pub remote: Remote,
}
