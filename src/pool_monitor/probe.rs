//! While buying is halted: one look in `breaker.probe_secs` whether Twilio accepts us again.
//!
//! Invariants: a probe is a GET, never a create; the right to probe is taken in the database, so all instances together
//! probe once; only halts that can pass by themselves are closed by a probe, the others by an operator.
//! How to get it wrong: closing the breaker on an answer that is not a clear yes.

use super::dependencies::MonitorDependencies;
use crate::db::DbError;
use crate::db::buying_state::{buying_reopen_by_probe, buying_take_probe};

/// Probes if it is time, and closes the breaker if Twilio answers; says whether buying is open again.
pub(super) async fn probe(deps: &MonitorDependencies) -> Result<bool, DbError> {
    let every = deps.config.load().breaker.probe();
    if !deps.db.run("buying_take_probe", move |conn| buying_take_probe(conn, every)).await? {
        return Ok(false);
    }
    match deps.configurer.twilio.probe().await {
        Ok(()) => {
            let open = deps.db.run("buying_reopen_by_probe", buying_reopen_by_probe).await?;
            deps.telemetry.halted(!open);
            slog::warn!(deps.log, "Twilio accepts us again"; "buying_is_open" => open);
            Ok(open)
        }
        Err(failure) => {
            slog::warn!(deps.log, "buying stays halted: the probe failed"; "cause" => failure.for_log(),
                "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            Ok(false)
        }
    }
}
