//! How much stock a pool needs: its own history is replayed, instead of a formula that knows only means.
//!
//! Instants are milliseconds since 1970, in ascending order, so that a million of them are eight megabytes and no more.
//! Invariants: the same history gives the same answer; what the pool's policy would have done is asked of [`plan()`](super::plan()),
//! which does it.
//! How to get it wrong: leaving out who found the pool empty. A pool that never has stock would then need none.

mod accuracy;
mod advice;
mod boost;
mod demand;
mod growth;
mod hold;
mod measured;
mod moments;
mod refill;
mod replay;
mod setting;
mod supply;
mod times;
mod what_if;

pub use accuracy::{DayInHindsight, in_hindsight};
pub use advice::{Advice, Bound, History, advise};
pub use boost::{Boost, Bought, Shortfall, begins_at, shortfall};
pub use demand::{REPEAT_MS, Request, requests};
pub use growth::{Growth, growth};
pub use hold::{Change, Held, Lower, hold};
pub use measured::{Confidence, confidence, measured};
pub use moments::{Moments, moments};
pub use replay::{Needs, needs, needs_since};
pub use setting::{Setting, WhatIf};
pub use supply::Supply;
pub use times::times;
pub use what_if::{Replay, what_if};
