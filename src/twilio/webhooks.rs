//! The parameters that a create and an update send: what "configured" means at Twilio, and what a buyer shows.
//!
//! How to get it wrong: sending an application or a trunk with a create, which deletes the other one at Twilio; or an empty
//! paper, which takes one off.

use crate::domain::{Papers, Webhooks};

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

/// What a buyer shows, as far as there is anything to show.
pub(super) fn paper_parameters(papers: &Papers) -> impl Iterator<Item = (&'static str, &str)> {
    let Papers { address, bundle, identity } = papers;
    [
        ("AddressSid", address.as_ref().map(|sid| sid.as_str())),
        ("BundleSid", bundle.as_ref().map(|sid| sid.as_str())),
        ("IdentitySid", identity.as_ref().map(|sid| sid.as_str())),
    ]
    .into_iter()
    .filter_map(|(name, sid)| Some((name, sid?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_papers_that_are_there_are_shown() {
        let hex = "0123456789abcdef0123456789abcdef";
        let (address, bundle) = (format!("AD{hex}"), format!("BU{hex}"));
        let papers = Papers {
            address: Some(address.parse().unwrap()),
            bundle: Some(bundle.parse().unwrap()),
            ..Papers::default()
        };
        let sent: Vec<_> = paper_parameters(&papers).collect();
        assert_eq!(sent, [("AddressSid", address.as_str()), ("BundleSid", bundle.as_str())]);
        assert_eq!(paper_parameters(&Papers::default()).count(), 0);
    }
}
