//! Whether Twilio refuses because it does not know what a number shall lead to: an application or a trunk.
//!
//! Twilio documents a code for an application that is not there (21420) and none for a trunk, so a refusal that names what was sent,
//! by its parameter or its SID, is one, too.
//! How to get it wrong: giving up the number. Every other number would be refused alike.

use super::error::TwilioError;
use super::refusal::{Refusal, Verdict};
use crate::domain::{PoolKey, Webhooks};

impl TwilioError {
    /// Which of what `webhooks` name is not in the account, if that is why a call that sent them was refused.
    #[must_use]
    pub(crate) fn lacking_target(&self, webhooks: &Webhooks) -> Option<PoolKey> {
        let Self::Refused(refusal) = self else { return None };
        let may_be = match refusal.verdict() {
            Verdict::EndOrder | Verdict::NotFound => true,
            Verdict::NextCandidate => refusal.is_unclear(),
            Verdict::Retry | Verdict::HaltPool(_) | Verdict::HaltUntilProbe | Verdict::HaltUntilResume => false,
        };
        if !may_be {
            return None;
        }
        let named = webhooks.targets().find(|(key, sid)| names(refusal, *key, sid));
        // Which of two applications it is, Twilio may keep to itself.
        let mut applications = webhooks.targets().filter(|(key, _)| *key != PoolKey::Trunk);
        let unnamed = || if refusal.is_about_an_application() { applications.next() } else { None };
        named.or_else(unnamed).map(|(key, _)| key)
    }
}

fn names(refusal: &Refusal, key: PoolKey, sid: &str) -> bool {
    let parameter = match key {
        PoolKey::VoiceApplication => "VoiceApplicationSid",
        PoolKey::SmsApplication => "SmsApplicationSid",
        PoolKey::Trunk => "TrunkSid",
        PoolKey::Country | PoolKey::NumberType | PoolKey::AddressSid | PoolKey::BundleSid | PoolKey::IdentitySid => {
            return false;
        }
    };
    let message = refusal.message.to_ascii_lowercase();
    [parameter, sid].iter().any(|named| message.contains(&named.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::super::error::failure_of;
    use super::*;

    fn refused(status: u16, code: i32, message: &str) -> TwilioError {
        failure_of(status, format!(r#"{{"code":{code},"message":"{message}"}}"#).as_bytes(), None, None)
    }

    #[test]
    fn a_refusal_that_names_what_was_sent_is_about_that() {
        let (application, trunk) = (format!("AP{}", "1".repeat(32)), format!("TK{}", "2".repeat(32)));
        let by_trunk =
            Webhooks { trunk_sid: trunk.clone(), sms_application_sid: application.clone(), ..Webhooks::default() };
        let by_voice = Webhooks { voice_application_sid: application.clone(), ..Webhooks::default() };
        let both = Webhooks { sms_application_sid: format!("AP{}", "3".repeat(32)), ..by_voice.clone() };
        let found = format!("The requested resource /Trunks/{trunk} was not found");
        for (webhooks, status, code, message, expected) in [
            (&by_trunk, 400, 20001, "Invalid parameter TrunkSid", Some(PoolKey::Trunk)),
            (&by_trunk, 404, 20404, found.as_str(), Some(PoolKey::Trunk)),
            (&by_trunk, 400, 99_999, found.as_str(), Some(PoolKey::Trunk)),
            (&by_trunk, 400, 21420, "Application not accessible", Some(PoolKey::SmsApplication)),
            (&both, 400, 21420, "SmsApplicationSid is not accessible", Some(PoolKey::SmsApplication)),
            (&both, 400, 21420, "Application not accessible", Some(PoolKey::VoiceApplication)),
            (&by_voice, 400, 20001, "Invalid parameter FriendlyName", None),
            (&by_voice, 400, 20001, "Invalid parameter TrunkSid", None),
            (&by_voice, 400, 21422, "VoiceApplicationSid", None),
            (&by_voice, 401, 20003, "VoiceApplicationSid", None),
            (&by_voice, 429, 20429, "VoiceApplicationSid", None),
            (&Webhooks::default(), 400, 21420, "Application not accessible", None),
        ] {
            assert_eq!(refused(status, code, message).lacking_target(webhooks), expected, "{status}/{code}: {message}");
        }
        let unknown = failure_of(500, b"VoiceApplicationSid", None, None);
        assert_eq!(unknown.lacking_target(&by_voice), None);
    }
}
