//! When to stop all buying: Twilio refused in a way that more calls only make worse.
//!
//! Invariant: whoever calls Twilio decides by the same table, so that no part goes on where another would halt.
//! How to get it wrong: halting on a refusal that concerns one number. Only the account's own troubles open the breaker.

use std::time::Duration;

use crate::db::{Db, buying_gate};
use crate::twilio::{Failure, Verdict};

/// Opens the breaker for all instances if `failure` concerns the account as a whole; says whether it does. `probe_every`
/// is `breaker.probe_secs`, for halts that may pass by themselves.
pub async fn open_breaker_on(db: &Db, log: &slog::Logger, probe_every: Duration, failure: &Failure) -> bool {
    let Failure::Refused(refusal) = failure else { return false };
    let probe_every = match refusal.verdict() {
        Verdict::HaltUntilProbe => Some(probe_every),
        Verdict::HaltUntilResume => None,
        _ => return false,
    };
    open(db, log, refusal.code, refusal.to_string(), probe_every).await;
    true
}

/// Opens the breaker for all instances.
pub(super) async fn open(
    db: &Db,
    log: &slog::Logger,
    twilio_code: Option<i32>,
    message: String,
    probe_every: Option<Duration>,
) {
    let told = message.clone();
    let opened = db
        .run_patiently("gate_halt", move |conn| buying_gate::gate_halt(conn, twilio_code, &message, probe_every))
        .await;
    match opened {
        Ok(true) => slog::crit!(log, "all buying is halted: mend the cause at Twilio, then resume";
            "twilio_code" => twilio_code, "cause" => told, "probes" => probe_every.is_some()),
        Ok(false) => {}
        Err(error) => slog::error!(log, "buying should halt, but the breaker could not be written";
            "cause" => told, "error" => error.in_full()),
    }
}
