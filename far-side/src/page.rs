//! The page for people: the mailbox of what would have been mailed, and what webhooks, Slack and PagerDuty got.
//!
//! Invariant: newest first; what came is escaped, and the HTML part of a mail stands in a frame in which nothing runs.
//!
//! How to get it wrong: putting a mail's HTML into the page itself.

use askama::Template;
use serde_json::{Value, json};

use crate::got::{Got, Mail, Request};

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    mails: Vec<Letter>,
    posts: Vec<Post>,
}

struct Letter {
    at: String,
    from: String,
    to: String,
    subject: String,
    is_taken: bool,
    plain: String,
    html: Option<String>,
}

struct Post {
    at: String,
    what: &'static str,
    line: String,
    status: String,
    headers: Vec<(String, String)>,
    body: String,
}

pub(crate) fn of(got: &Got) -> Result<String, askama::Error> {
    let mails = got.mails.iter().rev().map(letter).collect();
    Page { mails, posts: got.requests.iter().rev().map(post).collect() }.render()
}

/// The same for programs, oldest first: mails as they came, and as a reader sees them.
pub(crate) fn as_json(got: &Got) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mail = |mail: &Mail| {
        json!({
            "at": mail.at, "is_taken": mail.is_taken, "user": mail.user, "from": mail.from, "to": mail.to,
            "subject": mail.subject(), "plain": mail.plain(), "html": mail.html(), "raw": text(&mail.raw),
        })
    };
    let request = |request: &Request| {
        json!({
            "at": request.at, "method": request.method, "path": request.path, "headers": request.headers,
            "body": text(&request.body), "status": request.status,
        })
    };
    json!({
        "mails": got.mails.iter().map(mail).collect::<Vec<_>>(),
        "requests": got.requests.iter().map(request).collect::<Vec<_>>(),
        "sessions": got.sessions.iter().map(|one| json!({"at": one.at, "said": one.said})).collect::<Vec<_>>(),
    })
}

fn letter(mail: &Mail) -> Letter {
    Letter {
        at: mail.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        from: mail.from.clone(),
        to: mail.to.join(", "),
        subject: mail.subject(),
        is_taken: mail.is_taken,
        plain: mail.plain().unwrap_or_default(),
        html: mail.html(),
    }
}

fn post(request: &Request) -> Post {
    let tells = |name: &&(String, String)| name.0.starts_with("webhook-");
    Post {
        at: request.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        what: what(request),
        line: format!("{} {}", request.method, request.path),
        status: request.status.map_or_else(|| "no answer".into(), |status| status.to_string()),
        headers: request.headers.iter().filter(tells).cloned().collect(),
        body: readable(request),
    }
}

fn what(request: &Request) -> &'static str {
    if request.header("webhook-id").is_some() {
        "Webhook"
    } else if request.path.starts_with("/slack") {
        "Slack"
    } else if request.path.ends_with("/v2/enqueue") {
        "PagerDuty"
    } else if request.method == "GET" {
        "Sign of life"
    } else {
        "Request"
    }
}

/// Slack's text as it is read, other JSON with its indents.
fn readable(request: &Request) -> String {
    let json = request.json();
    match (&json, json.get("text")) {
        (Value::Null, _) => String::from_utf8_lossy(&request.body).into_owned(),
        (_, Some(Value::String(text))) => text.clone(),
        _ => serde_json::to_string_pretty(&json).unwrap_or_default(),
    }
}
