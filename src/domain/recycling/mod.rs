//! Whether a number that nobody uses may be told of, and taken back: the rule, apart from who asks and when.
//!
//! Invariants: only what is known counts, and what is not known is never silence; everything is asked again when a number is
//! taken, for the notice was long ago.
//! How to get it wrong: taking "no use was seen" for "it was not used". Only walks that read every page, or an application that
//! tells uses day by day, can say that.

mod coverage;
mod rule;
mod told;
mod used;

pub use coverage::{Evidence, WINDOW_ENDS_BEFORE, Window, walk_from};
pub use rule::{
    Assigned, Ended, Facts, Later, NO_DATA_PATIENCE, Notice, RecyclingMode, Refused, Rules, Take, last_use,
    last_use_told, may_be_noticed, may_be_taken,
};
pub use told::NoticeBody;
pub use used::{LastUse, Swept, UseSource};
