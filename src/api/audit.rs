//! The audit trail, newest first.
//!
//! What a row says of itself for people, how it ended and what it was about, is made here, for pages and commands alike.
//! How to get it wrong: a row of the schedule has no status, because no request was answered. It ended well unless its
//! code, or its details, say otherwise.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::lists::{Page, Part, Sheet};
use super::services::Services;
use crate::access::{BY_SESSION, KEY_HASH, key_in, says_session};
use crate::db::audit::{AuditFilter, AuditRecord, AuditTold, audit_list, audit_told};
use crate::db::slice::Slice;
use crate::domain::OrderOutcome;
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["who", "action", "acts"];

/// What a call's `outcome` is when nothing was wrong with it.
const OK: &str = "ok";
/// Pairs of a summary, and letters of each of its values.
const PAIRS: usize = 4;
const LETTERS: usize = 60;
/// Elements of a list that are named.
const NAMED: usize = 3;

/// One row as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditLine)]
pub(crate) struct AuditView {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Who: the name of their key; of one without a name its fingerprint, after `session:` when a session vouched for it;
    /// `cron` or `nobody`.
    pub(crate) who: String,
    /// The fingerprint of their key.
    #[schema(required)]
    pub(crate) key_hash: Option<String>,
    /// Whether a session vouched for them rather than the key itself.
    pub(crate) by_session: bool,
    /// From where.
    #[schema(required)]
    pub(crate) address: Option<String>,
    /// What.
    pub(crate) action: String,
    /// HTTP's.
    #[schema(required)]
    pub(crate) method: Option<String>,
    /// The route's pattern.
    #[schema(required)]
    pub(crate) path: Option<String>,
    /// What was asked for.
    #[schema(value_type = Object)]
    pub(crate) detail: Value,
    /// The answer's status.
    #[schema(required)]
    pub(crate) result: Option<i32>,
    /// The problem's code.
    #[schema(required)]
    pub(crate) code: Option<String>,
    /// The name of the call in the log.
    #[schema(required)]
    pub(crate) request_id: Option<String>,
    /// How it ended, in a word: `ok`, the code in words, the status; `closed` when somebody who only looked went away. An order
    /// that was accepted and bought less than it was to says that.
    pub(crate) outcome: String,
    /// What came of the order that it placed, as it stands now.
    #[schema(required)]
    pub(crate) order_outcome: Option<OrderOutcome>,
    /// What it was about, in a line; long lists are counted.
    pub(crate) summary: String,
}

impl From<AuditTold> for AuditView {
    fn from(AuditTold { record, outcome: order_outcome }: AuditTold) -> Self {
        let AuditRecord { id: _, at, who, address, action, method, path, mut detail, result, code, request_id } =
            record;
        let mut kept_apart = |name| detail.as_object_mut().and_then(|fields| fields.remove(name));
        let key_hash = kept_apart(KEY_HASH).and_then(|hash| hash.as_str().map(str::to_owned));
        let by_session = kept_apart(BY_SESSION) == Some(Value::Bool(true)) || says_session(&who);
        let key_hash = key_hash.or_else(|| key_in(&who).map(|key| key.to_string()));
        let ended = outcome(method.as_deref(), result, code.as_deref(), &detail);
        let outcome = match order_outcome.filter(|order| ended == OK && order.has_less()) {
            Some(order) => order.as_str().replace('_', " "),
            None => ended,
        };
        let summary = summary(&detail);
        Self {
            at,
            who,
            key_hash,
            by_session,
            address,
            action,
            method,
            path,
            detail,
            result,
            code,
            request_id,
            outcome,
            order_outcome,
            summary,
        }
    }
}

fn outcome(method: Option<&str>, result: Option<i32>, code: Option<&str>, detail: &Value) -> String {
    let only_looks = matches!(method, Some("GET" | "HEAD"));
    match (code, result) {
        (Some("client_gone"), _) if only_looks => "closed".to_owned(),
        (Some(code), _) => code.replace('_', " "),
        (None, Some(status)) if status < 400 => OK.to_owned(),
        (None, Some(status)) => status.to_string(),
        // The schedule's: nobody was answered.
        (None, None) if !detail["skipped"].is_null() => "skipped".to_owned(),
        (None, None) if !detail["problem"].is_null() => "problem".to_owned(),
        (None, None) => OK.to_owned(),
    }
}

/// A value in a few words: `1,000 numbers` instead of a thousand.
fn short(name: &str, value: &Value) -> String {
    match value {
        Value::Array(all) if all.len() > NAMED => {
            let what = if name.contains("number") { "numbers".to_owned() } else { name.replace('_', " ") };
            format!("{} {what}", crate::domain::grouped(all.len()))
        }
        Value::Array(all) => {
            let named: Vec<String> = all.iter().map(|one| short(name, one)).collect();
            format!("{} {}", name.replace('_', " "), named.join(" "))
        }
        Value::Object(fields) => format!("{} {} fields", name.replace('_', " "), fields.len()),
        Value::String(text) => text.clone(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other.to_string(),
    }
}

/// The details in a line.
pub(crate) fn summary(detail: &Value) -> String {
    let Some(all) = detail.as_object() else { return String::new() };
    let told = all.iter().filter(|(_, value)| !value.is_null());
    let pair = |(name, value): (&String, &Value)| {
        let text = short(name, value);
        let text =
            if value.is_array() || value.is_object() { text } else { format!("{} {text}", name.replace('_', " ")) };
        match text.char_indices().nth(LETTERS) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    let pairs: Vec<String> = told.clone().take(PAIRS).map(pair).collect();
    let more = if told.count() > PAIRS { ", …" } else { "" };
    pairs.join(", ") + more
}

/// Which rows somebody asks for; pages leave out what only looked, unless they are asked.
pub(crate) fn filter(request: &Request, acts_only: bool) -> Result<AuditFilter, Problem> {
    let text = |name| request.query_text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let acts_only = request.query::<bool>("acts")?.unwrap_or(acts_only);
    Ok(AuditFilter { who: text("who"), action: text("action"), acts_only })
}

pub(crate) async fn audit(services: &Services, filter: AuditFilter, part: Part) -> Result<Sheet<AuditTold>, Problem> {
    let read = move |conn: &mut crate::db::Connection, slice: Slice<i64>, most: i64| {
        audit_list(conn, &filter, slice, most).and_then(|lines| audit_told(conn, lines))
    };
    part.read(services, "audit_list", read, |told| told.record.id).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, FILTERS)?;
    answer(audit(&services, filter(&request, false)?, part).await.map(Sheet::page::<AuditView>))
}

pub(crate) fn about() -> About {
    About::new("audit", "Pool", "Who did what, newest first")
        .query::<String>("who", "Only theirs: as `who` tells it, through a session or not.")
        .query::<String>("action", "Only this, as `action` tells it.")
        .query::<bool>("acts", "`true` leaves out what only looked.")
        .page::<Page<AuditView>, AuditView>(
            json!({"items": [{"at": "2026-11-22T12:12:58.648702Z", "who": "dana", "key_hash": "6d843254d280", "by_session": true, "address": "198.51.100.7",
            "action": "pause", "method": "POST", "path": "/admin/phones/api/pause", "detail": {"reason": "lunch"},
            "result": 200, "code": null, "request_id": "31193e41-06e8-4345-839a-c3b7f1f01ef1", "outcome": "ok",
            "order_outcome": null, "summary": "reason lunch"}], "next_cursor": null}),
        )
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_comparison_of_the_schedule_is_ok_and_a_stream_that_is_left_is_calm() {
        let told = |method: Option<&str>, result, code, detail: Value| outcome(method, result, code, &detail);
        assert_eq!(told(None, None, None, json!({"adopted": 0, "problem": null})), "ok");
        assert_eq!(told(None, None, None, json!({"skipped": "another instance did it"})), "skipped");
        assert_eq!(told(None, None, None, json!({"problem": "40 are gone"})), "problem");
        assert_eq!(told(None, None, Some("incomplete"), json!({})), "incomplete");
        assert_eq!(told(Some("GET"), None, Some("client_gone"), json!({})), "closed");
        assert_eq!(told(Some("POST"), None, Some("client_gone"), json!({})), "client gone");
        assert_eq!(told(Some("POST"), Some(409), Some("number_assigned"), json!({})), "number assigned");
        assert_eq!(
            (told(Some("GET"), Some(303), None, json!({})), told(Some("GET"), Some(500), None, json!({}))),
            ("ok".to_owned(), "500".to_owned())
        );
    }

    #[test]
    fn a_thousand_numbers_are_counted_and_three_are_named() {
        let numbers: Vec<String> = (0..1000).map(|index| format!("+1415555{index:04}")).collect();
        assert_eq!(summary(&json!({"phone_numbers": numbers, "dry_run": true})), "1,000 numbers, dry run true");
        assert_eq!(summary(&json!({"reason": "lunch", "nothing": null})), "reason lunch");
        assert!(summary(&json!({"reason": "x".repeat(500)})).chars().count() < 80);
        assert_eq!(summary(&json!({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5})), "a 1, b 2, c 3, d 4, …");
    }
}
