//! What a comparison found and did.
//!
//! Invariant: a list never grows beyond what one answer can carry; what does not fit is counted.
//! How to get it wrong: a line without a reason. Whoever reads it must know what to do.

use serde::{Deserialize, Serialize};

use super::foreign_seen::foreign_seen;
use super::suspicion::{Suspected, Suspicion};
use super::unread::Unread;
use super::who::ChangedBy;
use crate::db::numbers::NowMissing;
use crate::db::usage::ForeignSeen;
use crate::domain::{PhoneNumber, PoolName};
use crate::twilio::{IncomingNumber, TwilioError};

/// Lines of one list.
pub(super) const LINES_MAX: usize = 10_000;
/// Foreign numbers that are named.
const FOREIGN_NAMED_MAX: usize = 200;
/// Lines of one list in the database.
const STORED_MAX: usize = 500;

/// A number and what is to say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReconciledNumber)]
pub struct Line {
    /// E.164.
    pub phone_number: String,
    /// What is so, or what was done.
    pub reason: String,
    /// Whose it is. Left out where nobody is concerned; null in `missing` when it was idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub user_id: Option<Option<String>>,
    /// The pool that it is of; null for what is no number of ours, and in what an earlier version stored.
    #[serde(default)]
    #[schema(required)]
    pub pool: Option<PoolName>,
    /// What it is not attached to, or should not be. Left out in all lists but `attachment_drift`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Who changed it last, or took it out of the account, as Twilio's journal has it; null = that is not known. Only in `missing` and
    /// `webhook_drift`, and of the first fifty of them.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "null_or_there")]
    #[schema(value_type = Option<ChangedBy>)]
    pub changed_by: Option<Option<ChangedBy>>,
    /// There when it is told for no other reason than that nobody is given it until an operator decides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

impl Line {
    /// Of a number that may be somebody's.
    pub(super) fn new(
        number: &PhoneNumber,
        pool: Option<&PoolName>,
        reason: impl Into<String>,
        user_id: Option<&str>,
    ) -> Self {
        let user_id = user_id.map(|user| Some(user.to_owned()));
        Self {
            phone_number: number.to_string(),
            reason: reason.into(),
            user_id,
            pool: pool.cloned(),
            target: None,
            changed_by: None,
            held: false,
        }
    }

    /// Of one that is told because it is held, unless it is somebody's: nobody's number is held.
    pub(super) fn of_a_hold(self) -> Self {
        Self { held: self.user_id.is_none(), ..self }
    }
}

/// A number of the account that is not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ForeignNumber)]
pub struct ForeignLine {
    /// E.164.
    pub phone_number: String,
    /// Twilio's.
    pub sid: String,
    /// Why it is not ours.
    pub reason: String,
}

/// What a comparison found and did, as the API tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Reconciliation)]
// What an earlier version stored lacks what is new; what this one tells lacks nothing that is `required`.
#[serde(default)]
pub struct Report {
    /// Numbers of ours that came into the database, or were missing and turned up again.
    #[schema(required)]
    pub adopted: Vec<Line>,
    /// Numbers of ours that Twilio does not know any more.
    #[schema(required)]
    pub missing: Vec<Line>,
    /// Numbers that differ from what they shall carry and were left as they are, or are somebody's.
    #[schema(required)]
    pub webhook_drift: Vec<Line>,
    /// Users' numbers that are not attached to what their pool wants, or not to that alone, and were left as they are.
    #[schema(required)]
    pub attachment_drift: Vec<Line>,
    /// Numbers that carry what they shall again, or are attached again to what they left.
    #[schema(required)]
    pub repaired: Vec<Line>,
    /// Numbers of the account that are not ours, without those that an operator ignores.
    #[schema(required)]
    pub foreign: u32,
    /// The first of them.
    #[schema(required)]
    pub foreign_numbers: Vec<ForeignLine>,
    /// Numbers of the account that are not ours and that an operator ignores.
    #[schema(required)]
    pub ignored: u32,
    /// Numbers that became apart from their pool, or are not any more, because Twilio says that they are of another type.
    #[serde(skip_serializing_if = "is_zero")]
    pub apart_changed: u32,
    /// What an operator must decide.
    #[schema(required)]
    pub conflicts: Vec<Line>,
    /// Numbers that Twilio listed.
    #[schema(required)]
    pub checked: u32,
    /// Rows of Twilio's list that could not be read, and numbers of ours that Twilio does not let us look at.
    #[serde(skip_serializing_if = "is_zero")]
    pub unreadable: u32,
    /// Whether the whole list was read, every row of it, so that `missing` was judged.
    #[schema(required)]
    pub complete: bool,
    /// What an operator must do before the next comparison.
    #[schema(required)]
    pub problem: Option<String>,
    /// So many seem to be gone that none was marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_suspected: Option<u32>,
    /// So many seem to have lost a capability or all webhooks that none was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub losses_suspected: Option<u32>,
    /// So many cannot be read that nothing was changed or judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable_suspected: Option<u32>,
    /// So many seem to have left what they were attached to that none was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments_suspected: Option<u32>,
    /// So many that cannot be read were accepted by an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable_accepted: Option<u32>,
    /// Numbers of ours among what could not be read.
    #[serde(skip)]
    pub(super) unread: Unread,
    /// Numbers that are not ours, of the pages since they were last written down.
    #[serde(skip)]
    pub(super) elsewhere: Vec<ForeignSeen>,
    /// Lines that found no room.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: u32,
}

/// A field that is there, be it null.
fn null_or_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<ChangedBy>>, D::Error> {
    Option::<ChangedBy>::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    Adopted(Line),
    Drift(Line),
    AttachmentDrift(Line),
    Repaired(Line),
    Conflict(Line),
    /// A number is apart from its pool from here on, or is not any more.
    ApartChanged,
    Foreign(ForeignLine, Box<ForeignSeen>),
    Ignored(Box<ForeignSeen>),
    /// A number of ours that Twilio does not let us look at, or shows in a way that cannot be read.
    Unreadable(Line),
    /// The list showed the number of this id, but Twilio does not know it: the end of the walk asks again.
    Unseen(i64),
    /// Too many are like this one, and buying is halted.
    Suspected(Suspicion),
}

impl Finding {
    /// A number of ours that a look by its SID, or by its E.164, says nothing of.
    pub(super) fn not_to_be_read(number: &PhoneNumber, pool: Option<&PoolName>, failure: &TwilioError) -> Self {
        let reason = format!(
            "Twilio does not let us look at it ({failure}); it stays as it is here: look at it in Twilio's console, then compare again"
        );
        Self::Unreadable(Line::new(number, pool, reason, None))
    }

    pub(super) fn foreign(number: &IncomingNumber, reason: impl Into<String>) -> Self {
        let line = ForeignLine {
            phone_number: number.phone_number.to_string(),
            sid: number.sid.to_string(),
            reason: reason.into(),
        };
        Self::Foreign(line, Box::new(foreign_seen(number)))
    }

    /// One that an operator does not want to hear of.
    pub(super) fn ignored(number: &IncomingNumber) -> Self {
        Self::Ignored(Box::new(foreign_seen(number)))
    }
}

impl Report {
    /// How much of each kind was found.
    pub(super) fn counts(&self) -> [(&'static str, u32); 6] {
        let count = |lines: &[Line]| u32::try_from(lines.len()).unwrap_or(u32::MAX);
        [
            ("adopted", count(&self.adopted)),
            ("missing", count(&self.missing)),
            ("webhook_drift", count(&self.webhook_drift)),
            ("attachment_drift", count(&self.attachment_drift)),
            ("repaired", count(&self.repaired)),
            ("foreign", self.foreign),
        ]
    }

    /// Adds what concerns the outside; the id of a number that is to be asked for again comes back.
    pub(super) fn add(&mut self, finding: Finding) -> Option<i64> {
        let (list, line) = match finding {
            Finding::Adopted(line) => (&mut self.adopted, line),
            Finding::Drift(line) => (&mut self.webhook_drift, line),
            Finding::AttachmentDrift(line) => (&mut self.attachment_drift, line),
            Finding::Repaired(line) => (&mut self.repaired, line),
            Finding::Conflict(line) => (&mut self.conflicts, line),
            Finding::Foreign(line, number) => {
                self.foreign += 1;
                self.elsewhere.push(*number);
                if self.foreign_numbers.len() < FOREIGN_NAMED_MAX {
                    self.foreign_numbers.push(line);
                }
                return None;
            }
            Finding::ApartChanged => {
                self.apart_changed += 1;
                return None;
            }
            Finding::Ignored(number) => {
                self.ignored += 1;
                self.elsewhere.push(*number);
                return None;
            }
            Finding::Unreadable(line) => {
                self.add_unreadable(1);
                self.unread.looks += 1;
                (&mut self.conflicts, line)
            }
            Finding::Unseen(id) => return Some(id),
            Finding::Suspected(suspicion) => {
                self.add_problem(suspicion.problem());
                return None;
            }
        };
        push(list, line, &mut self.omitted);
        None
    }

    /// Adds a number that the list did not show and that a look says nothing of.
    pub(super) fn add_untold(&mut self, number: &PhoneNumber, pool: &PoolName, failure: &TwilioError) {
        self.add(Finding::not_to_be_read(number, Some(pool), failure));
        self.unread.looks -= 1;
        self.unread.unseen += 1;
    }

    /// Adds what an operator must do before the next comparison; what several numbers tell alike, once.
    pub(super) fn add_problem(&mut self, problem: String) {
        self.problem = Some(match self.problem.take() {
            Some(before) if before.contains(&problem) => before,
            Some(before) => format!("{before} {problem}"),
            None => problem,
        });
    }

    /// Adds what is more than can be true.
    pub(super) fn suspect(&mut self, suspicion: Suspicion) {
        let count = Some(u32::try_from(suspicion.count).unwrap_or(u32::MAX));
        match suspicion.what {
            Suspected::Gone => self.missing_suspected = count,
            Suspected::Lost => self.losses_suspected = count,
            Suspected::Unreadable => self.unreadable_suspected = count,
            Suspected::Left => self.attachments_suspected = count,
            Suspected::NotToBeSet | Suspected::Tagged | Suspected::Contested => {}
        }
        self.add_problem(suspicion.problem());
    }

    /// Counts rows, or numbers, that could not be read.
    pub(super) fn add_unreadable(&mut self, count: usize) {
        self.unreadable = self.unreadable.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Ends a comparison that came to its end: what it could not read is no part of it.
    pub(super) fn conclude(&mut self) {
        self.complete = self.unreadable == 0;
        if self.complete {
            return;
        }
        self.add_problem(format!(
            "{} of the numbers that Twilio has for this account could not be read, so nobody knows whose they are; none of \
             them counts as gone. Look at the account's numbers in Twilio's console, then compare again; if they look right \
             there, tell Twilio's support.",
            self.unreadable
        ));
    }

    /// Adds what an operator must decide.
    pub(super) fn add_conflict(&mut self, line: Line) {
        push(&mut self.conflicts, line, &mut self.omitted);
    }

    /// Adds a number that is gone.
    pub(super) fn add_missing(&mut self, number: NowMissing) {
        let NowMissing { id: _, phone_number, pool, user_id } = number;
        let line = Line::new(&phone_number, Some(&pool), "Twilio does not know its SID any more (404)", None);
        push(&mut self.missing, Line { user_id: Some(user_id), ..line }, &mut self.omitted);
    }

    /// The report as it is stored.
    pub(super) fn stored(&self) -> serde_json::Value {
        let mut short = self.clone();
        // A page that shows the stored part says how much there was.
        let counts = serde_json::json!({
            "adopted": self.adopted.len(), "missing": self.missing.len(), "webhook_drift": self.webhook_drift.len(),
            "attachment_drift": self.attachment_drift.len(),
            "repaired": self.repaired.len(), "conflicts": self.conflicts.len(),
        });
        for list in [
            &mut short.adopted,
            &mut short.missing,
            &mut short.webhook_drift,
            &mut short.attachment_drift,
            &mut short.repaired,
            &mut short.conflicts,
        ] {
            let over = list.len().saturating_sub(STORED_MAX);
            list.truncate(STORED_MAX);
            short.omitted += u32::try_from(over).unwrap_or(u32::MAX);
        }
        let mut stored = serde_json::to_value(&short).unwrap_or_default();
        stored["counts"] = counts;
        stored
    }
}

fn push(list: &mut Vec<Line>, line: Line, omitted: &mut u32) {
    if list.len() < LINES_MAX {
        list.push(line);
    } else {
        *omitted += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_hold_says_so_and_only_of_nobodys_number() {
        let number: PhoneNumber = "+14155550100".parse().unwrap();
        assert!(Line::new(&number, None, "held", None).of_a_hold().held);
        assert!(!Line::new(&number, None, "held", Some("u-1")).of_a_hold().held);
        let plain = serde_json::to_string(&Line::new(&number, None, "other", None)).unwrap();
        assert!(!plain.contains("held"), "{plain}");
    }

    #[test]
    fn whoever_reads_the_description_knows_what_is_always_told() {
        let schema = serde_json::to_value(<Report as utoipa::PartialSchema>::schema()).unwrap();
        let mut required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        required.sort_unstable();
        let always = serde_json::to_value(Report::default()).unwrap();
        let mut told: Vec<&str> = always.as_object().unwrap().keys().map(String::as_str).collect();
        told.sort_unstable();
        assert_eq!(required, told);
    }

    #[test]
    fn a_report_that_an_earlier_version_stored_is_read() {
        let stored =
            r#"{"adopted":[],"conflicts":[{"phone_number":"+14155550100","reason":"x"}],"checked":3,"complete":true}"#;
        let report: Report = serde_json::from_str(stored).unwrap();
        assert_eq!((report.checked, report.conflicts.len(), report.conflicts[0].held), (3, 1, false));
        let again: Report = serde_json::from_value(report.stored()).unwrap();
        assert_eq!(again, report);
    }

    #[test]
    fn what_could_not_be_read_is_no_part_of_a_comparison_and_is_told() {
        let mut report = Report::default();
        report.conclude();
        assert_eq!((report.complete, &report.problem), (true, &None));

        report.add_unreadable(2);
        report.conclude();
        assert!(!report.complete);
        assert!(report.problem.as_deref().is_some_and(|problem| problem.starts_with("2 of the numbers")));

        // What stops everything is told first.
        let problem = Some("40 numbers are gone.".to_owned());
        let mut report = Report { unreadable: 1, problem, ..Report::default() };
        report.conclude();
        assert!(!report.complete);
        assert!(report.problem.as_deref().is_some_and(|problem| problem.starts_with("40 numbers are gone. 1 of the")));
    }
}
