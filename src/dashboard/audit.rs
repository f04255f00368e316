//! The audit trail as a page: what was done, and on demand what was only looked at; by whom and what, as asked for.
//!
//! Invariant: a row is a line. Whatever is long is folded behind it, and no longer than a screen even then.
//! How to get it wrong: taking a reader's closed page for a fault. It is calm.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;
use serde_json::Value;

use super::cells::{Link, order_link};
use super::lists::ways::Ways;
use super::page::{Frame, page};
use super::text::{Shown as _, When, words};
use crate::access::Person;
use crate::api::audit::{self as trail, AuditView, FILTERS};
use crate::api::lists::Part;
use crate::api::services::Services;
use crate::db::audit::AuditFilter;
use crate::routing::{Outcome, Request};

/// Letters of what is folded: the API has all of it.
const FOLDED_MAX: usize = 4000;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    rows: Vec<Row>,
    ways: Ways,
    who: String,
    action: String,
    is_acts_only: bool,
    /// The same list with, or without, what only looked.
    other: String,
}

struct Row {
    at: When,
    /// As the trail has it, which is what is asked for, and as a person.
    who: String,
    person: Person,
    address: String,
    what: String,
    action: String,
    /// The order that the call placed or looked at.
    order: Option<Link>,
    summary: String,
    /// All of the details, where the summary leaves some out.
    full: Option<String>,
    outcome: String,
    tone: &'static str,
}

impl Row {
    fn new(line: AuditView, request: &Request) -> Self {
        Self {
            tone: tone(&line),
            full: full(&line.detail, &line.summary),
            what: what(&line.action, &line.detail),
            order: order_of(&line.detail),
            at: When(line.at),
            person: request.person(&line.who),
            who: line.who,
            address: line.address.unwrap_or_default(),
            action: line.action,
            summary: line.summary,
            outcome: line.outcome,
        }
    }
}

/// What was done. Rows of earlier versions call every form `acts`, and say in their details which.
pub(super) fn what(action: &str, detail: &Value) -> String {
    words(detail["act"].as_str().filter(|_| action == "acts").unwrap_or(action))
}

/// The order that a call placed or looked at.
fn order_of(detail: &Value) -> Option<Link> {
    detail["purchase_id"].as_str()?.parse().ok().map(order_link)
}

/// How the end of a call looks: of an order that has less than it asked for as the order does.
pub(super) fn tone(line: &AuditView) -> &'static str {
    match line.order_outcome.filter(|order| line.code.is_none() && order.has_less()) {
        Some(order) => order.tone(),
        None => tone_of_call(&line.outcome, line.result),
    }
}

fn tone_of_call(outcome: &str, result: Option<i32>) -> &'static str {
    match (outcome, result) {
        ("ok", _) => "good",
        ("closed" | "skipped", _) => "calm",
        ("client gone" | "incomplete", _) | (_, Some(..=499)) => "warn",
        _ => "bad",
    }
}

/// The details as text, when the line does not tell all of them.
fn full(detail: &Value, summary: &str) -> Option<String> {
    let is_long = |value: &Value| value.is_array() || value.is_object();
    let is_short = detail.as_object().is_none_or(|all| !all.values().any(is_long)) && !summary.contains('…');
    if is_short {
        return None;
    }
    let text = serde_json::to_string_pretty(detail).unwrap_or_default();
    match text.char_indices().nth(FOLDED_MAX) {
        Some((end, _)) => Some(format!("{}…\n(the API has all of it)", &text[..end])),
        None => Some(text),
    }
}

/// The list's address with these choices, from its beginning.
fn address(filter: &AuditFilter, acts_only: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let fields = [("who", filter.who.as_deref()), ("action", filter.action.as_deref())];
    for (name, value) in fields {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if !acts_only {
        query.append_pair("acts", "false");
    }
    format!("?{}", query.finish())
}

pub(crate) async fn audit(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::of_a_page(&request, FILTERS)?;
    let filter = trail::filter(&request, true)?;
    let sheet = trail::audit(&services, filter.clone(), part).await?;
    let shown = AuditPage {
        frame: Frame::new("Audit trail", &services, &request),
        ways: Ways::of(&request, &sheet, None, FILTERS, part.limit),
        other: address(&filter, !filter.acts_only),
        is_acts_only: filter.acts_only,
        who: filter.who.unwrap_or_default(),
        action: filter.action.unwrap_or_default(),
        rows: sheet.items.into_iter().map(|line| Row::new(line.into(), &request)).collect(),
    };
    page(StatusCode::OK, &shown, &shown.frame)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_line_leaves_out_is_folded_and_no_fold_is_endless() {
        assert_eq!(full(&json!({"reason": "lunch"}), "reason lunch"), None);
        let numbers: Vec<u32> = (0..10_000).collect();
        let folded = full(&json!({"numbers": numbers}), "10,000 numbers").unwrap();
        assert!(folded.ends_with("(the API has all of it)") && folded.len() < 5000, "{}", folded.len());
    }

    #[test]
    fn a_page_that_was_left_is_calm_and_a_refusal_is_not() {
        assert_eq!(
            (tone_of_call("closed", None), tone_of_call("ok", None), tone_of_call("ok", Some(303))),
            ("calm", "good", "good")
        );
        assert_eq!(
            (tone_of_call("number assigned", Some(409)), tone_of_call("database unavailable", None)),
            ("warn", "bad")
        );
        assert_eq!((tone_of_call("internal", Some(500)), tone_of_call("problem", None)), ("bad", "bad"));
    }

    #[test]
    fn the_same_list_with_what_only_looked_keeps_what_was_asked_for() {
        let filter = AuditFilter { who: Some("ann & co".to_owned()), action: None, acts_only: false };
        assert_eq!(address(&filter, false), "?who=ann+%26+co&acts=false");
        assert_eq!(address(&filter, true), "?who=ann+%26+co");
    }
}
