//! How one number stands at Twilio right now: where its calls and messages go, whose tag it carries, what it can do.
//!
//! Invariants: asked only when somebody wants it, and not for long; what Twilio does not tell is said, and the rest of the
//! answer comes all the same.
//! How to get it wrong: asking while the breaker silences Twilio.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use super::services::Services;
use crate::domain::{Capability, NumberSid, PoolName};
use crate::twilio::IncomingNumber;

/// Whoever looks at a number waits no longer.
const WAITED_FOR: Duration = Duration::from_secs(2);

/// A number as Twilio shows it; all texts are empty while `error` says why nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct AtTwilio {
    /// Its FriendlyName: ours begin with `callbunker:`.
    pub(crate) friendly_name: String,
    /// Where calls go; empty = nowhere.
    pub(crate) voice_url: String,
    /// Where messages go; empty = nowhere.
    pub(crate) sms_url: String,
    /// Who is told what became of calls; empty = nobody.
    pub(crate) status_callback: String,
    /// Who is asked about calls when `voice_url` fails; empty = nobody.
    pub(crate) voice_fallback_url: String,
    /// Who gets messages when `sms_url` fails; empty = nobody.
    pub(crate) sms_fallback_url: String,
    /// A TwiML application that answers calls in place of `voice_url`; empty = none.
    pub(crate) voice_application_sid: String,
    /// A TwiML application that gets messages in place of `sms_url`; empty = none.
    pub(crate) sms_application_sid: String,
    /// A SIP trunk that takes calls in place of `voice_url` and the application; empty = none.
    pub(crate) trunk_sid: String,
    /// What it can do: `voice`, `sms`, `mms`, `fax`.
    pub(crate) capabilities: Vec<String>,
    /// The fields, by Twilio's names, that keep calls and messages from where its pool's shall go.
    pub(crate) differs: Vec<String>,
    /// Why nothing is known.
    #[schema(required)]
    pub(crate) error: Option<String>,
}

impl AtTwilio {
    fn unknown(why: impl Into<String>) -> Self {
        Self { error: Some(why.into()), ..Self::default() }
    }

    fn of(services: &Services, pool: &PoolName, found: &IncomingNumber) -> Self {
        // Where those of a pool shall go that is configured no more, this instance does not know.
        let wanted = services.config.load().webhooks_of(pool);
        let differs = wanted.map(|wanted| found.differences(&wanted)).unwrap_or_default();
        let can = |capability: &&Capability| found.capabilities.told(**capability) == Some(true);
        Self {
            friendly_name: found.friendly_name.clone(),
            voice_url: found.voice_url.clone(),
            sms_url: found.sms_url.clone(),
            status_callback: found.status_callback.clone(),
            voice_fallback_url: found.voice_fallback_url.clone(),
            sms_fallback_url: found.sms_fallback_url.clone(),
            voice_application_sid: found.voice_application_sid.clone(),
            sms_application_sid: found.sms_application_sid.clone(),
            trunk_sid: found.trunk_sid.clone(),
            capabilities: Capability::ALL.iter().filter(can).map(ToString::to_string).collect(),
            differs: differs.into_iter().map(str::to_owned).collect(),
            error: None,
        }
    }
}

/// Asks Twilio, unless it refuses the account anyway.
pub(super) async fn at_twilio(services: &Services, (sid, pool): (&NumberSid, &PoolName), is_halted: bool) -> AtTwilio {
    if is_halted {
        return AtTwilio::unknown("buying is halted, so Twilio is not asked");
    }
    match timeout(WAITED_FOR, services.custody.twilio.fetch(sid)).await {
        Ok(Ok(Some(found))) => AtTwilio::of(services, pool, &found),
        Ok(Ok(None)) => AtTwilio::unknown("Twilio has no such number"),
        Ok(Err(failure)) => {
            slog::warn!(services.log, "Twilio does not tell how a number stands"; "cause" => failure.for_log(),
                "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            AtTwilio::unknown(failure.to_string())
        }
        Err(_elapsed) => AtTwilio::unknown("Twilio did not answer in time; look again in a moment"),
    }
}
