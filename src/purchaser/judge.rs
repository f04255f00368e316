//! Whose is a number that Twilio shows for an item of ours? Pure, because everything hangs on it.

use std::time::Duration;

use chrono::TimeDelta;

use crate::db::purchase_items::Settlement;
use crate::domain::{Capability, CountryCode, Tag, WebhookStatus, Webhooks};
use crate::twilio::{Answered, IncomingNumber};

/// An untagged number created up to this long before our first POST may still be ours: answers take time, dates are whole
/// seconds.
const SLACK: TimeDelta = TimeDelta::seconds(60);
/// A number with our item's tag that the account had so long before is another's that our POST has renamed. No two clocks
/// of Twilio's are a day apart; minutes prove nothing.
const ANCIENT: TimeDelta = TimeDelta::days(1);

/// What the item knows of itself.
#[derive(Debug, Clone)]
pub(super) struct Claim<'a> {
    pub(super) tag: &'a Tag,
    pub(super) country: CountryCode,
    /// How long ago its first POST was about to be sent.
    pub(super) sent_ago: Duration,
    pub(super) webhooks: &'a Webhooks,
    pub(super) wanted: &'a [Capability],
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Ours: settle it.
    Us(Box<Settlement>),
    /// It carries another tag, or none: not ours by this item. Look again if it may be a stale answer.
    AnotherTag,
    /// It was the account's before we ever asked: another environment owns it.
    Older,
}

/// Judges `found` by its tag; by its age only where the tag says nothing. The age is taken on Twilio's own clock, and not
/// at all where Twilio does not tell it: ours, and the database's, may be wrong by any amount and step at any time.
pub(super) fn owner(found: &Answered<IncomingNumber>, claim: &Claim<'_>) -> Owner {
    let number = &found.body;
    let sent_ago = TimeDelta::from_std(claim.sent_ago).unwrap_or(TimeDelta::MAX);
    let is_older_by = |slack: TimeDelta| {
        let first_sent_at = found.at.and_then(|at| at.checked_sub_signed(sent_ago));
        let earliest = first_sent_at.and_then(|at| at.checked_sub_signed(slack));
        earliest.is_some_and(|earliest| number.date_created < earliest)
    };
    match Tag::parse(&number.friendly_name) {
        // A POST for a number that the account has already acts as an update.
        Some(tag) if tag == *claim.tag && is_older_by(ANCIENT) => return Owner::Older,
        Some(tag) if tag == *claim.tag => {}
        None if is_older_by(SLACK) => return Owner::Older,
        Some(_) | None => return Owner::AnotherTag,
    }
    let webhook_status =
        if number.carries(claim.webhooks) { WebhookStatus::Configured } else { WebhookStatus::Drifted };
    Owner::Us(Box::new(Settlement {
        sid: number.sid.clone(),
        phone_number: number.phone_number.clone(),
        country: claim.country,
        webhook_status,
        webhooks: claim.webhooks.clone(),
        capable: number.can(claim.wanted),
        purchased_at: number.date_created,
        request_id: found.request_id.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn found(friendly_name: &str, voice_url: &str, date_created: &str) -> Answered<IncomingNumber> {
        let body = serde_json::from_value(serde_json::json!({
            "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101",
            "friendly_name": friendly_name, "voice_url": voice_url, "sms_url": "https://a.example/s",
            "status_callback": "https://a.example/c", "date_created": date_created,
            "capabilities": {"voice": true, "sms": true},
        }))
        .unwrap();
        Answered { body, request_id: None, at: Some("2026-01-01T12:00:02Z".parse().unwrap()) }
    }

    /// Two seconds ago, by Twilio's clock at noon.
    fn judged(number: &Answered<IncomingNumber>) -> Owner {
        let tag = Tag { instance: "default".parse().unwrap(), item_id: Uuid::from_u128(7) };
        let webhooks = Webhooks {
            voice_url: "https://a.example/v".to_owned(),
            sms_url: "https://a.example/s".to_owned(),
            status_callback: "https://a.example/c".to_owned(),
        };
        let claim = Claim {
            tag: &tag,
            country: CountryCode::US,
            sent_ago: Duration::from_secs(2),
            webhooks: &webhooks,
            wanted: &[Capability::Voice, Capability::Sms],
        };
        owner(number, &claim)
    }

    const OURS: &str = "callbunker:default:00000000-0000-0000-0000-000000000007";
    const NOW: &str = "Thu, 01 Jan 2026 12:00:01 +0000";

    #[test]
    fn our_tag_and_our_webhooks_confirm_a_number() {
        let Owner::Us(settlement) = judged(&found(OURS, "https://a.example/v", NOW)) else { panic!("not ours") };
        assert_eq!(settlement.webhook_status, WebhookStatus::Configured);
        assert!(settlement.capable);
    }

    #[test]
    fn our_tag_with_other_webhooks_is_ours_but_not_ready() {
        let Owner::Us(settlement) = judged(&found(OURS, "https://demo.twilio.com/welcome/voice/", NOW)) else {
            panic!("not ours")
        };
        assert_eq!(settlement.webhook_status, WebhookStatus::Drifted);
    }

    #[test]
    fn another_tag_or_an_older_number_is_not_ours() {
        let other_item = "callbunker:default:00000000-0000-0000-0000-000000000008";
        let other_instance = "callbunker:staging:00000000-0000-0000-0000-000000000007";
        for name in ["", "(415) 555-0101", other_item, other_instance] {
            assert_eq!(judged(&found(name, "https://a.example/v", NOW)), Owner::AnotherTag, "{name}");
        }
        let yesterday = "Wed, 31 Dec 2025 11:59:59 +0000";
        assert_eq!(judged(&found(OURS, "https://a.example/v", yesterday)), Owner::Older);
        // Without a tag only the age can say that it was there before.
        let before = "Thu, 01 Jan 2026 11:58:59 +0000";
        assert_eq!(judged(&found("", "https://a.example/v", before)), Owner::Older);
        let just_before = "Thu, 01 Jan 2026 11:59:30 +0000";
        assert_eq!(judged(&found("", "https://a.example/v", just_before)), Owner::AnotherTag);
    }

    #[test]
    fn our_own_clock_may_be_wrong_by_any_amount() {
        // Twilio answers in its own time, whatever ours says; only the time that passed is ours.
        let mut number = found(OURS, "https://a.example/v", "Wed, 01 Jan 2031 12:00:01 +0000");
        number.at = Some("2031-01-01T12:00:02Z".parse().unwrap());
        assert!(matches!(judged(&number), Owner::Us(_)));
    }

    #[test]
    fn twilios_clocks_may_differ_by_minutes_and_one_may_be_silent() {
        let mut number = found(OURS, "https://a.example/v", NOW);
        for at in [None, Some("2026-01-01T12:20:02Z"), Some("2026-01-01T11:40:02Z")] {
            number.at = at.map(|at| at.parse().unwrap());
            assert!(matches!(judged(&number), Owner::Us(_)), "{at:?}");
        }
        // Nobody's clock stands in for a missing date.
        number.body.date_created = "2020-01-01T00:00:00Z".parse().unwrap();
        number.at = None;
        assert!(matches!(judged(&number), Owner::Us(_)));
    }
}
