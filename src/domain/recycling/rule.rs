//! The rule itself: whose number may be told of, and whose taken.
//!
//! Invariant: what was used within the window, or since the notice, is never taken; nor is what is protected, or more than so many
//! a day.
//! How to get it wrong: trusting the notice. Between it and the taking lie days in which everything may have changed.

use chrono::{DateTime, TimeDelta, Utc};

use super::coverage::{Evidence, Window};
use super::used::{LastUse, UseSource};
use crate::domain::number::stored_enum;

/// A number that was told of and may not be taken for want of data waits so long for them.
pub const NO_DATA_PATIENCE: TimeDelta = TimeDelta::days(7);

/// What is done about numbers that nobody uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecyclingMode {
    /// Nothing.
    #[default]
    Off,
    /// They are named; an operator may have them taken.
    Suggest,
    /// They are taken, after a notice.
    Apply,
}

stored_enum!(RecyclingMode { Off = "off", Suggest = "suggest", Apply = "apply" });

/// How recycling is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What is done at all.
    pub mode: RecyclingMode,
    /// For so many days a number must not have been used.
    pub inactive_days: u16,
    /// So many are taken at most in any day.
    pub per_day_max: u32,
}

/// A number that is somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assigned {
    /// Since when: that is a use.
    pub at: DateTime<Utc>,
    /// Whether it is the assignment that was told of.
    pub is_noticed_one: bool,
}

/// A number as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// `None` = it is nobody's.
    pub assigned: Option<Assigned>,
    /// What is known of its use, beside the assignment.
    pub last_used: Option<LastUse>,
    /// An operator's word keeps it where it is.
    pub is_protected: bool,
}

/// A notice that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The last use that was known when it was written.
    pub unused_since: DateTime<Utc>,
    /// When the time for an answer is over; `None` = nobody has taken the notice yet.
    pub take_after: Option<DateTime<Utc>>,
    /// Whether a person asked for it; else `apply` did.
    pub is_by_hand: bool,
}

/// Why nothing is told of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// An operator protects it.
    Protected,
    /// It is nobody's.
    NotAssigned,
    /// It is no number of ours.
    NotFound,
    /// It was used, or assigned, within the window.
    UsedLately,
    /// Nobody knows whether it was used.
    NoData,
    /// Its notice is out.
    AlreadyNoticed,
}

stored_enum!(Refused {
    Protected = "protected",
    NotAssigned = "not_assigned",
    NotFound = "not_found",
    UsedLately = "used_lately",
    NoData = "no_data",
    AlreadyNoticed = "already_noticed",
});

/// Why a notice came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A call or a message was seen.
    Used,
    /// The application told of a use.
    Touched,
    /// An operator protects it.
    Protected,
    /// Its user gave it back.
    Released,
    /// It is somebody else's by now.
    Reassigned,
    /// `recycling.mode` does not allow it any more.
    Mode,
    /// For a week nobody knew whether it was used.
    NoData,
    /// The far side never took the notice.
    ToldNobody,
}

stored_enum!(Ended {
    Used = "used",
    Touched = "touched",
    Protected = "protected",
    Released = "released",
    Reassigned = "reassigned",
    Mode = "mode",
    NoData = "no_data",
    ToldNobody = "told_nobody",
});

/// What a number that was told of waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Later {
    /// The end of its notice.
    Notice,
    /// Room in the day: enough were taken.
    PerDayMax,
    /// To be known not to have been used.
    NoData,
}

/// Whether a number is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// It is.
    Now,
    /// Not now; perhaps later.
    Later(Later),
    /// It is not.
    Never(Ended),
}

/// The last use of an assigned number: the assignment is one.
#[must_use]
pub fn last_use(assigned_at: DateTime<Utc>, last_used: Option<LastUse>) -> DateTime<Utc> {
    last_used.map_or(assigned_at, |used| used.at.max(assigned_at))
}

/// The same with how it came to be known.
#[must_use]
pub fn last_use_told(assigned_at: DateTime<Utc>, last_used: Option<LastUse>) -> LastUse {
    let later = last_used.filter(|used| used.at > assigned_at);
    later.unwrap_or(LastUse { at: assigned_at, source: UseSource::Assignment })
}

/// Whether a notice may be written of a number; its last use, which the notice tells.
///
/// # Errors
/// Why not.
pub fn may_be_noticed(
    facts: &Facts,
    evidence: &Evidence,
    rules: &Rules,
    is_noticed: bool,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Refused> {
    let assigned = facts.assigned.ok_or(Refused::NotAssigned)?;
    if facts.is_protected {
        return Err(Refused::Protected);
    }
    if is_noticed {
        return Err(Refused::AlreadyNoticed);
    }
    let (used_at, window) = (last_use(assigned.at, facts.last_used), Window::before(now, rules.inactive_days));
    if used_at >= window.from {
        return Err(Refused::UsedLately);
    }
    if evidence.covers(window) { Ok(used_at) } else { Err(Refused::NoData) }
}

/// Whether a number that was told of is taken now. `taken` = so many were, within the last day.
#[must_use]
pub fn may_be_taken(
    facts: &Facts,
    notice: &Notice,
    evidence: &Evidence,
    rules: &Rules,
    taken: u32,
    now: DateTime<Utc>,
) -> Take {
    let window = Window::before(now, rules.inactive_days);
    if let Some(ended) = ended(facts, notice, rules, window) {
        return Take::Never(ended);
    }
    let Some(take_after) = notice.take_after.filter(|take_after| *take_after <= now) else {
        return Take::Later(Later::Notice);
    };
    if !evidence.covers(window) {
        let is_hopeless = now - take_after > NO_DATA_PATIENCE;
        return if is_hopeless { Take::Never(Ended::NoData) } else { Take::Later(Later::NoData) };
    }
    if taken >= rules.per_day_max { Take::Later(Later::PerDayMax) } else { Take::Now }
}

/// What ends a notice at once, whenever it is seen.
fn ended(facts: &Facts, notice: &Notice, rules: &Rules, window: Window) -> Option<Ended> {
    let Some(assigned) = facts.assigned else { return Some(Ended::Released) };
    if !assigned.is_noticed_one {
        return Some(Ended::Reassigned);
    }
    if facts.is_protected {
        return Some(Ended::Protected);
    }
    let used_at = last_use(assigned.at, facts.last_used);
    if used_at > notice.unused_since || used_at >= window.from {
        let is_touch = facts.last_used.is_some_and(|used| used.source == UseSource::Touch);
        return Some(if is_touch { Ended::Touched } else { Ended::Used });
    }
    let is_allowed = match rules.mode {
        RecyclingMode::Off => false,
        RecyclingMode::Suggest => notice.is_by_hand,
        RecyclingMode::Apply => true,
    };
    (!is_allowed).then_some(Ended::Mode)
}

#[cfg(test)]
mod tests;
