//! Pause and resume: what an operator says to automatic buying, on all instances at once.
//!
//! How to get it wrong: passing on a reason as it came. People paste what they have at hand, and it may be a key.

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::context::Context;
use super::super::{About, Outcome, Problem, Request, RequestBody, json_response};
use crate::db::buying_gate::{Gate, Halted, Paused, gate_pause, gate_resume};
use crate::domain::Trigger;

const REASON_CHARACTERS_MAX: usize = 500;

#[derive(Deserialize, utoipa::ToSchema)]
struct GateBody {
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl RequestBody for GateBody {
    const FIELDS: &'static [&'static str] = &["reason"];
}

fn reason(request: &Request) -> Result<Option<String>, Problem> {
    let body: GateBody = request.json()?;
    match body.reason {
        Some(reason) if reason.chars().count() > REASON_CHARACTERS_MAX || reason.contains('\0') => {
            Err(Problem::invalid_field("reason", format!("must be text of at most {REASON_CHARACTERS_MAX} characters")))
        }
        // Here, before anything keeps or shows it: the database, the log, the status, pages and events.
        reason => Ok(reason.map(|reason| request.without_keys(&reason))),
    }
}

/// What keeps callbunker from buying.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Gate)]
struct GateDocument {
    #[schema(required)]
    halted: Option<Halted>,
    #[schema(required)]
    paused: Option<Paused>,
}

fn answer(gate: Gate) -> Outcome {
    json_response(StatusCode::OK, &GateDocument { halted: gate.halted, paused: gate.paused })
}

pub(crate) async fn pause(context: Arc<Context>, request: Request) -> Outcome {
    let reason = reason(&request)?;
    let by = request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default();
    slog::warn!(context.log, "automatic buying is paused"; "by" => &by, "reason" => reason.clone());
    let gate = context.read("gate_pause", move |conn| gate_pause(conn, &by, reason.as_deref())).await?;
    context.telemetry.gate(gate.paused.is_some(), gate.halted.is_some());
    answer(gate)
}

pub(crate) async fn resume(context: Arc<Context>, request: Request) -> Outcome {
    let reason = reason(&request)?;
    let by = request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default();
    slog::warn!(context.log, "automatic buying is resumed"; "by" => by, "reason" => reason);
    let gate = context.read("gate_resume", gate_resume).await?;
    context.telemetry.gate(gate.paused.is_some(), gate.halted.is_some());
    context.monitor.activate(Trigger::Threshold);
    answer(gate)
}

pub(crate) fn about_pause() -> About {
    About::new("pause", "Pool", "Stops all automatic buying, emergencies included, on all instances")
        .body::<GateBody>(json!({"reason": "lunch"}))
        .answer::<GateDocument>(
            "It is paused.",
            json!({"halted": null, "paused": {"since": "2026-11-22T12:12:58.648702Z", "by": "6d843254d280", "reason": "lunch"}}),
        )
}

pub(crate) fn about_resume() -> About {
    About::new("resume", "Pool", "Lets automatic buying go on, looks at once, and ends a halt")
        .body::<GateBody>(json!({}))
        .answer::<GateDocument>("It goes on.", json!({"halted": null, "paused": null}))
}
