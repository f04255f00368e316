//! One list of the last comparison with Twilio in full: what its card has no room for.
//!
//! How to get it wrong: saying nothing of what was not stored. Of a very long list a part is kept, and the page says which.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;

use super::comparison::{Changed, count_of, lists, read_report};
use super::page::{Frame, page};
use super::text::{When, grouped, phone};
use crate::api::services::Services;
use crate::db::comparisons::reconciliation_latest;
use crate::http::Problem;
use crate::reconciliation::Line;
use crate::routing::{Outcome, Request};

#[derive(Template)]
#[template(path = "comparison.html")]
struct Differences {
    frame: Frame,
    heading: String,
    at: Option<When>,
    rows: Vec<Row>,
    /// Whether any of them has one.
    has_targets: bool,
    has_changes: bool,
    /// How many there were that are not among them.
    left_out: Option<String>,
}

struct Row {
    number: String,
    e164: String,
    user: Option<String>,
    reason: String,
    /// What it is not attached to, or should not be.
    target: Option<String>,
    changed: Option<Changed>,
}

impl Row {
    fn new(phone_number: &str, reason: &str) -> Self {
        let (number, e164, reason) = (phone(phone_number), phone_number.to_owned(), reason.to_owned());
        Self { number, e164, user: None, reason, target: None, changed: None }
    }

    fn of(line: &Line) -> Self {
        let (user, target) = (line.user_id.clone().flatten(), line.target.clone());
        Self { user, target, changed: Changed::of(line), ..Self::new(&line.phone_number, &line.reason) }
    }
}

pub(crate) async fn differences(services: Arc<Services>, request: Request) -> Outcome {
    let asked = request.query_text("list").map_or_else(|| "missing".to_owned(), |text| text.into_owned());
    let latest = services.read("comparison_read", reconciliation_latest).await?;
    let stored = latest.as_ref().and_then(|latest| latest.report.clone());
    let report = stored.clone().map(read_report).unwrap_or_default();
    let (title, count, rows): (&str, usize, Vec<Row>) = if asked == "foreign" {
        let lines = report.foreign_numbers.iter().map(|line| Row::new(&line.phone_number, &line.reason)).collect();
        ("Not ours", usize::try_from(report.foreign).unwrap_or(usize::MAX), lines)
    } else {
        let known = lists(&report).into_iter().find(|(_, name, ..)| *name == asked);
        let (lines, name, title, _) = known.ok_or_else(|| {
            Problem::invalid_field(
                "list",
                "must be missing, conflicts, webhook_drift, attachment_drift, repaired, adopted or foreign",
            )
        })?;
        (title, count_of(stored.as_ref(), name, lines.len()), lines.iter().map(Row::of).collect())
    };
    let heading = format!("{title} {}", grouped(count));
    let shown = Differences {
        frame: Frame::new(heading.as_str(), &services, &request),
        heading,
        at: latest.map(|latest| When(latest.ended_at.unwrap_or(latest.started_at))),
        left_out: (count > rows.len()).then(|| grouped(count - rows.len())),
        has_targets: rows.iter().any(|row| row.target.is_some()),
        has_changes: rows.iter().any(|row| row.changed.is_some()),
        rows,
    };
    page(StatusCode::OK, &shown, &shown.frame)
}
