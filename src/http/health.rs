//! `/healthz` and `/readyz`.
//!
//! How to get it wrong: letting readiness hang with the database; `Db::run` answers in time.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::context::Context;
use super::{Outcome, Request, json_response};
use crate::db::buying_gate::gate_read;
use crate::pool_monitor::is_skewed;

pub(super) async fn healthz(_context: Arc<Context>, _request: Request) -> Outcome {
    json_response(StatusCode::OK, &json!({"status": "ok"}))
}

pub(super) async fn readyz(context: Arc<Context>, _request: Request) -> Outcome {
    let mut failing: Vec<&str> = Vec::new();
    let wanted = context.config.load().webhooks.webhooks();
    let (skewed, gate) = tokio::join!(is_skewed(&context.db, &wanted), context.db.run("gate_read", gate_read));
    match skewed {
        Ok(false) => {}
        Ok(true) => failing.push("config_skew"),
        Err(error) if error.is_unavailable() => failing.push("database"),
        Err(_not_migrated) => failing.push("migrations"),
    }
    failing.extend(context.vitals.iter().filter(|vitals| !vitals.is_well()).map(|vitals| vitals.name()));
    if context.is_stopping() {
        failing.push("shutting_down");
    }
    let ready = failing.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Signups are served from stock all the same: no reason to call this instance unready.
    let warnings = gate.map(|gate| gate.warnings()).unwrap_or_default();
    json_response(status, &json!({"ready": ready, "failing": failing, "warnings": warnings}))
}
