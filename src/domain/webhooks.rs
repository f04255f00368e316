//! What we write on a number at Twilio: its webhooks and the tag that says whose it is.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::pool::PoolKey;
use super::region::text_value;

/// Where the calls and messages of every number of ours lead: absolute https URLs (http only on loopback), or SIDs of Twilio's.
/// What is empty is not wanted, and is not there once Twilio has confirmed the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Webhooks {
    /// Where Twilio asks what to do with a call.
    pub voice_url: String,
    /// Where Twilio delivers a message.
    pub sms_url: String,
    /// Where Twilio reports how a call went.
    pub status_callback: String,
    /// Whom it asks when `voice_url` fails; empty = nobody.
    pub voice_fallback_url: String,
    /// Whom it asks when `sms_url` fails; empty = nobody.
    pub sms_fallback_url: String,
    /// A TwiML application that is asked about calls in place of the URLs; empty = none.
    pub voice_application_sid: String,
    /// A TwiML application that gets messages in place of the URLs; empty = none.
    pub sms_application_sid: String,
    /// A SIP trunk that takes calls in place of the URLs; empty = none. Never together with a voice application.
    pub trunk_sid: String,
}

/// Who decides what becomes of the calls of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls<'a> {
    /// Whoever stands at our URLs.
    Urls,
    /// A TwiML application: Twilio ignores the number's URLs.
    Application(&'a str),
    /// A SIP trunk: Twilio ignores the number's URLs and its voice application.
    Trunk(&'a str),
}

impl Webhooks {
    /// Who decides about calls.
    #[must_use]
    pub fn calls(&self) -> Calls<'_> {
        match (self.trunk_sid.as_str(), self.voice_application_sid.as_str()) {
            ("", "") => Calls::Urls,
            ("", application) => Calls::Application(application),
            (trunk, _) => Calls::Trunk(trunk),
        }
    }

    /// The application that decides about messages: Twilio ignores the number's URLs; `None` = whoever stands at our URLs.
    #[must_use]
    pub fn messages(&self) -> Option<&str> {
        Some(self.sms_application_sid.as_str()).filter(|sid| !sid.is_empty())
    }

    /// What of the account they name, by the key that names it.
    pub fn targets(&self) -> impl Iterator<Item = (PoolKey, &str)> {
        let of_calls = match self.calls() {
            Calls::Urls => None,
            Calls::Application(sid) => Some((PoolKey::VoiceApplication, sid)),
            Calls::Trunk(sid) => Some((PoolKey::Trunk, sid)),
        };
        of_calls.into_iter().chain(self.messages().map(|sid| (PoolKey::SmsApplication, sid)))
    }
}

/// The name that all instances on one database share, and that another environment must not have:
/// 1 to 16 of `a-z0-9-`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct InstanceName(String);

/// The text cannot name an instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 16 characters of a-z, 0-9 and -")]
pub struct InvalidInstanceName;

impl InstanceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for InstanceName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for InstanceName {
    type Err = InvalidInstanceName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = (1..=16).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidInstanceName) }
    }
}

text_value!(InstanceName);

/// The `FriendlyName` of a number of ours: `callbunker:<instance.name>:<purchase item UUID>`, 64 characters at most.
/// It is how a number whose purchase was forgotten finds its way home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The environment that bought the number.
    pub instance: InstanceName,
    /// The ledger's item.
    pub item_id: Uuid,
}

impl Tag {
    /// Reads a FriendlyName; `None` when it is not a tag of any callbunker.
    #[must_use]
    pub fn parse(friendly_name: &str) -> Option<Self> {
        let (instance, item_id) = friendly_name.strip_prefix("callbunker:")?.split_once(':')?;
        Some(Self { instance: instance.parse().ok()?, item_id: Uuid::try_parse(item_id).ok()? })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "callbunker:{}:{}", self.instance, self.item_id.as_hyphenated())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_survives_the_way_to_twilio_and_back() {
        let tag = Tag { instance: "staging-europe-1".parse().unwrap(), item_id: Uuid::from_u128(7) };
        let text = tag.to_string();
        assert!(text.len() <= 64, "{} characters", text.len());
        assert_eq!(Tag::parse(&text), Some(tag));
    }

    #[test]
    fn a_trunk_or_an_application_stands_in_for_the_urls() {
        let urls = Webhooks { voice_url: "https://a.example/v".to_owned(), ..Webhooks::default() };
        assert_eq!((urls.calls(), urls.messages(), urls.targets().count()), (Calls::Urls, None, 0));
        let application = Webhooks { voice_application_sid: "AP1".to_owned(), ..urls.clone() };
        assert_eq!((application.calls(), application.messages()), (Calls::Application("AP1"), None));
        let both = Webhooks { trunk_sid: "TK1".to_owned(), sms_application_sid: "AP2".to_owned(), ..application };
        assert_eq!((both.calls(), both.messages()), (Calls::Trunk("TK1"), Some("AP2")));
        // The application for calls is not sent beside a trunk.
        let targets: Vec<_> = both.targets().collect();
        assert_eq!(targets, [(PoolKey::Trunk, "TK1"), (PoolKey::SmsApplication, "AP2")]);
    }

    #[test]
    fn other_names_are_not_tags() {
        for foreign in [
            "",
            "(415) 555-0100",
            "callbunker:",
            "callbunker:UP:00000000-0000-0000-0000-000000000007",
            "callbunker:a:7",
        ] {
            assert_eq!(Tag::parse(foreign), None, "{foreign:?}");
        }
    }
}
