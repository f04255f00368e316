//! The daemon from its start to its end, watched.

mod attention;
mod bounds;
mod contract;
#[cfg(feature = "failpoints")]
mod crash;
mod handing_over;
mod large;
mod lifecycle;
mod log_stalls;
mod memory;
mod metrics;
mod monitoring;
mod network;
mod reload;
mod shutdown;
mod supervision;
mod year;
