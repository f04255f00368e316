//! Calls that only look are repeated while the failure may pass, as Twilio asks; a stop ends the waiting.
//!
//! How to get it wrong: going on to the next question while the daemon stops. It would be killed in the middle.

use std::time::Duration;

use super::trouble::Trouble;
use crate::purchaser::Buyer;
use crate::twilio::{BackOff, TwilioError};

/// Slower than what somebody waits for; Twilio may ask for more, but nobody holds the actor for longer.
const PACE: BackOff = BackOff { first: Duration::from_millis(500), longest: Duration::from_secs(30), tries_max: 4 };

/// Makes a call that changes nothing, and again after a failure that may pass.
pub(super) async fn patiently<T, C>(buyer: &Buyer, call: impl FnMut() -> C) -> Result<T, Trouble>
where
    C: Future<Output = Result<T, TwilioError>>,
{
    if buyer.is_stopping() {
        return Err(Trouble::Stopping);
    }
    match PACE.repeat("comparison", &buyer.log, &buyer.stopping, call).await {
        Err(failure) if failure.is_passing() && buyer.is_stopping() => Err(Trouble::Stopping),
        outcome => Ok(outcome?),
    }
}
