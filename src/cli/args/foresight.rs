//! Options of the commands about what a pool needs: advice, what-if.
//!
//! How to get it wrong: a range that is not the daemon's; a good question would be called bad usage here.

use clap::Args;

use super::shared::Remote;
use crate::domain::PoolName;

#[derive(Debug, Args)]
pub(in crate::cli) struct AdviceArgs {
    /// Of this pool [default: default]
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WhatIfArgs {
    /// Of this pool [default: default]
    #[arg(long, value_name = "POOL")]
    pub pool: Option<PoolName>,
    /// With this threshold
    #[arg(short, long, value_name = "NUMBERS", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub threshold: Option<u32>,
    /// With this batch
    #[arg(short, long, value_name = "NUMBERS", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub batch: Option<u32>,
    /// If numbers were ready after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=604_800))]
    pub lead_secs: Option<u32>,
    /// If so many were bought in a second
    #[arg(long, value_name = "PER_SECOND")]
    pub rate: Option<f64>,
    /// With so many times the signups
    #[arg(long, value_name = "TIMES")]
    pub growth: Option<f64>,
    #[command(flatten)]
    pub remote: Remote,
}
