//! One number, or one user: what the search finds.
//!
//! How to get it wrong: asking people for E.164. They paste what they have, with spaces, brackets and dashes.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::super::admin::numbers;
use super::super::context::Context;
use super::super::{Outcome, Problem, ProblemCode, Request, see_other};
use super::api::Call;
use super::comparison::Can;
use super::home::AssignmentRow;
use super::page::{Frame, page};
use super::text::{When, phone, tone, words};
use crate::db::dashboard::assignments_of_user;
use crate::domain::{PhoneNumber, UserId};

const HISTORY_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "number.html")]
struct NumberPage {
    frame: Frame,
    shown: String,
    number: Number,
    tone: &'static str,
    bought: When,
    can: Can,
    events: Vec<(When, String, String)>,
}

/// The number document, as far as the page shows it.
#[derive(Deserialize)]
struct Number {
    phone_number: String,
    sid: String,
    status: String,
    area_code: Option<String>,
    country: String,
    webhook_status: String,
    quarantine_reason: Option<String>,
    user_id: Option<String>,
    purchased_at: DateTime<Utc>,
    assignable: bool,
    why_not: Option<String>,
    history: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    at: DateTime<Utc>,
    event: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    user: String,
    live: Option<AssignmentRow>,
    past: Vec<AssignmentRow>,
}

#[derive(Template)]
#[template(path = "nothing.html")]
struct NothingPage {
    frame: Frame,
    asked: String,
    /// Set when the text can only be a number.
    number: Option<String>,
}

pub(crate) async fn search(context: Arc<Context>, request: Request) -> Outcome {
    let asked = request.query_text("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    if asked.is_empty() {
        return Ok(see_other(HeaderValue::from_static(super::page::HOME)));
    }
    request.note("q", asked.as_str());
    if let Some(number) = as_number(&asked) {
        match Call::get(&[]).param("phone_number", number.as_str()).ask(numbers::show, &context, &request).await {
            Ok(document) => return number_page(&context, &request, document),
            Err(problem) if problem.code() == ProblemCode::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    user_page(&context, &request, asked).await
}

/// The number that somebody may mean: E.164, or a North American one as people write it.
fn as_number(asked: &str) -> Option<PhoneNumber> {
    let bare: String = asked.chars().filter(|c| !" ()-.\u{a0}".contains(*c)).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.len() {
        _ if bare.starts_with('+') => bare.parse().ok(),
        10 => format!("+1{digits}").parse().ok(),
        11.. => format!("+{digits}").parse().ok(),
        _ => None,
    }
}

fn number_page(context: &Context, request: &Request, document: serde_json::Value) -> Outcome {
    let number: Number = serde_json::from_value(document).map_err(|_| Problem::internal())?;
    let event = |event: &Event| (When(event.at), words(&event.event), event.detail.clone());
    let shown = NumberPage {
        frame: Frame::new("Number", context, request),
        shown: phone(&number.phone_number),
        tone: tone(&number.status),
        bought: When(number.purchased_at),
        can: can(&number),
        events: number.history.iter().rev().map(event).collect(),
        number,
    };
    page(StatusCode::OK, &shown, shown.frame.said.as_ref())
}

fn can(number: &Number) -> Can {
    match (number.user_id.is_some() || number.status == "released", &number.quarantine_reason) {
        (true, _) => Can::default(),
        (false, Some(reason)) => Can::of_held(reason, number.status == "missing"),
        (false, None) => Can { adopt: false, give_back: true },
    }
}

async fn user_page(context: &Context, request: &Request, asked: String) -> Outcome {
    let Ok(user) = asked.parse::<UserId>() else { return nothing(context, request, asked) };
    let id = user.as_str().to_owned();
    let lines = context.read("assignments_of_user", move |conn| assignments_of_user(conn, &id, HISTORY_MAX)).await?;
    if lines.is_empty() {
        return nothing(context, request, asked);
    }
    let (live, past): (Vec<_>, Vec<_>) =
        lines.into_iter().map(AssignmentRow::new).partition(|row| row.released.is_none());
    let shown =
        UserPage { frame: Frame::new("User", context, request), user: asked, live: live.into_iter().next(), past };
    page(StatusCode::OK, &shown, shown.frame.said.as_ref())
}

fn nothing(context: &Context, request: &Request, asked: String) -> Outcome {
    let number = as_number(&asked).map(|number| number.as_str().to_owned());
    let shown = NothingPage { frame: Frame::new("Nothing found", context, request), asked, number };
    page(StatusCode::NOT_FOUND, &shown, shown.frame.said.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_however_people_write_it() {
        for asked in ["+14155550100", "4155550100", "(415) 555-0100", "1 415 555 0100", "+1 415.555.0100"] {
            assert_eq!(as_number(asked).unwrap().as_str(), "+14155550100", "{asked}");
        }
        for other in ["u-4155550100", "12345", "", "+", "user 1"] {
            assert!(as_number(other).is_none(), "{other}");
        }
    }
}
