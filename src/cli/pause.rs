//! Pause and resume.
//!
//! How to get it wrong: showing pause and halt in two ways; the status has the same lines.

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::PauseArgs;
use super::client::Client;
use super::ending::{Ending, say};
use super::screen::Tone;
use super::tables::Facts;

pub(super) fn pause(client: &Client, args: &PauseArgs) -> Ending {
    set(client, args, "pause", "Automatic buying is paused on all instances; `callbunker resume` lets it go on.")
}

pub(super) fn resume(client: &Client, args: &PauseArgs) -> Ending {
    set(client, args, "resume", "Automatic buying goes on.")
}

fn set(client: &Client, args: &PauseArgs, what: &str, done: &str) -> Ending {
    let mut call = ApiRequest::post_api(&[what]);
    if let Some(reason) = args.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        call = call.body(json!({ "reason": reason }));
    }
    let answer = client.ask(&call)?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    let mut facts = Facts::of(&answer.document);
    buying_lines(&mut facts);
    say(&format!("{done}\n{}", facts.print()))
}

/// The lines of pause and halt, here and in the status.
pub(super) fn buying_lines(facts: &mut Facts) {
    let text = super::tables::text;
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
