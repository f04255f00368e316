//! Foresight: how much stock each pool needs, from its own past, and what comes of it.
//!
//! ```text
//! history ─ who asked, in memory ─┐
//! facts ─ market, stock, caps ────┼─▶ forecast ─▶ advice, what-if (api) · thresholds and boosts (keep) · metrics
//! config ─ the policy in force ───┘
//! ```
//!
//! Invariants: the past is read once and then only what is new; whoever asks reads nothing but what came in the last minute; all
//! arithmetic is `domain::foresight`'s; one forecast is worked out at a time, on a thread that serves nobody.
//! How to get it wrong: working out in a signup's way, or on the threads that answer HTTP. A busy pool's month takes seconds.

mod actor;
mod boosts;
mod facts;
mod forecast;
mod forecaster;
mod history;
mod keep;
mod words;

pub(crate) use actor::{ForesightActor, ForesightDependencies};
pub(crate) use boosts::Unreachable;
pub(crate) use forecast::{Forecast, binding};
pub(crate) use forecaster::{Answered, Forecaster, Supposed};
