//! Pause and resume: what an operator says to automatic buying, on all instances at once.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::super::context::Context;
use super::super::{Outcome, Problem, Request, RequestBody, json_response};
use crate::db::buying_gate::{Gate, gate_pause, gate_resume};
use crate::domain::Trigger;

const REASON_CHARACTERS_MAX: usize = 500;

#[derive(Deserialize)]
struct GateBody {
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
        reason => Ok(reason),
    }
}

fn answer(gate: &Gate) -> Outcome {
    json_response(StatusCode::OK, &json!({ "paused": gate.paused, "halted": gate.halted }))
}

pub(crate) async fn pause(context: Arc<Context>, request: Request) -> Outcome {
    let reason = reason(&request)?;
    let by = request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default();
    slog::warn!(context.log, "automatic buying is paused"; "by" => &by, "reason" => reason.clone());
    let gate = context.read("gate_pause", move |conn| gate_pause(conn, &by, reason.as_deref())).await?;
    context.telemetry.gate(gate.paused.is_some(), gate.halted.is_some());
    answer(&gate)
}

pub(crate) async fn resume(context: Arc<Context>, request: Request) -> Outcome {
    let reason = reason(&request)?;
    let by = request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default();
    slog::warn!(context.log, "automatic buying is resumed"; "by" => by, "reason" => reason);
    let gate = context.read("gate_resume", gate_resume).await?;
    context.telemetry.gate(gate.paused.is_some(), gate.halted.is_some());
    context.monitor.activate(Trigger::Threshold);
    answer(&gate)
}
