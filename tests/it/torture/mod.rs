//! The money path under crashes, faults and rivals: what may go wrong at each step, what may be asked for twice, and
//! seeded random runs of everything at once.
//!
//! `make test` runs the short forms; `make torture` sets `TORTURE=1` for the long ones and prints what was survived.

mod faults;
mod hanging;
mod history;
#[cfg(feature = "failpoints")]
mod importing;
#[cfg(feature = "failpoints")]
mod judges;
#[cfg(feature = "failpoints")]
mod kills;
#[cfg(feature = "failpoints")]
mod operations;
mod pools;
#[cfg(feature = "failpoints")]
mod random;
mod rivals;
pub mod tally;
mod twice;

#[cfg(feature = "failpoints")]
pub use random::after_a_round;

/// Whether this is `make torture`.
pub fn is_long() -> bool {
    std::env::var_os("TORTURE").is_some_and(|value| value == "1")
}
