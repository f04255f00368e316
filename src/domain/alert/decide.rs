//! How a condition stands, and what one more look at it comes to.
//!
//! | phase | bad | between | good | unknown |
//! |---|---|---|---|---|
//! | quiet | pending; at once: raise | – | – | – |
//! | pending | raise once it lasted | quiet | quiet | stays |
//! | open | raise again if worse, remind | remind | clearing | stays |
//! | clearing | open | open | clear once it lasted, watched | begins anew |
//!
//! Beginning counts as bad, but that it must last whatever kind it is, and for two minutes at least.
//!
//! Invariants: what lies between the two levels neither raises nor clears; good must have been watched without a gap, while bad
//! before and after a gap counts as bad throughout; a `since` of the future is now.
//! How to get it wrong: clearing on the first good look. A pool that is bought full and taken empty would tell of each.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::kind::{AlertKind, AlertSeverity};
use crate::domain::number::stored_enum;

/// A first filling has so long, however little else must last.
const BEGINNING_LASTS: Duration = Duration::from_secs(120);

/// What a look at a condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is as it should not be.
    Bad,
    /// The same, but no more than a beginning, such as a pool that is being filled for the first time: it is told if it lasts, though
    /// its kind is told at once.
    Beginning,
    /// Neither bad nor good.
    Between,
    /// It is well.
    Good,
    /// Nobody could look.
    Unknown,
}

/// How far a condition has come that is not quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Bad, but not for long enough.
    Pending,
    /// Told.
    Open,
    /// Good again, but not for long enough.
    Clearing,
}

stored_enum!(Phase { Pending = "pending", Open = "open", Clearing = "clearing" });

/// The alert of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAlert {
    /// How bad it is, as it was told.
    pub severity: AlertSeverity,
    /// When it was told last.
    pub last_told_at: DateTime<Utc>,
    /// Somebody knows of it.
    pub is_acknowledged: bool,
}

/// How a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As it should be.
    Quiet,
    /// Bad since then, and nobody was told.
    Pending(DateTime<Utc>),
    /// Told.
    Open(OpenAlert),
    /// Told, and good again since then.
    Clearing(OpenAlert, DateTime<Utc>),
}

/// What an operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `alerts.for_secs`: how long it must last, to be told and to be over.
    pub lasts: Duration,
    /// `alerts.repeat_hours`; `None` = an open alert is not told again.
    pub repeats: Option<Duration>,
}

/// The moment of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub now: DateTime<Utc>,
    /// Nobody looked for a while before it.
    pub after_a_gap: bool,
}

/// What a look comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing changes.
    Stay,
    /// Nothing is wrong any more, and nobody was told.
    Quiet,
    /// It is bad since then.
    Pending(DateTime<Utc>),
    /// An alert opens, of what began then.
    Raise(DateTime<Utc>),
    /// The open alert became worse.
    Worse,
    /// The open alert is told again.
    Remind,
    /// It is good since then.
    Clearing(DateTime<Utc>),
    /// It is bad again; nobody is told.
    Reopen,
    /// It is over.
    Clear,
}

/// What one more look at a condition comes to; `severity` = how bad it is now.
#[must_use]
pub fn decide(
    kind: AlertKind,
    standing: Standing,
    (verdict, severity): (Verdict, AlertSeverity),
    rules: Rules,
    moment: Moment,
) -> Step {
    let now = moment.now;
    let is_at_once = kind.is_at_once() && verdict != Verdict::Beginning;
    let lasts = if verdict == Verdict::Beginning { rules.lasts.max(BEGINNING_LASTS) } else { rules.lasts };
    let lasted = |since: DateTime<Utc>| now - since.min(now) >= delta(lasts);
    match (standing, verdict) {
        (Standing::Quiet, Verdict::Bad | Verdict::Beginning) if is_at_once => Step::Raise(now),
        (Standing::Quiet, Verdict::Bad | Verdict::Beginning) => Step::Pending(now),
        (Standing::Quiet, Verdict::Between | Verdict::Good | Verdict::Unknown) => Step::Stay,
        (Standing::Pending(since), Verdict::Bad | Verdict::Beginning) if is_at_once || lasted(since) => {
            Step::Raise(since.min(now))
        }
        (Standing::Pending(since), Verdict::Bad | Verdict::Beginning) if since > now => Step::Pending(now),
        (Standing::Pending(_), Verdict::Bad | Verdict::Beginning | Verdict::Unknown) => Step::Stay,
        (Standing::Pending(_), Verdict::Between | Verdict::Good) => Step::Quiet,
        (Standing::Open(alert), Verdict::Bad | Verdict::Beginning) if severity > alert.severity => Step::Worse,
        (Standing::Open(alert), Verdict::Bad | Verdict::Beginning | Verdict::Between) => remind(alert, rules, now),
        (Standing::Open(_), Verdict::Good) => Step::Clearing(now),
        (Standing::Open(_), Verdict::Unknown) => Step::Stay,
        (Standing::Clearing(..), Verdict::Bad | Verdict::Beginning | Verdict::Between) => Step::Reopen,
        (Standing::Clearing(..), Verdict::Unknown) => Step::Clearing(now),
        (Standing::Clearing(_, since), Verdict::Good) if moment.after_a_gap || since > now => Step::Clearing(now),
        (Standing::Clearing(_, since), Verdict::Good) if lasted(since) => Step::Clear,
        (Standing::Clearing(..), Verdict::Good) => Step::Stay,
    }
}

fn remind(alert: OpenAlert, rules: Rules, now: DateTime<Utc>) -> Step {
    let is_due = |every: Duration| now - alert.last_told_at >= delta(every);
    if !alert.is_acknowledged && rules.repeats.is_some_and(is_due) { Step::Remind } else { Step::Stay }
}

fn delta(duration: Duration) -> TimeDelta {
    // Proof of the default: an hour and a month at most.
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
