//! Everything of a kind, a page at a time: what the dashboard's short lists link to.
//!
//! How to get it wrong: a list of its own reading. The API's lists are asked, with the API's cursor.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;
use serde_json::Value;

use super::super::admin;
use super::super::context::Context;
use super::super::{Outcome, Request};
use super::api::Call;
use super::page::{Frame, page};
use super::text::{When, phone, tone, words};
use crate::db::dashboard::orders_recent;

const ROWS: &str = "50";
const ORDERS: i64 = 200;

/// A cell of a table.
enum Cell {
    Text(String),
    /// Text that a search finds more about: shown, asked.
    Find(String, String),
    State(String, &'static str),
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

fn text(value: &Value) -> Cell {
    Cell::Text(match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn time(value: &Value) -> Cell {
    Cell::Time(value.as_str().and_then(|text| text.parse().ok()).map(When))
}

fn state(value: &Value) -> Cell {
    let state = value.as_str().unwrap_or_default();
    Cell::State(words(state), tone(state))
}

fn number(value: &Value) -> Cell {
    let e164 = value.as_str().unwrap_or_default();
    Cell::Find(phone(e164), e164.to_owned())
}

fn find(value: &Value) -> Cell {
    value.as_str().map_or_else(|| text(value), |user| Cell::Find(user.to_owned(), user.to_owned()))
}

/// Where the next page is, with the same filter.
fn next(document: &Value, status: &str) -> Option<String> {
    let cursor = document["next_cursor"].as_str()?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("cursor", cursor);
    if !status.is_empty() {
        query.append_pair("status", status);
    }
    Some(format!("?{}", query.finish()))
}

fn rows(document: &Value, row: impl Fn(&Value) -> Vec<Cell>) -> Vec<Vec<Cell>> {
    document["items"].as_array().map(|items| items.iter().map(row).collect()).unwrap_or_default()
}

fn query(request: &Request, name: &str) -> String {
    request.query_text(name).unwrap_or_default().into_owned()
}

pub(crate) async fn numbers(context: Arc<Context>, request: Request) -> Outcome {
    let (cursor, status) = (query(&request, "cursor"), query(&request, "status"));
    let call = Call::get(&[("limit", ROWS), ("cursor", cursor.as_str()), ("status", status.as_str())]);
    let document = call.ask(admin::lists::numbers, &context, &request).await?;
    let filters = [
        ("", "all"),
        ("available", "available"),
        ("assigned", "assigned"),
        ("quarantined", "quarantined"),
        ("missing", "missing"),
        ("released", "released"),
    ];
    show(List {
        frame: Frame::new("Numbers", &context, &request),
        heading: "Numbers",
        caption: "Numbers in the order they came",
        columns: &["Number", "State", "Webhooks", "User", "Bought"],
        rows: rows(&document, |item| {
            vec![
                number(&item["phone_number"]),
                state(&item["status"]),
                state(&item["webhook_status"]),
                find(&item["user_id"]),
                time(&item["purchased_at"]),
            ]
        }),
        next: next(&document, &status),
        filters: filters.into_iter().map(|(value, label)| (value, label, value == status)).collect(),
    })
}

pub(crate) async fn assignments(context: Arc<Context>, request: Request) -> Outcome {
    let cursor = query(&request, "cursor");
    let call = Call::get(&[("limit", ROWS), ("cursor", cursor.as_str())]);
    let document = call.ask(admin::lists::assignments, &context, &request).await?;
    show(List {
        frame: Frame::new("Assignments", &context, &request),
        heading: "Assignments",
        caption: "Assignments, newest first, ended ones too",
        columns: &["User", "Number", "From", "Assigned", "Released"],
        rows: rows(&document, |item| {
            vec![
                find(&item["user_id"]),
                number(&item["phone_number"]),
                text(&item["source"]),
                time(&item["assigned_at"]),
                time(&item["released_at"]),
            ]
        }),
        next: next(&document, ""),
        filters: Vec::new(),
    })
}

pub(crate) async fn passes(context: Arc<Context>, request: Request) -> Outcome {
    let cursor = query(&request, "cursor");
    let call = Call::get(&[("limit", ROWS), ("cursor", cursor.as_str())]);
    let document = call.ask(admin::lists::passes, &context, &request).await?;
    show(List {
        frame: Frame::new("Passes", &context, &request),
        heading: "Passes",
        caption: "What each pass did and why, newest first",
        columns: &["When", "Set off by", "Bought", "Why", "Error"],
        rows: rows(&document, |item| {
            vec![
                time(&item["at"]),
                Cell::Text(words(item["trigger"].as_str().unwrap_or_default())),
                text(&item["purchased_count"]),
                text(&item["explanation"]),
                text(&item["error"]),
            ]
        }),
        next: next(&document, ""),
        filters: Vec::new(),
    })
}

pub(crate) async fn orders(context: Arc<Context>, request: Request) -> Outcome {
    let orders = context.read("orders_recent", |conn| orders_recent(conn, ORDERS)).await?;
    let row = |order: super::home::OrderRow| {
        vec![
            Cell::Time(Some(order.at)),
            Cell::Text(order.trigger),
            Cell::State(order.state, order.tone),
            Cell::Text(format!("{} of {}", order.purchased, order.requested)),
            Cell::Text(order.area_code),
            Cell::Text(order.errors.join(" ")),
        ]
    };
    show(List {
        frame: Frame::new("Orders", &context, &request),
        heading: "Orders",
        caption: "The last 200 orders, open ones first, then newest first",
        columns: &["When", "Set off by", "State", "Bought", "Area code", "What fell short"],
        rows: orders.into_iter().map(super::home::OrderRow::new).map(row).collect(),
        next: None,
        filters: Vec::new(),
    })
}

pub(crate) async fn audit(context: Arc<Context>, request: Request) -> Outcome {
    let cursor = query(&request, "cursor");
    let call = Call::get(&[("limit", ROWS), ("cursor", cursor.as_str())]);
    let document = call.ask(admin::audit::audit, &context, &request).await?;
    show(List {
        frame: Frame::new("Audit trail", &context, &request),
        heading: "Audit trail",
        caption: "Who did what, from where, with which result, newest first",
        columns: &["When", "Who", "From", "What", "Details", "Result"],
        rows: rows(&document, |item| {
            vec![
                time(&item["at"]),
                text(&item["who"]),
                text(&item["address"]),
                Cell::Text(super::home::what(item["action"].as_str().unwrap_or_default(), &item["detail"])),
                Cell::Text(details(&item["detail"])),
                result(&item["result"], &item["code"]),
            ]
        }),
        next: next(&document, ""),
        filters: Vec::new(),
    })
}

/// What was asked for, as `name value` pairs.
fn details(detail: &Value) -> String {
    let pair = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{} {text}", words(name)),
        other => format!("{} {other}", words(name)),
    };
    detail.as_object().map(|all| all.iter().map(pair).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

/// How a call ended: its code when it has one, else its status.
fn result(status: &Value, code: &Value) -> Cell {
    let number = status.as_u64().unwrap_or(0);
    let tone = match number {
        200..=399 => "good",
        400..=499 => "warn",
        _ => "bad",
    };
    let word = code.as_str().map(words);
    Cell::State(word.unwrap_or_else(|| if number < 400 { "ok".to_owned() } else { number.to_string() }), tone)
}

fn show(list: List) -> Outcome {
    page(StatusCode::OK, &list, list.frame.said.as_ref())
}
