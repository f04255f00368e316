//! Boosts that will lack numbers when they begin.
//!
//! How to get it wrong: telling it when they have begun. The pool is low then, and nothing can be bought in time any more.

use super::super::item::{Item, Kind, Severity};
use super::words::sentence;
use crate::domain::counted;
use crate::foresight::Unreachable;

pub(super) fn judge(unreachable: &Unreachable) -> Item {
    let todo = match unreachable.cap {
        Some(cap) => format!("Raise {}, or begin the boost later or with less.", cap.key(&unreachable.pool)),
        None => "Begin the boost later, or with less.".to_owned(),
    };
    Item::new(Kind::BoostUnreachable, Severity::Warning, sentence(&words(unreachable)), todo)
        .detail("It is bought for as early as the caps allow; what lacks then is bought when they do.")
        .count(unreachable.lacking.into())
        .of(&unreachable.pool)
}

/// What lacks, in words.
pub(super) fn words(Unreachable { pool, from, threshold_low, lacking, cap }: &Unreachable) -> String {
    let why = match cap {
        Some(cap) => format!("{} is in the way", cap.key(pool)),
        None => "numbers take longer to be ready".to_owned(),
    };
    let (lacking, day) = (counted((*lacking).into(), "number"), from.date_naive());
    format!("the boost of pool {pool} to {threshold_low} on {day} will lack {lacking}: {why}")
}
