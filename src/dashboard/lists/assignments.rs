//! The assignments, those that began last first.

use std::sync::Arc;

use super::csv::{self, Kind};
use super::table::{List, columns, pool_cell, show};
use super::ways::{self, Field, Ways};
use crate::api::lists::Part;
use crate::api::lists::assignments::{FILTERS, assignments as read, count, filter};
use crate::api::services::Services;
use crate::dashboard::cells::Cell;
use crate::dashboard::cells::{number, time, user};
use crate::dashboard::choice::Choice;
use crate::dashboard::page::Frame;
use crate::dashboard::text::{When, words};
use crate::db::assignments::AssignmentRecord;
use crate::routing::{Outcome, Request};

pub(crate) async fn assignments(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::of_a_page(&request, FILTERS)?;
    let (filter, choice) = (filter(&request)?, Choice::of(&services, &request)?);
    let sheet = read(&services, filter.clone(), part).await?;
    let counted = count(&services, filter, &sheet).await?;
    let row = |record: AssignmentRecord| {
        let pool = pool_cell(&choice, &record.pool);
        let cells = [
            user(Some(record.user_id)),
            number(&record.phone_number),
            Cell::Text(words(record.source.as_str())),
            time(record.assigned_at),
            Cell::Time(record.released_at.map(When)),
        ];
        cells.into_iter().chain(pool).collect()
    };
    let states = [("live", "go on".to_owned()), ("ended", "are over".to_owned())];
    let rows = sheet.items.iter().cloned().map(row).collect();
    show(List {
        heading: "Assignments",
        caption: "Assignments, those that began last first, ended ones too",
        columns: columns(&choice, &["User", "Number", "From", "Assigned", "Released"]),
        ways: Ways::of(&request, &sheet, Some(counted), FILTERS, part.limit),
        rows,
        filters: vec![
            Field::text(&request, "user", "User begins with", "ann@"),
            Field::choice(&request, "state", "Those that", states),
        ],
        csv: ways::csv(&request, "/admin/phones/dashboard/assignments.csv", FILTERS),
        beside: None,
        frame: Frame::of_pools("Assignments", &services, &request, choice),
    })
}

pub(crate) async fn assignments_csv(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(FILTERS)?;
    let filter = filter(&request)?;
    csv::stream(services, request, Kind::Assignments(filter)).await
}
