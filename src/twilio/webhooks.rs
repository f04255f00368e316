//! What "configured" means at Twilio: the parameters that a create and an update send.
//!
//! How to get it wrong: sending an application or a trunk with a create. Naming one deletes the other at Twilio.

use crate::domain::Webhooks;

/// What would beat the URLs is taken off a number; a fresh one has none of it, so a create does not say so: naming an
/// application deletes a trunk at Twilio and the other way round.
pub(super) const NOTHING_ELSE: [(&str, &str); 3] =
    [("VoiceApplicationSid", ""), ("SmsApplicationSid", ""), ("TrunkSid", "")];

/// What "configured" means. A number may come back with what a former owner of ours set: fallback URLs of theirs would
/// answer our users, and a receive mode of `fax` keeps calls from us.
pub(super) fn webhook_parameters(webhooks: &Webhooks) -> [(&'static str, &str); 9] {
    [
        ("VoiceUrl", &webhooks.voice_url),
        ("VoiceMethod", "POST"),
        ("SmsUrl", &webhooks.sms_url),
        ("SmsMethod", "POST"),
        ("StatusCallback", &webhooks.status_callback),
        ("StatusCallbackMethod", "POST"),
        ("VoiceFallbackUrl", ""),
        ("SmsFallbackUrl", ""),
        ("VoiceReceiveMode", "voice"),
    ]
}
