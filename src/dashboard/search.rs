//! One number, or one user: what the search finds.
//!
//! How to get it wrong: asking people for E.164. They paste what they have, with spaces, brackets and dashes.

use std::sync::Arc;

use askama::Template;
use http::{HeaderValue, StatusCode};

use super::comparison::Can;
use super::home::AssignmentRow;
use super::page::{Frame, page};
use super::text::{Shown, When, phone, words};
use crate::api::numbers::{self, HistoryView, NumberInFull};
use crate::api::services::Services;
use crate::db::assignments::assignments_of_user;
use crate::domain::{NumberStatus, PhoneNumber, UserId, number_as_written};
use crate::http::{ProblemCode, see_other};
use crate::routing::{Outcome, Request};

const HISTORY_MAX: i64 = 100;

#[derive(Template)]
#[template(path = "number.html")]
struct NumberPage {
    frame: Frame,
    shown: String,
    number: NumberInFull,
    state: &'static str,
    tone: &'static str,
    bought: When,
    can: Can,
    events: Vec<(When, String, String)>,
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

pub(crate) async fn search(services: Arc<Services>, request: Request) -> Outcome {
    let asked = request.query_text("q").map(|text| text.trim().to_owned()).unwrap_or_default();
    if asked.is_empty() {
        return Ok(see_other(HeaderValue::from_static(super::page::HOME)));
    }
    request.note("q", asked.as_str());
    if let Some(number) = as_number(&asked) {
        request.note("phone_number", number.as_str());
        match numbers::number(&services, number).await {
            Ok(number) => return number_page(&services, &request, number),
            Err(problem) if problem.code() == ProblemCode::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    user_page(&services, &request, asked).await
}

/// The number that somebody may mean: E.164, or a North American one as people write it.
fn as_number(asked: &str) -> Option<PhoneNumber> {
    number_as_written(asked)
}

fn number_page(services: &Services, request: &Request, number: NumberInFull) -> Outcome {
    let event = |told: &HistoryView| (When(told.event.at), words(told.event.event.as_str()), told.detail.clone());
    let name = phone(number.view.phone_number.as_str());
    let shown = NumberPage {
        frame: Frame::new(name.as_str(), services, request),
        shown: name,
        state: number.view.status.word(),
        tone: number.view.status.tone(),
        bought: When(number.view.purchased_at),
        can: can(&number),
        events: number.history.iter().rev().map(event).collect(),
        number,
    };
    page(StatusCode::OK, &shown, shown.frame.said.as_ref())
}

fn can(number: &NumberInFull) -> Can {
    let status = number.view.status;
    match (number.view.user_id.is_some() || status == NumberStatus::Released, number.quarantine_reason) {
        (true, _) => Can::default(),
        (false, Some(reason)) => Can::of_reason(reason, status == NumberStatus::Missing),
        (false, None) => Can { adopt: false, give_back: true },
    }
}

async fn user_page(services: &Services, request: &Request, asked: String) -> Outcome {
    let Ok(user) = asked.parse::<UserId>() else { return nothing(services, request, asked) };
    let id = user.as_str().to_owned();
    let lines = services.read("assignments_of_user", move |conn| assignments_of_user(conn, &id, HISTORY_MAX)).await?;
    if lines.is_empty() {
        return nothing(services, request, asked);
    }
    let (live, past): (Vec<_>, Vec<_>) =
        lines.into_iter().map(AssignmentRow::new).partition(|row| row.released.is_none());
    let shown = UserPage {
        frame: Frame::new(asked.as_str(), services, request),
        user: asked,
        live: live.into_iter().next(),
        past,
    };
    page(StatusCode::OK, &shown, shown.frame.said.as_ref())
}

fn nothing(services: &Services, request: &Request, asked: String) -> Outcome {
    let number = as_number(&asked).map(|number| number.as_str().to_owned());
    let shown = NothingPage { frame: Frame::new("Nothing found", services, request), asked, number };
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
