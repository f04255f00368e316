//! The last comparison with Twilio, and what can be done about each number that it names.
//!
//! The report is of then; what is offered is of now: whoever adopted or ignored a number is not asked about it again.
//! How to get it wrong: offering what the API refuses. A number that is ours cannot be ignored, and one with another
//! environment's tag cannot be given back.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::text::{When, phone};
use crate::db::dashboard::{Reconciliation, reconciliation_latest};
use crate::db::reconciliation::numbers_told;
use crate::db::{Connection, DbError};
use crate::domain::QuarantineReason;
use crate::reconciliation::is_about_a_hold;

/// Lines of a list that fit here.
const LINES: usize = 20;
/// Each list, what it is called here, and how it looks.
const LISTS: [(&str, &str, &str); 5] = [
    ("missing", "Gone at Twilio", "bad"),
    ("conflicts", "To decide", "bad"),
    ("webhook_drift", "Webhooks differ", "warn"),
    ("repaired", "Webhooks repaired", "good"),
    ("adopted", "Taken in", "good"),
];

/// The last comparison with Twilio.
pub(super) struct Comparison {
    pub(crate) at: When,
    pub(crate) trigger: String,
    pub(crate) error: Option<String>,
    pub(crate) problem: Option<String>,
    pub(crate) checked: u64,
    pub(super) foreign_count: u64,
    pub(crate) ignored: u64,
    pub(crate) lists: Vec<ReportList>,
    pub(crate) foreign: Vec<ForeignLine>,
    pub(super) foreign_more: u64,
}

pub(super) struct ReportList {
    pub(crate) title: &'static str,
    pub(super) tone: &'static str,
    pub(crate) lines: Vec<ReportLine>,
    pub(crate) more: usize,
}

pub(super) struct ReportLine {
    pub(crate) number: String,
    pub(super) e164: String,
    pub(crate) reason: String,
    pub(crate) user: Option<String>,
    pub(crate) can: Can,
}

/// A number that was not ours then, and still is not.
pub(crate) struct ForeignLine {
    pub(crate) number: String,
    pub(super) e164: String,
    pub(crate) reason: String,
    pub(super) can_ignore: bool,
}

/// What an operator can do about a number of ours that nobody has, beside letting it be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Can {
    pub(crate) adopt: bool,
    pub(crate) give_back: bool,
}

impl Can {
    /// For a number that is held for this reason.
    pub(super) fn of_held(reason: &str, is_missing: bool) -> Self {
        let reason: Option<QuarantineReason> = reason.parse().ok();
        let waits = matches!(
            reason,
            Some(QuarantineReason::Adopting | QuarantineReason::UnknownItem | QuarantineReason::TagConflict)
        );
        Self { adopt: waits && !is_missing, give_back: reason != Some(QuarantineReason::TagConflict) }
    }
}

/// Reads it, and where the numbers that it names stand now.
pub(crate) fn read(conn: &mut Connection) -> Result<Option<Comparison>, DbError> {
    let Some(latest) = reconciliation_latest(conn)? else { return Ok(None) };
    let report = latest.report.as_ref().unwrap_or(&Value::Null);
    let named: Vec<&str> = LISTS.iter().flat_map(|(list, ..)| texts(&report[*list], "phone_number")).collect();
    let strangers = &report["foreign_numbers"];
    let (numbers, sids) = (texts(strangers, "phone_number"), texts(strangers, "sid"));
    let mut now = Now::default();
    for told in numbers_told(conn, &named, &numbers, &sids)? {
        match told.stands.as_str() {
            "ours" => _ = now.ours.insert(told.name),
            "ignored" => _ = now.ignored.insert(told.name),
            reason => _ = now.held.insert(told.name, Can::of_held(reason, told.missing)),
        }
    }
    Ok(Some(now.tell(&latest, report)))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn texts<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    items(list).map(|value| text(value, name)).collect()
}

/// Where the numbers of a report stand now: held ones by their number, strangers by their SID.
#[derive(Default)]
struct Now {
    held: HashMap<String, Can>,
    ours: HashSet<String>,
    ignored: HashSet<String>,
}

impl Now {
    fn tell(&self, latest: &Reconciliation, report: &Value) -> Comparison {
        let count = |name: &str| report[name].as_u64().unwrap_or(0);
        let foreign = self.foreign(report);
        let named = items(&report["foreign_numbers"]).count() as u64;
        let decided = named - foreign.len() as u64;
        let ignored = items(&report["foreign_numbers"]).filter(|line| self.ignored.contains(text(line, "sid"))).count();
        let foreign_count = count("foreign").saturating_sub(decided);
        let shown = foreign.len().min(LINES) as u64;
        Comparison {
            at: When(latest.ended_at.unwrap_or(latest.started_at)),
            trigger: latest.trigger.clone(),
            error: latest.error.clone(),
            problem: report["problem"].as_str().map(str::to_owned),
            checked: count("checked"),
            foreign_count,
            ignored: count("ignored") + ignored as u64,
            lists: LISTS.iter().filter_map(|list| self.list(report, *list)).collect(),
            foreign: foreign.into_iter().take(LINES).collect(),
            foreign_more: foreign_count.saturating_sub(shown),
        }
    }

    fn list(&self, report: &Value, (name, title, tone): (&str, &'static str, &'static str)) -> Option<ReportList> {
        let mut lines: Vec<ReportLine> = items(&report[name]).filter_map(|line| self.line(line)).collect();
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        (!lines.is_empty()).then_some(ReportList { title, tone, lines, more })
    }

    /// `None` when somebody has decided since.
    fn line(&self, line: &Value) -> Option<ReportLine> {
        let (e164, reason, user) = (text(line, "phone_number"), text(line, "reason"), line["user_id"].as_str());
        let held = self.held.get(e164);
        if held.is_none() && is_about_a_hold(reason, user) {
            return None;
        }
        Some(ReportLine {
            number: phone(e164),
            e164: e164.to_owned(),
            reason: reason.to_owned(),
            user: user.map(str::to_owned),
            can: held.copied().unwrap_or_default(),
        })
    }

    fn foreign(&self, report: &Value) -> Vec<ForeignLine> {
        // What carries a tag of ours stands there, too, and is never ignored.
        let tagged: HashSet<&str> = texts(&report["conflicts"], "phone_number").into_iter().collect();
        let is_decided = |sid: &str| self.ours.contains(sid) || self.ignored.contains(sid);
        let line = |line: &Value| ForeignLine {
            number: phone(text(line, "phone_number")),
            e164: text(line, "phone_number").to_owned(),
            reason: text(line, "reason").to_owned(),
            can_ignore: !tagged.contains(text(line, "phone_number")),
        };
        items(&report["foreign_numbers"]).filter(|told| !is_decided(text(told, "sid"))).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_refuses_is_not_offered() {
        let can = |reason, is_missing| {
            let Can { adopt, give_back } = Can::of_held(reason, is_missing);
            (adopt, give_back)
        };
        assert_eq!((can("adopting", false), can("unknown_item", false)), ((true, true), (true, true)));
        assert_eq!(can("tag_conflict", false), (true, false), "adopted first, it can be given back");
        assert_eq!(can("unknown_item", true), (false, true), "Twilio does not have it");
        assert_eq!((can("released", false), can("leaving", false)), ((false, true), (false, true)));
    }
}
