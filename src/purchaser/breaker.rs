//! Opening the breaker: Twilio refused in a way that more calls only make worse, or we met what only an operator can judge.
//!
//! Invariants: the breaker is a row that all instances share; while it is open because Twilio refuses, nothing of ours
//! calls Twilio by itself but one probe (`pool_monitor::probe`).
//! How to get it wrong: opening it for a call that may fail alone, such as a price list that a key may not read.

use std::time::Duration;

use crate::config::BreakerConfig;
use crate::db::{Db, DbError, buying_state};
use crate::twilio::{TwilioError, Verdict, hide_numbers};

/// Opens the breaker if `failure` is of the kind that more calls only make worse; says whether it is.
pub(crate) async fn halt_on(db: &Db, config: &BreakerConfig, log: &slog::Logger, failure: &TwilioError) -> bool {
    let TwilioError::Refused(refusal) = failure else { return false };
    let probe_every = match refusal.verdict() {
        Verdict::HaltUntilProbe => Some(config.probe()),
        Verdict::HaltUntilResume => None,
        Verdict::Retry | Verdict::NextCandidate | Verdict::EndOrder | Verdict::HaltPool(_) | Verdict::NotFound => {
            return false;
        }
    };
    slog::error!(log, "Twilio refuses this account"; "cause" => failure.for_log(), "twilio_code" => refusal.code,
        "request_id" => failure.request_id());
    // A gateway's 401 has no code of Twilio's: its status stands in, so that every refusal can be told from a halt of ours.
    let code = refusal.code.unwrap_or_else(|| i32::from(refusal.status));
    halt(db, log, Some(code), failure.in_full(), probe_every).await;
    true
}

/// Opens the breaker for all instances. Without `probe_every` only an operator closes it.
pub(crate) async fn halt(
    db: &Db,
    log: &slog::Logger,
    twilio_code: Option<i32>,
    message: String,
    probe_every: Option<Duration>,
) {
    let told = message.clone();
    fail::fail_point!("halt_decided");
    let opened = db
        .run_patiently("buying_halt", move |conn| buying_state::buying_halt(conn, twilio_code, &message, probe_every))
        .await;
    fail::fail_point!("halt_written");
    if opened.is_ok() {
        db.telemetry().halted(true);
    }
    match opened {
        Ok(true) => slog::crit!(log, "all buying is halted: mend the cause at Twilio, then resume";
            "twilio_code" => twilio_code, "cause" => hide_numbers(&told), "probes" => probe_every.is_some()),
        Ok(false) if twilio_code.is_none() => slog::crit!(log, "a reason to halt all buying, which is halted already";
            "cause" => hide_numbers(&told)),
        Ok(false) => {}
        Err(error) => slog::error!(log, "buying should halt, but the breaker could not be written";
            "cause" => hide_numbers(&told), "error" => error.in_full()),
    }
}

/// Whether the breaker is open because Twilio refuses us: then nothing calls it by itself.
///
/// # Errors
/// When PostgreSQL fails; then Twilio must not be called either.
pub(crate) async fn is_silenced(db: &Db) -> Result<bool, DbError> {
    Ok(db.run("buying_state_read", buying_state::buying_state_read).await?.silences_twilio())
}
