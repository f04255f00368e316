//! The last comparison with Twilio, and what can be done about each number that it names.
//!
//! The report is of then; what is offered is of now: whoever adopted or ignored a number is not asked about it again.
//! How to get it wrong: offering what the API refuses. A number that is ours cannot be ignored, and one with another
//! environment's tag cannot be given back.

use std::collections::{HashMap, HashSet};

use super::text::{When, grouped, phone};
use crate::db::comparisons::{self, reconciliation_latest};
use crate::db::numbers::{StandsNow, numbers_stand_now};
use crate::db::{Connection, DbError};
use crate::domain::QuarantineReason;
use crate::reconciliation::{self, Line, Report};

/// Lines of a list that fit here.
const LINES: usize = 20;
/// Each list, its name in the report, what it is called here, and how it looks.
pub(super) fn lists(report: &Report) -> [(&[Line], &'static str, &'static str, &'static str); 6] {
    [
        (&report.missing, "missing", "Gone at Twilio", "bad"),
        (&report.conflicts, "conflicts", "To decide", "bad"),
        (&report.webhook_drift, "webhook_drift", "Webhooks differ", "warn"),
        (&report.attachment_drift, "attachment_drift", "Not attached", "warn"),
        (&report.repaired, "repaired", "Webhooks repaired", "good"),
        (&report.adopted, "adopted", "Taken in", "good"),
    ]
}

/// How many lines the list of this name had when it was made: of long ones not all are stored.
pub(super) fn count_of(stored: Option<&serde_json::Value>, name: &str, lines: usize) -> usize {
    let told = stored.and_then(|report| report["counts"][name].as_u64());
    told.and_then(|count| usize::try_from(count).ok()).unwrap_or(lines).max(lines)
}

/// The last comparison with Twilio.
pub(super) struct Comparison {
    pub(crate) at: When,
    pub(crate) trigger: &'static str,
    pub(crate) error: Option<String>,
    pub(crate) problem: Option<String>,
    pub(crate) checked: u64,
    pub(super) foreign_count: u64,
    pub(crate) ignored: u64,
    pub(crate) lists: Vec<ReportList>,
    pub(crate) foreign: Vec<ForeignLine>,
    pub(super) foreign_heading: String,
    pub(super) foreign_more: u64,
}

pub(super) struct ReportList {
    /// What it is called, and how many there are.
    pub(crate) heading: String,
    /// As the report calls it.
    pub(crate) name: &'static str,
    pub(super) tone: &'static str,
    pub(crate) lines: Vec<ReportLine>,
    pub(crate) more: usize,
}

pub(super) struct ReportLine {
    pub(crate) number: String,
    pub(super) e164: String,
    pub(crate) reason: String,
    pub(crate) user: Option<String>,
    pub(crate) changed: Option<Changed>,
    pub(crate) can: Can,
}

/// Who changed a number, and when.
pub(super) struct Changed {
    pub(crate) who: String,
    pub(crate) at: When,
}

impl Changed {
    pub(super) fn of(line: &Line) -> Option<Self> {
        let by = line.changed_by.as_ref()?.as_ref()?;
        Some(Self { who: by.told(), at: When(by.at) })
    }
}

/// A number that was not ours then, and still is not.
pub(crate) struct ForeignLine {
    pub(crate) number: String,
    pub(super) e164: String,
    pub(crate) reason: String,
    pub(super) can_ignore: bool,
}

/// What an operator can do about a number of ours, beside letting it be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Can {
    pub(crate) adopt: bool,
    pub(crate) give_back: bool,
}

impl Can {
    /// For a user's own number that another environment has tagged.
    pub(super) const TAKE_BACK: Self = Self { adopt: true, give_back: false };

    /// For a number that is quarantined for this reason.
    pub(super) fn of_reason(reason: QuarantineReason, is_missing: bool) -> Self {
        let waits = match reason {
            QuarantineReason::Adopting
            | QuarantineReason::UnknownItem
            | QuarantineReason::TagConflict
            | QuarantineReason::Contested => true,
            QuarantineReason::Released | QuarantineReason::Leaving => false,
        };
        Self { adopt: waits && !is_missing, give_back: reason != QuarantineReason::TagConflict }
    }
}

/// Reads it, and where the numbers that it names stand now.
pub(crate) fn read(conn: &mut Connection) -> Result<Option<Comparison>, DbError> {
    let Some(latest) = reconciliation_latest(conn)? else { return Ok(None) };
    let report = latest.report.clone().map(read_report).unwrap_or_default();
    let named: Vec<&str> =
        lists(&report).iter().flat_map(|(lines, ..)| *lines).map(|line| line.phone_number.as_str()).collect();
    let numbers: Vec<&str> = report.foreign_numbers.iter().map(|line| line.phone_number.as_str()).collect();
    let sids: Vec<&str> = report.foreign_numbers.iter().map(|line| line.sid.as_str()).collect();
    let mut now = Now::default();
    for stands in numbers_stand_now(conn, &named, &numbers, &sids)? {
        match stands {
            StandsNow::Ours(sid) => _ = now.ours.insert(sid),
            StandsNow::Ignored(sid) => _ = now.ignored.insert(sid),
            StandsNow::OnHold(number, reason, is_missing) => {
                _ = now.on_hold.insert(number, Can::of_reason(reason, is_missing));
            }
            StandsNow::Tagged(number) => _ = now.on_hold.insert(number, Can::TAKE_BACK),
        }
    }
    Ok(Some(now.tell(&latest, report)))
}

/// What was stored, as what it is. What cannot be read says so, instead of saying nothing.
pub(super) fn read_report(stored: serde_json::Value) -> Report {
    serde_json::from_value(stored).unwrap_or_else(|error| {
        let mut report = Report::default();
        report.problem = Some(format!("the stored comparison cannot be read ({error}); compare again"));
        report
    })
}

/// Where the numbers of a report stand now: those on hold, and users' own that another environment
/// tagged, by their number, strangers by their SID.
#[derive(Default)]
struct Now {
    on_hold: HashMap<String, Can>,
    ours: HashSet<String>,
    ignored: HashSet<String>,
}

impl Now {
    fn tell(&self, latest: &comparisons::Comparison, report: Report) -> Comparison {
        let foreign = self.foreign(&report);
        let decided = report.foreign_numbers.len() - foreign.len();
        let ignored = report.foreign_numbers.iter().filter(|line| self.ignored.contains(&line.sid)).count();
        let foreign_count = u64::from(report.foreign).saturating_sub(decided as u64);
        let shown = foreign.len().min(LINES) as u64;
        Comparison {
            at: When(latest.ended_at.unwrap_or(latest.started_at)),
            trigger: latest.trigger.as_str(),
            error: latest.error.clone(),
            checked: report.checked.into(),
            foreign_count,
            ignored: u64::from(report.ignored) + ignored as u64,
            lists: lists(&report).into_iter().filter_map(|list| self.list(latest.report.as_ref(), list)).collect(),
            problem: report.problem,
            foreign: foreign.into_iter().take(LINES).collect(),
            foreign_heading: format!("Not ours {}", grouped(foreign_count)),
            foreign_more: foreign_count.saturating_sub(shown),
        }
    }

    fn list(
        &self,
        stored: Option<&serde_json::Value>,
        (all, name, title, tone): (&[Line], &'static str, &'static str, &'static str),
    ) -> Option<ReportList> {
        let mut lines: Vec<ReportLine> = all.iter().filter_map(|line| self.line(line)).collect();
        let decided = all.len() - lines.len();
        let count = count_of(stored, name, all.len()) - decided;
        lines.truncate(LINES);
        let heading = format!("{title} {}", grouped(count));
        (!lines.is_empty()).then(|| ReportList { heading, name, tone, more: count - lines.len(), lines })
    }

    /// `None` when somebody has decided since.
    fn line(&self, line: &Line) -> Option<ReportLine> {
        let now = self.on_hold.get(&line.phone_number);
        if now.is_none() && line.held {
            return None;
        }
        Some(ReportLine {
            number: phone(&line.phone_number),
            e164: line.phone_number.clone(),
            reason: line.reason.clone(),
            user: line.user_id.clone().flatten(),
            changed: Changed::of(line),
            can: now.copied().unwrap_or_default(),
        })
    }

    fn foreign(&self, report: &Report) -> Vec<ForeignLine> {
        // What carries a tag of ours stands there, too, and is never ignored.
        let tagged: HashSet<&str> = report.conflicts.iter().map(|line| line.phone_number.as_str()).collect();
        let is_decided = |sid: &str| self.ours.contains(sid) || self.ignored.contains(sid);
        let line = |line: &reconciliation::ForeignLine| ForeignLine {
            number: phone(&line.phone_number),
            e164: line.phone_number.clone(),
            reason: line.reason.clone(),
            can_ignore: !tagged.contains(line.phone_number.as_str()),
        };
        report.foreign_numbers.iter().filter(|told| !is_decided(&told.sid)).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_comparison_that_cannot_be_read_says_so() {
        let report = read_report(serde_json::json!({"missing": [{"phone_number": null}]}));
        assert!(report.problem.is_some_and(|problem| problem.contains("compare again")));
        assert_eq!(read_report(serde_json::json!({"checked": 2})).checked, 2);
    }

    #[test]
    fn a_list_that_was_stored_in_part_says_how_long_it_was() {
        let stored = serde_json::json!({"counts": {"webhook_drift": 1500}});
        assert_eq!(count_of(Some(&stored), "webhook_drift", 500), 1500);
        assert_eq!((count_of(Some(&stored), "missing", 3), count_of(None, "missing", 3)), (3, 3));
        let line = |index| Line {
            phone_number: format!("+1415555{index:04}"),
            reason: "another voice URL".to_owned(),
            user_id: None,
            pool: None,
            held: false,
            target: None,
            changed_by: None,
        };
        let mut report = Report::default();
        report.webhook_drift = (0..500).map(line).collect();
        let list = Now::default().list(Some(&stored), lists(&report)[2]).unwrap();
        assert_eq!((list.heading.as_str(), list.lines.len(), list.more), ("Webhooks differ 1,500", 20, 1480));
    }

    #[test]
    fn what_the_api_refuses_is_not_offered() {
        use QuarantineReason::{Adopting, Contested, Leaving, Released, TagConflict, UnknownItem};
        let can = |reason, is_missing| {
            let Can { adopt, give_back } = Can::of_reason(reason, is_missing);
            (adopt, give_back)
        };
        assert_eq!((can(Adopting, false), can(UnknownItem, false)), ((true, true), (true, true)));
        assert_eq!(can(TagConflict, false), (true, false), "adopted first, it can be given back");
        assert_eq!(can(Contested, false), (true, true));
        assert_eq!(can(UnknownItem, true), (false, true), "Twilio does not have it");
        assert_eq!((can(Released, false), can(Leaving, false)), ((false, true), (false, true)));
    }
}
