//! What waits for a person, or hurts signups now: facts, and one judgement of them for everybody who tells of it.
//!
//! ```text
//! database, this process ─▶ sources ─▶ facts ─▶ judge ─▶ items ─▶ API, dashboard, `callbunker status`, /readyz
//! ```
//!
//! Invariants: the judge is pure, so that whoever tells people (a page, a command, an alert) says the same of the same facts;
//! an item stays until what it tells is mended, over comparisons and restarts, on every instance.
//! How to get it wrong: a warning that is worked out where it is shown. The next place would not know it.

mod facts;
mod item;
mod judge;
mod sources;

pub(crate) use facts::{Facts, Limits, PoolLimits, Process};
pub(crate) use item::{Item, Kind, Severity};
pub(crate) use judge::{
    attachment_warnings, boost_warnings, judge, named_warnings, owned_max_exceeded, release_warning,
};
pub(crate) use sources::Sources;
