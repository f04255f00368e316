//! Pause and resume.
//!
//! How to get it wrong: showing pause and halt in two ways; the status has the same lines.

use serde_json::{Map, Value};

use super::api_request::ApiRequest;
use super::args::{PauseArgs, ResumeArgs};
use super::client::Client;
use super::ending::{Ending, say};
use super::screen::Tone;
use super::tables::{Facts, items, text};
use crate::domain::PoolName;

pub(super) fn pause(client: &Client, args: &PauseArgs) -> Ending {
    let done = "Automatic buying is paused on all instances; `callbunker resume` lets it go on.";
    set(client, args, ("pause", None), done)
}

pub(super) fn resume(client: &Client, args: &ResumeArgs) -> Ending {
    let done = match &args.pool {
        Some(pool) => format!("Buying for {pool} goes on, as far as nothing else stops it."),
        None => "Automatic buying goes on.".to_owned(),
    };
    set(client, &args.pause, ("resume", args.pool.as_ref()), &done)
}

fn set(client: &Client, args: &PauseArgs, (what, pool): (&str, Option<&PoolName>), done: &str) -> Ending {
    let mut body = Map::new();
    if let Some(reason) = args.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        body.insert("reason".to_owned(), reason.into());
    }
    if let Some(pool) = pool {
        body.insert("pool".to_owned(), pool.as_str().into());
    }
    let mut call = ApiRequest::post_api(&[what]);
    if !body.is_empty() {
        call = call.body(Value::Object(body));
    }
    let answer = client.ask(&call)?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    let mut facts = Facts::of(&answer.document);
    facts.take("pools");
    buying_lines(&mut facts);
    for pool in items(&answer.document, "pools").iter().filter(|pool| pool["halted"].is_object()) {
        facts.toned(&format!("pool {}", text(&pool["pool"])), halt_of(&pool["halted"]), Tone::Bad);
    }
    say(&format!("{done}\n{}", facts.print()))
}

/// What halts a pool alone, in the words that every list of pools has.
pub(super) fn halt_of(halted: &Value) -> String {
    match halted["needs"].as_str() {
        Some(_) => format!("halted: needs {}", text(&halted["needs"])),
        None => "halted".to_owned(),
    }
}

/// The lines of pause and halt, here and in the status.
pub(super) fn buying_lines(facts: &mut Facts) {
    let (paused, halted) = (facts.take("paused"), facts.take("halted"));
    let since = |gate: &Value| format!("since {}", text(&gate["since"]));
    let tone = |gate: &Value, tone: Tone| if gate.is_object() { tone } else { Tone::Plain };
    facts.toned(
        "paused",
        match paused.is_object() {
            true if paused["reason"].as_str().is_some_and(|reason| !reason.trim().is_empty()) => {
                format!("{} by {}: {}", since(&paused), text(&paused["by"]), text(&paused["reason"]))
            }
            true => format!("{} by {}", since(&paused), text(&paused["by"])),
            false => "no".to_owned(),
        },
        tone(&paused, Tone::Warn),
    );
    facts.toned(
        "halted",
        match halted.is_object() {
            true => {
                let code = text(&halted["twilio_code"]);
                format!("{}: {} (Twilio {code})", since(&halted), text(&halted["message"]))
            }
            false => "no".to_owned(),
        },
        tone(&halted, Tone::Bad),
    );
    if halted["next_probe_at"].is_string() {
        facts.line("next probe", text(&halted["next_probe_at"]));
    }
}
