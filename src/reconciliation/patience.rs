//! Calls that only look are repeated while the failure may pass, as Twilio asks; a stop ends the waiting.
//!
//! How to get it wrong: repeating what Twilio refused. A 401 repeated is what locks an account.

use std::time::Duration;

use super::Trouble;
use crate::purchaser::Buyer;
use crate::twilio::Failure;

const TRIES_MAX: u32 = 4;
const BACK_OFF_FIRST: Duration = Duration::from_millis(500);
/// Twilio may ask for more; nobody holds the actor for longer.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// Makes a call that changes nothing, and again after a failure that may pass.
pub(super) async fn patiently<T, C>(buyer: &Buyer, call: impl Fn() -> C) -> Result<T, Trouble>
where
    C: Future<Output = Result<T, Failure>>,
{
    let mut tries = 1;
    loop {
        if buyer.is_stopping() {
            return Err(Trouble::Stopping);
        }
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(failure) if failure.is_passing() && tries < TRIES_MAX => {
                slog::warn!(buyer.log, "Twilio is asked again in a moment"; "cause" => failure.for_log(),
                    "tries" => tries, "request_id" => failure.request_id());
                back_off(buyer, tries, failure.retry_after()).await;
                tries += 1;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

async fn back_off(buyer: &Buyer, tries: u32, asked: Option<Duration>) {
    let wait = match asked {
        Some(asked) => asked.min(BACK_OFF_MAX),
        None => (BACK_OFF_FIRST * 2u32.pow(tries - 1)).mul_f64(rand::random_range(0.5..1.0)),
    };
    let mut stopping = buyer.stopping.clone();
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}
