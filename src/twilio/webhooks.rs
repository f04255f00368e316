//! What "configured" means at Twilio: the parameters that a create and an update send, and what of a number's answer is held
//! against it; and what a buyer shows.
//!
//! Invariants: both say the same, so that what was sent and taken is what is confirmed. Where an application or a trunk
//! answers, Twilio ignores the number's URLs, and neither speaks of them.
//! How to get it wrong: sending an application and a trunk together, even an empty one beside one that is wanted: naming
//! either deletes the other. Or an empty paper, which takes one off.

use super::number::IncomingNumber;
use crate::domain::{Calls, Papers, Webhooks};

/// What a create sends: a fresh number has nothing that is to be taken off.
pub(super) fn webhook_parameters(webhooks: &Webhooks) -> Vec<(&'static str, &str)> {
    let mut form = match webhooks.calls() {
        Calls::Urls => {
            let mut form = vec![
                ("VoiceUrl", webhooks.voice_url.as_str()),
                ("VoiceMethod", "POST"),
                ("StatusCallback", &webhooks.status_callback),
                ("StatusCallbackMethod", "POST"),
                ("VoiceFallbackUrl", &webhooks.voice_fallback_url),
            ];
            form.extend((!webhooks.voice_fallback_url.is_empty()).then_some(("VoiceFallbackMethod", "POST")));
            form
        }
        Calls::Application(sid) => vec![("VoiceApplicationSid", sid)],
        Calls::Trunk(sid) => vec![("TrunkSid", sid)],
    };
    match webhooks.messages() {
        Some(sid) => form.push(("SmsApplicationSid", sid)),
        None => {
            form.extend([
                ("SmsUrl", webhooks.sms_url.as_str()),
                ("SmsMethod", "POST"),
                ("SmsFallbackUrl", &webhooks.sms_fallback_url),
            ]);
            form.extend((!webhooks.sms_fallback_url.is_empty()).then_some(("SmsFallbackMethod", "POST")));
        }
    }
    // `fax` keeps calls from whoever shall answer them.
    form.push(("VoiceReceiveMode", "voice"));
    form
}

/// What an update sends: the same, and what would beat it is taken off. A former owner may have left it there.
pub(super) fn webhook_changes(webhooks: &Webhooks) -> Vec<(&'static str, &str)> {
    let mut form = webhook_parameters(webhooks);
    if webhooks.calls() == Calls::Urls {
        form.extend([("VoiceApplicationSid", ""), ("TrunkSid", "")]);
    }
    if webhooks.messages().is_none() {
        form.push(("SmsApplicationSid", ""));
    }
    form
}

impl IncomingNumber {
    /// Whether calls and messages lead exactly there.
    #[must_use]
    pub fn carries(&self, webhooks: &Webhooks) -> bool {
        self.differences(webhooks).is_empty()
    }

    /// The fields, by Twilio's names, that keep calls and messages from there. A URL alone proves nothing: an application or
    /// a trunk beats it, and somebody else's fallback answers in its stead.
    #[must_use]
    pub fn differences(&self, webhooks: &Webhooks) -> Vec<&'static str> {
        let is_post = |method: &str| method.is_empty() || method.eq_ignore_ascii_case("POST");
        // Nobody is asked by it where there is no fallback.
        let fallback_is_post = |url: &str, method: &str| url.is_empty() || is_post(method);
        let mut fields = match webhooks.calls() {
            Calls::Urls => vec![
                ("voice_url", self.voice_url == webhooks.voice_url),
                ("voice_method", is_post(&self.voice_method)),
                ("status_callback", self.status_callback == webhooks.status_callback),
                ("status_callback_method", is_post(&self.status_callback_method)),
                ("voice_fallback_url", self.voice_fallback_url == webhooks.voice_fallback_url),
                ("voice_fallback_method", fallback_is_post(&webhooks.voice_fallback_url, &self.voice_fallback_method)),
                ("voice_application_sid", self.voice_application_sid.is_empty()),
                ("trunk_sid", self.trunk_sid.is_empty()),
            ],
            Calls::Application(sid) => vec![
                ("voice_application_sid", self.voice_application_sid == sid),
                ("trunk_sid", self.trunk_sid.is_empty()),
            ],
            Calls::Trunk(sid) => vec![("trunk_sid", self.trunk_sid == sid)],
        };
        match webhooks.messages() {
            Some(sid) => fields.push(("sms_application_sid", self.sms_application_sid == sid)),
            None => fields.extend([
                ("sms_url", self.sms_url == webhooks.sms_url),
                ("sms_method", is_post(&self.sms_method)),
                ("sms_fallback_url", self.sms_fallback_url == webhooks.sms_fallback_url),
                ("sms_fallback_method", fallback_is_post(&webhooks.sms_fallback_url, &self.sms_fallback_method)),
                ("sms_application_sid", self.sms_application_sid.is_empty()),
            ]),
        }
        let mode = &self.voice_receive_mode;
        fields.push(("voice_receive_mode", mode.is_empty() || mode.eq_ignore_ascii_case("voice")));
        fields.into_iter().filter_map(|(name, is_right)| (!is_right).then_some(name)).collect()
    }
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

    const VOICE_APPLICATION: &str = "AP0123456789abcdef0123456789abcdef";
    const SMS_APPLICATION: &str = "AP1123456789abcdef0123456789abcdef";
    const TRUNK: &str = "TK0123456789abcdef0123456789abcdef";

    fn urls() -> Webhooks {
        Webhooks {
            voice_url: "https://a.example/v".to_owned(),
            sms_url: "https://a.example/s".to_owned(),
            status_callback: "https://a.example/c".to_owned(),
            ..Webhooks::default()
        }
    }

    fn with_fallbacks() -> Webhooks {
        Webhooks {
            voice_fallback_url: "https://a.example/vf".to_owned(),
            sms_fallback_url: "https://a.example/sf".to_owned(),
            ..urls()
        }
    }

    fn in_place_of_urls() -> [Webhooks; 3] {
        let (voice, sms, trunk) = (VOICE_APPLICATION.to_owned(), SMS_APPLICATION.to_owned(), TRUNK.to_owned());
        [
            Webhooks { voice_application_sid: voice, ..with_fallbacks() },
            Webhooks { sms_application_sid: sms.clone(), ..urls() },
            Webhooks { trunk_sid: trunk, sms_application_sid: sms, ..urls() },
        ]
    }

    fn number(more: &serde_json::Value) -> IncomingNumber {
        let mut all = serde_json::json!({
            "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101", "voice_url": "https://a.example/v",
            "sms_url": "https://a.example/s", "status_callback": "https://a.example/c",
            "date_created": "Thu, 30 Jul 2015 23:19:04 +0000",
        });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    /// A number that took what was sent, as Twilio answers.
    fn taken(form: &[(&str, &str)], before: &serde_json::Value) -> IncomingNumber {
        let mut all = before.clone();
        for (name, value) in form {
            let mut field = String::new();
            for (at, letter) in name.char_indices() {
                if letter.is_ascii_uppercase() && at > 0 {
                    field.push('_');
                }
                field.push(letter.to_ascii_lowercase());
            }
            all[field] = (*value).into();
        }
        number(&all)
    }

    #[test]
    fn what_is_sent_and_taken_is_what_is_confirmed() {
        let former = serde_json::json!({
            "voice_url": "https://b.example/v", "voice_method": "GET", "voice_fallback_url": "https://b.example/vf",
            "voice_fallback_method": "GET", "sms_fallback_url": "https://b.example/sf", "sms_fallback_method": "GET",
            "sms_method": "GET", "status_callback_method": "GET", "voice_receive_mode": "fax",
            "sms_application_sid": "AP9", "voice_application_sid": "AP9",
        });
        for wanted in [urls(), with_fallbacks()].into_iter().chain(in_place_of_urls()) {
            let now = taken(&webhook_changes(&wanted), &former);
            assert_eq!(now.differences(&wanted), Vec::<&str>::new(), "{wanted:?}");
            let bought = taken(&webhook_parameters(&wanted), &serde_json::json!({}));
            assert_eq!(bought.differences(&wanted), Vec::<&str>::new(), "{wanted:?}");
        }
    }

    #[test]
    fn a_trunk_and_a_voice_application_are_never_sent_together() {
        for wanted in in_place_of_urls() {
            let form = webhook_changes(&wanted);
            let sends = |name: &str| form.iter().any(|(sent, _)| *sent == name);
            let is_by_url = wanted.calls() == Calls::Urls;
            assert_eq!(sends("TrunkSid") && sends("VoiceApplicationSid"), is_by_url, "{form:?}");
            assert_eq!(
                sends("VoiceUrl") || sends("VoiceFallbackUrl") || sends("StatusCallback"),
                is_by_url,
                "{form:?}"
            );
            assert!(form.contains(&("VoiceReceiveMode", "voice")), "{form:?}");
        }
    }

    #[test]
    fn an_application_a_trunk_a_fallback_or_another_method_beats_the_urls() {
        let wanted = urls();
        assert!(number(&serde_json::json!({})).carries(&wanted));
        assert!(
            number(&serde_json::json!({"voice_method": "POST", "trunk_sid": "", "sms_application_sid": null,
                "voice_receive_mode": "voice", "voice_fallback_url": "", "sms_fallback_url": null,
                "voice_fallback_method": "GET"}))
            .carries(&wanted)
        );
        for (field, value) in [
            ("voice_method", "GET"),
            ("sms_method", "GET"),
            ("status_callback_method", "GET"),
            ("voice_application_sid", VOICE_APPLICATION),
            ("sms_application_sid", SMS_APPLICATION),
            ("trunk_sid", TRUNK),
            ("voice_url", "https://b.example/v"),
            ("voice_fallback_url", "https://b.example/f"),
            ("sms_fallback_url", "https://b.example/f"),
            ("voice_receive_mode", "fax"),
        ] {
            assert_eq!(number(&serde_json::json!({ field: value })).differences(&wanted), [field]);
        }
    }

    #[test]
    fn a_fallback_that_is_wanted_is_compared_with_its_method() {
        let wanted = with_fallbacks();
        let fallbacks = serde_json::json!({
            "voice_fallback_url": "https://a.example/vf", "sms_fallback_url": "https://a.example/sf",
        });
        assert!(number(&fallbacks).carries(&wanted));
        assert_eq!(number(&serde_json::json!({})).differences(&wanted), ["voice_fallback_url", "sms_fallback_url"]);
        for field in ["voice_fallback_method", "sms_fallback_method"] {
            let mut odd = fallbacks.clone();
            odd[field] = "GET".into();
            assert_eq!(number(&odd).differences(&wanted), [field]);
        }
    }

    #[test]
    fn where_an_application_or_a_trunk_answers_the_urls_are_nobodys_concern() {
        let [by_voice, by_sms, by_trunk] = in_place_of_urls();
        let theirs = serde_json::json!({
            "voice_url": "https://b.example/v", "voice_fallback_url": "https://b.example/vf", "status_callback": "",
            "sms_url": "https://b.example/s", "sms_fallback_url": "https://b.example/sf",
        });
        let with = |more: &[(&str, &str)]| {
            let mut all = theirs.clone();
            for (field, sid) in more {
                all[*field] = (*sid).into();
            }
            number(&all)
        };
        let both = [("trunk_sid", TRUNK), ("sms_application_sid", SMS_APPLICATION)];
        assert!(with(&both).carries(&by_trunk));
        // A trunk beats the application.
        let beaten = with(&[("voice_application_sid", VOICE_APPLICATION), ("trunk_sid", TRUNK)]);
        assert!(beaten.differences(&by_voice).contains(&"trunk_sid"));
        assert_eq!(with(&[("trunk_sid", TRUNK)]).differences(&by_trunk), ["sms_application_sid"]);
        let other = with(&[("sms_application_sid", VOICE_APPLICATION)]);
        assert!(other.differences(&by_sms).contains(&"sms_application_sid"));
        assert!(!other.differences(&by_sms).contains(&"sms_url"));
    }

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
