//! Every tag and every age that a number may have.

use uuid::Uuid;

use super::*;
use crate::domain::WebhookStatus;

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
    judged_after(number, Duration::from_secs(2))
}

fn judged_after(number: &Answered<IncomingNumber>, sent_ago: Duration) -> Owner {
    let tag = Tag { instance: "default".parse().unwrap(), item_id: Uuid::from_u128(7) };
    let webhooks = Webhooks {
        voice_url: "https://a.example/v".to_owned(),
        sms_url: "https://a.example/s".to_owned(),
        status_callback: "https://a.example/c".to_owned(),
        ..Webhooks::default()
    };
    let claim = Claim {
        tag: &tag,
        country: CountryCode::US,
        sent_ago,
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
    assert_eq!(settlement.number.webhook_status, WebhookStatus::Configured);
    assert!(settlement.number.capable);
}

#[test]
fn our_tag_with_other_webhooks_is_ours_but_not_ready() {
    let Owner::Us(settlement) = judged(&found(OURS, "https://demo.twilio.com/welcome/voice/", NOW)) else {
        panic!("not ours")
    };
    assert_eq!(settlement.number.webhook_status, WebhookStatus::Drifted);
}

const OTHER_ITEM: &str = "callbunker:default:00000000-0000-0000-0000-000000000008";
const OTHER_INSTANCE: &str = "callbunker:staging:00000000-0000-0000-0000-000000000007";
const LABEL: &str = "sales, do not touch";

#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Us,
    Untagged,
    AnotherTag,
    Older,
    Later,
    Unclear,
}

fn whose(owner: Owner) -> Whose {
    match owner {
        Owner::Us(_) => Whose::Us,
        Owner::Untagged(_) => Whose::Untagged,
        Owner::AnotherTag => Whose::AnotherTag,
        Owner::Older => Whose::Older,
        Owner::Later(_) => Whose::Later,
        Owner::Unclear => Whose::Unclear,
    }
}

/// Every tag that a number may carry, with every age that it may have.
#[test]
fn a_tag_decides_before_a_clock_does_and_age_only_where_both_are_told() {
    use Whose::{AnotherTag, Older, Untagged, Us};
    // How old each is: 0 may be ours, 1 is older than what clocks differ by, 2 is ancient.
    let ages = [
        ("Thu, 01 Jan 2026 12:00:01 +0000", 0),
        // Twilio's clocks may be minutes apart, either way.
        ("Thu, 01 Jan 2026 11:45:00 +0000", 0),
        ("Thu, 01 Jan 2026 12:15:00 +0000", 0),
        ("", 0),
        ("Thu, 01 Jan 2026 10:59:59 +0000", 1),
        ("Wed, 31 Dec 2025 11:59:59 +0000", 2),
        ("Mon, 01 Dec 2025 12:00:00 +0000", 2),
    ];
    for (name, expected) in [
        (OURS, [Us, Us, Older]),
        ("", [Untagged, Older, Older]),
        ("(415) 555-0101", [Untagged, Older, Older]),
        (LABEL, [Untagged, Older, Older]),
        ("callbunker:", [Untagged, Older, Older]),
        (OTHER_ITEM, [AnotherTag, AnotherTag, AnotherTag]),
        (OTHER_INSTANCE, [AnotherTag, AnotherTag, AnotherTag]),
    ] {
        for (date_created, age) in ages {
            let judged = judged(&found(name, "https://a.example/v", date_created));
            assert_eq!(whose(judged), expected[age], "{name:?} {date_created:?}");
        }
    }
}

#[test]
fn what_carries_no_tag_is_ours_only_if_it_came_soon_after_our_purchase_and_that_is_remembered() {
    use Whose::{AnotherTag, Later, Older, Unclear, Untagged, Us};
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    // Twilio's clock is at noon of the first of January.
    for (sent_ago, date_created, expected) in [
        (hours(25), "Wed, 31 Dec 2025 11:00:00 +0000", Untagged),
        (hours(25), "Thu, 01 Jan 2026 10:59:59 +0000", Untagged),
        (hours(25), "Thu, 01 Jan 2026 11:59:59 +0000", Later),
        (hours(60 * 24), NOW, Later),
        (hours(7 * 24), "Thu, 25 Dec 2025 12:00:01 +0000", Untagged),
        (hours(7 * 24 + 1), "Thu, 25 Dec 2025 12:00:01 +0000", Unclear),
        // Nobody says when it was bought.
        (hours(7 * 24), "", Untagged),
        (hours(7 * 24 + 1), "", Unclear),
        (hours(60 * 24), "Mon, 01 Sep 2025 12:00:00 +0000", Older),
    ] {
        for name in ["", LABEL] {
            let judged = judged_after(&found(name, "https://a.example/v", date_created), sent_ago);
            assert_eq!(whose(judged), expected, "{name:?} {sent_ago:?} {date_created:?}");
        }
    }
    // A tag decides, however late it is seen.
    for (name, expected) in [(OURS, Us), (OTHER_ITEM, AnotherTag)] {
        assert_eq!(whose(judged_after(&found(name, "https://a.example/v", NOW), hours(60 * 24))), expected);
    }
}

#[test]
fn a_number_is_unfit_only_if_twilio_says_so() {
    for (told, capable) in [
        (serde_json::json!(null), true),
        (serde_json::json!({"voice": true, "sms": null}), true),
        (serde_json::json!({"voice": true, "sms": false}), false),
        (serde_json::json!({"voice": null, "sms": false}), false),
        (serde_json::json!(["voice"]), false),
    ] {
        let mut number = found(OURS, "https://a.example/v", NOW);
        number.body.capabilities = serde_json::from_value(told.clone()).unwrap();
        let Owner::Us(settlement) = judged(&number) else { panic!("not ours") };
        assert_eq!(settlement.number.capable, capable, "{told}");
    }
}

#[test]
fn without_twilios_clock_a_number_has_no_age() {
    let mut number = found(OURS, "https://a.example/v", "Mon, 01 Dec 2025 12:00:00 +0000");
    number.at = None;
    assert!(matches!(judged(&number), Owner::Us(_)));
}

#[test]
fn what_was_bought_when_nobody_says_was_bought_when_twilio_answered() {
    let bought_at = |number: &Answered<IncomingNumber>| match judged(number) {
        Owner::Us(settlement) => settlement.number.purchased_at,
        other @ (Owner::Untagged(_) | Owner::AnotherTag | Owner::Older | Owner::Later(_) | Owner::Unclear) => {
            panic!("{other:?}")
        }
    };
    let mut number = found(OURS, "https://a.example/v", NOW);
    assert_eq!(Some(bought_at(&number)), number.body.date_created);
    number.body.date_created = None;
    assert_eq!(Some(bought_at(&number)), number.at);
}

#[test]
fn our_own_clock_may_be_wrong_by_any_amount() {
    // Twilio answers in its own time, whatever ours says; only the time that passed is ours.
    let mut number = found(OURS, "https://a.example/v", "Wed, 01 Jan 2031 12:00:01 +0000");
    number.at = Some("2031-01-01T12:00:02Z".parse().unwrap());
    assert!(matches!(judged(&number), Owner::Us(_)));
}
