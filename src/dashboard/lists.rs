//! Everything of a kind, a page at a time: what the dashboard's short lists link to.
//!
//! How to get it wrong: a list of its own reading. The API's lists are read, with the API's cursor.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::page::{Frame, page};
use super::text::{Shown, When, phone, words};
use super::trouble::Trouble;
use crate::api::lists::{self, AssignmentView, ExplainedPass, Part};
use crate::api::numbers::NumberView;
use crate::api::services::Services;
use crate::db::numbers::NumberFilter;
use crate::db::purchases::orders_recent;
use crate::domain::{NumberStatus, PhoneNumber};
use crate::routing::{Outcome, Request};

const ORDERS: i64 = 200;

/// A cell of a table.
enum Cell {
    Text(String),
    /// Text that a search finds more about: shown, asked.
    Find(String, String),
    State(String, &'static str),
    /// What went wrong, a line each, the rest folded behind it.
    Troubles(Vec<Trouble>),
    Time(Option<When>),
}

#[derive(Template)]
#[template(path = "list.html")]
struct List {
    frame: Frame,
    heading: &'static str,
    caption: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
    next: Option<String>,
    filters: Vec<(&'static str, &'static str, bool)>,
}

/// What is not there is a dash.
fn text(value: Option<impl ToString>) -> Cell {
    Cell::Text(value.map_or_else(|| "–".to_owned(), |value| value.to_string()))
}

fn time(at: DateTime<Utc>) -> Cell {
    Cell::Time(Some(When(at)))
}

fn state(state: impl Shown) -> Cell {
    Cell::State(state.word().to_owned(), state.tone())
}

fn number(number: &PhoneNumber) -> Cell {
    Cell::Find(phone(number.as_str()), number.to_string())
}

fn user(user: Option<String>) -> Cell {
    user.map_or_else(|| text(None::<String>), |user| Cell::Find(user.clone(), user))
}

/// Where the next page is, with the same filter.
fn next(cursor: Option<String>, status: Option<NumberStatus>) -> Option<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("cursor", &cursor?);
    if let Some(status) = status {
        query.append_pair("status", status.as_str());
    }
    Some(format!("?{}", query.finish()))
}

pub(crate) async fn numbers(services: Arc<Services>, request: Request) -> Outcome {
    let status: Option<NumberStatus> = request.query("status")?;
    let filter = NumberFilter { status, area_code: None };
    let found = lists::numbers(&services, filter, Part::of_a_page(&request)?).await?;
    let row = |view: NumberView| {
        vec![
            number(&view.phone_number),
            state(view.status),
            state(view.webhook_status),
            user(view.user_id),
            time(view.purchased_at),
        ]
    };
    let filters = [
        ("", "all"),
        ("available", "available"),
        ("assigned", "assigned"),
        ("quarantined", "quarantined"),
        ("missing", "missing"),
        ("released", "released"),
    ];
    let shown = status.map_or("", NumberStatus::as_str);
    show(List {
        frame: Frame::new("Numbers", &services, &request),
        heading: "Numbers",
        caption: "Numbers in the order they came",
        columns: &["Number", "State", "Webhooks", "User", "Bought"],
        rows: found.items.into_iter().map(row).collect(),
        next: next(found.next_cursor, status),
        filters: filters.into_iter().map(|(value, label)| (value, label, value == shown)).collect(),
    })
}

pub(crate) async fn assignments(services: Arc<Services>, request: Request) -> Outcome {
    let found = lists::assignments(&services, Part::of_a_page(&request)?).await?;
    let row = |view: AssignmentView| {
        vec![
            user(Some(view.user_id)),
            number(&view.phone_number),
            Cell::Text(view.source.to_string()),
            time(view.assigned_at),
            Cell::Time(view.released_at.map(When)),
        ]
    };
    show(List {
        frame: Frame::new("Assignments", &services, &request),
        heading: "Assignments",
        caption: "Assignments, newest first, ended ones too",
        columns: &["User", "Number", "From", "Assigned", "Released"],
        rows: found.items.into_iter().map(row).collect(),
        next: next(found.next_cursor, None),
        filters: Vec::new(),
    })
}

pub(crate) async fn passes(services: Arc<Services>, request: Request) -> Outcome {
    let found = lists::passes(&services, Part::of_a_page(&request)?).await?;
    let row = |ExplainedPass { pass, explanation }: ExplainedPass| {
        vec![
            time(pass.at),
            Cell::Text(words(pass.trigger.as_str())),
            text(Some(pass.purchased_count)),
            Cell::Text(explanation),
            Cell::Troubles(pass.error.iter().map(|error| Trouble::new(error)).collect()),
        ]
    };
    show(List {
        frame: Frame::new("Checks", &services, &request),
        heading: "Checks",
        caption: "What each check did and why, newest first",
        columns: &["When", "Cause", "Bought", "Why", "Error"],
        rows: found.items.into_iter().map(row).collect(),
        next: next(found.next_cursor, None),
        filters: Vec::new(),
    })
}

pub(crate) async fn orders(services: Arc<Services>, request: Request) -> Outcome {
    let orders = services.read("orders_recent", |conn| orders_recent(conn, ORDERS)).await?;
    let row = |order: super::home::OrderRow| {
        vec![
            Cell::Time(Some(order.at)),
            Cell::Text(order.trigger),
            Cell::State(order.state.to_owned(), order.tone),
            Cell::Text(format!("{} of {}", order.purchased, order.requested)),
            Cell::Text(order.area_code),
            Cell::Troubles(order.errors),
        ]
    };
    show(List {
        frame: Frame::new("Orders", &services, &request),
        heading: "Orders",
        caption: "The last 200 orders, open ones first, then newest first",
        columns: &["When", "Cause", "State", "Bought", "Area code", "What fell short"],
        rows: orders.into_iter().map(super::home::OrderRow::new).map(row).collect(),
        next: None,
        filters: Vec::new(),
    })
}

fn show(list: List) -> Outcome {
    page(StatusCode::OK, &list, list.frame.said.as_ref())
}
