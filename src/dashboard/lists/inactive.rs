//! The numbers of users of which no use is known for some days.
//!
//! How to get it wrong: showing silence where nothing is known. What is in the way stands beside each.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::table::{List, columns, pool_cell, show};
use super::ways::{Field, Ways};
use crate::api::inactive::{InactiveView, inactive as read};
use crate::api::lists::Part;
use crate::api::notice::NoticeView;
use crate::api::services::Services;
use crate::dashboard::cells::Cell;
use crate::dashboard::cells::{known_by, number, text, time, user};
use crate::dashboard::choice::Choice;
use crate::dashboard::page::Frame;
use crate::routing::{Outcome, Request};

const FILTERS: &[&str] = &["days"];

/// How far a notice has come; a time stands in UTC, for it is one of a day.
fn notice(notice: Option<NoticeView>) -> Cell {
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    text(notice.map(|notice| match notice.take_after {
        Some(until) => format!("told; taken after {}", day(until)),
        None => "is still to be told".to_owned(),
    }))
}

fn row(choice: &Choice, view: InactiveView) -> Vec<Cell> {
    let cells = [
        number(&view.phone_number),
        user(Some(view.user_id)),
        time(view.last_used_at),
        text(Some(known_by(view.last_used_source))),
        time(view.assigned_at),
        notice(view.notice),
        text(view.why_not),
    ];
    cells.into_iter().chain(pool_cell(choice, &view.pool)).collect()
}

pub(crate) async fn inactive(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::of_a_page(&request, FILTERS)?;
    let (sheet, days) = read(&services, request.query("days")?, part).await?;
    let frame = Frame::new(format!("Not used for {days} days"), &services, &request);
    let mut field = Field::text(&request, "days", "Not used for so many days", "90");
    field.value = days.to_string();
    let ways = Ways::of(&request, &sheet, None, FILTERS, part.limit);
    show(List {
        heading: "Numbers that nobody uses",
        caption: "Numbers of users of which no use is known, in the order in which they came",
        columns: columns(
            &frame.choice,
            &["Number", "User", "Last used", "Known by", "Theirs since", "Notice", "In the way"],
        ),
        ways,
        rows: sheet.items.into_iter().map(|view| row(&frame.choice, view)).collect(),
        filters: vec![field],
        csv: None,
        beside: None,
        frame,
    })
}
