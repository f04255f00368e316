//! A number that we know by its SID: what Twilio shows beside what it shall carry. Pure, because everything hangs on it.

use crate::db::numbers::KnownNumber;
use crate::db::pools::PoolWanted;
use crate::domain::{
    Capability, InstanceName, Kind, NumberStatus, NumberType, QuarantineReason, Tag, WebhookStatus, Webhooks,
};
use crate::twilio::IncomingNumber;

/// What every number of a pool shall be.
#[derive(Debug, Clone)]
pub(super) struct Shall {
    /// Whose tag it carries.
    pub(super) instance: InstanceName,
    /// What it shall carry, as the pool wants it.
    pub(super) wanted: PoolWanted,
    /// What the pool wants it to do; `None` = the pool is configured no more, and nobody judges that.
    pub(super) capabilities: Option<Vec<Capability>>,
    /// What it is, as its numbers were last told: by that they are apart, on all instances alike; `None` = not yet.
    pub(super) kind: Option<Kind>,
    /// This instance is configured with other webhooks for the pool, so it repairs nothing of it.
    pub(super) skewed: bool,
}

impl Shall {
    /// Whether the number lost something that this instance would have to write down. One that is configured otherwise judges no
    /// capabilities.
    pub(super) fn is_loss(&self, differs: Differences, known: &KnownNumber, number: &IncomingNumber) -> bool {
        Differences { fitness: differs.fitness && !self.skewed, ..differs }.is_loss(known, number)
    }

    /// Of which type a number is, if that is other than the database has it, or leaves it beside its pool's stock, or among it,
    /// wrongly.
    pub(super) fn other_type(&self, known: &KnownNumber, number: &IncomingNumber) -> Option<NumberType> {
        let told = if known.bought { None } else { number.told_type() };
        let number_type = told.unwrap_or(known.number_type);
        let kind = Kind { country: known.country, number_type };
        let is_as_known = number_type == known.number_type && self.kind.is_none_or(|of| known.apart == (kind != of));
        (!is_as_known).then_some(number_type)
    }

    /// Whether the number can do what its pool wants; `None` = nobody knows.
    pub(super) fn fitness(&self, number: &IncomingNumber) -> Option<bool> {
        number.fitness(self.capabilities.as_deref()?)
    }
}

/// What is to be done about a number of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing.
    Fine,
    /// It was given back to Twilio long ago, and is there all the same.
    StillThere,
    /// Another environment's tag stands on it.
    TaggedFor(InstanceName),
    /// It is held because of another environment's tag, which is gone.
    TagIsOursAgain,
    /// It differs from what the database says.
    Attend(Differences),
}

/// How a number differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Its FriendlyName is not the tag that it shall carry.
    pub(super) tag: bool,
    /// Its webhooks are not those that it shall carry.
    pub(super) webhooks: bool,
    /// Its webhooks are right, but the database does not know it.
    pub(super) stale: bool,
    /// The database has it as missing.
    pub(super) turned_up: bool,
    /// It can do what the pool promises and the database denies it, or the other way round.
    pub(super) fitness: bool,
    /// It is of another type than the database has it, or is apart from its pool wrongly, or is not.
    pub(super) kind: bool,
    /// With that, it is stock of its pool no more: nobody has it, and what serves nobody is bought anew.
    pub(super) goes_apart: bool,
}

/// Decides about a number of ours.
pub(super) fn decide(known: &KnownNumber, number: &IncomingNumber, shall: &Shall) -> Decision {
    if known.status == NumberStatus::Released {
        // Twilio's list may lag behind a release.
        return if known.left_long_ago { Decision::StillThere } else { Decision::Fine };
    }
    let tag = Tag::parse(&number.friendly_name);
    let another = tag.as_ref().filter(|tag| tag.instance != shall.instance).map(|tag| tag.instance.clone());
    let turned_up = Differences { turned_up: known.missing, ..Differences::default() };
    match known.hold {
        // Somebody is at it: what it shall carry is not decided yet, or does not matter any more.
        Some(QuarantineReason::Leaving | QuarantineReason::Adopting) => return Decision::Fine,
        Some(QuarantineReason::UnknownItem | QuarantineReason::TagConflict | QuarantineReason::Contested)
            if known.missing =>
        {
            return Decision::Attend(turned_up);
        }
        Some(QuarantineReason::UnknownItem | QuarantineReason::Contested) => return Decision::Fine,
        Some(QuarantineReason::TagConflict) => {
            return another.map_or(Decision::TagIsOursAgain, Decision::TaggedFor);
        }
        Some(QuarantineReason::Released) | None => {}
    }
    if let Some(instance) = another {
        return Decision::TaggedFor(instance);
    }
    let tag_is_right = tag.is_some_and(|tag| known.item_id.is_none_or(|item_id| tag.item_id == item_id));
    let webhooks_are_right = number.carries(&shall.wanted.webhooks);
    let other_type = shall.other_type(known, number);
    let differs = Differences {
        tag: !tag_is_right,
        webhooks: !webhooks_are_right,
        stale: webhooks_are_right && known.webhook_status != WebhookStatus::Configured,
        // Rows that Twilio, or a gateway, cut short say nothing of it.
        fitness: shall.fitness(number).is_some_and(|fit| fit != known.capable),
        kind: other_type.is_some(),
        goes_apart: !known.apart
            && known.user_id.is_none()
            && other_type.is_some_and(|number_type| {
                shall.kind.is_some_and(|of| of != Kind { country: known.country, number_type })
            }),
        ..turned_up
    };
    if differs == Differences::default() { Decision::Fine } else { Decision::Attend(differs) }
}

impl Differences {
    /// Whether the number lost what it could do, its place in stock, or all of its webhooks: what happens to one now and then, and to many at
    /// once only in an answer that is wrong, or after a change of `pool.capabilities`.
    pub(super) fn is_loss(self, known: &KnownNumber, number: &IncomingNumber) -> bool {
        let unfit = self.fitness && known.capable;
        let bare = self.webhooks
            && known.webhook_status == WebhookStatus::Configured
            && [
                &number.voice_url,
                &number.sms_url,
                &number.status_callback,
                &number.voice_application_sid,
                &number.sms_application_sid,
                &number.trunk_sid,
            ]
            .iter()
            .all(|value| value.is_empty());
        !known.missing && (unfit || bare || self.goes_apart)
    }

    /// What differs, in words.
    pub(super) fn reason(self, number: &IncomingNumber, wanted: &Webhooks) -> String {
        let fields = number.differences(wanted);
        match (self.tag, self.webhooks) {
            (true, false) => "friendly name changed".to_owned(),
            (true, true) => format!("friendly name changed, webhooks differ ({})", fields.join(", ")),
            (false, _) => format!("webhooks differ ({})", fields.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{CountryCode, PoolName};

    const OURS: &str = "callbunker:default:00000000-0000-0000-0000-000000000007";
    const OTHER_ITEM: &str = "callbunker:default:00000000-0000-0000-0000-000000000008";
    const STAGING: &str = "callbunker:staging:00000000-0000-0000-0000-000000000007";
    const RIGHT: &str = "https://a.example/v";
    const WRONG: &str = "https://elsewhere.example/v";

    fn known() -> KnownNumber {
        KnownNumber {
            id: 1,
            status: NumberStatus::Available,
            hold: None,
            webhook_status: WebhookStatus::Configured,
            capable: true,
            missing: false,
            left_long_ago: false,
            item_id: Some(Uuid::from_u128(7)),
            another_tag: false,
            user_id: None,
            pool: PoolName::default_pool(),
            country: CountryCode::US,
            number_type: NumberType::Local,
            apart: false,
            bought: false,
        }
    }

    fn shall(webhooks: Webhooks) -> Shall {
        let wanted = PoolWanted { pool: PoolName::default_pool(), webhooks };
        let capabilities = Some(vec![Capability::Voice]);
        let kind = Some(Kind { country: CountryCode::US, number_type: NumberType::Local });
        Shall { instance: "default".parse().unwrap(), wanted, capabilities, kind, skewed: false }
    }

    fn decided(known: &KnownNumber, friendly_name: &str, voice_url: &str) -> Decision {
        let number = serde_json::from_value(serde_json::json!({
            "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101",
            "friendly_name": friendly_name, "voice_url": voice_url, "sms_url": "https://a.example/s",
            "status_callback": "https://a.example/c", "date_created": "Thu, 01 Jan 2026 12:00:01 +0000",
        }))
        .unwrap();
        let webhooks = Webhooks {
            voice_url: RIGHT.to_owned(),
            sms_url: "https://a.example/s".to_owned(),
            status_callback: "https://a.example/c".to_owned(),
            ..Webhooks::default()
        };
        decide(known, &number, &shall(webhooks))
    }

    fn attend(tag: bool, webhooks: bool, stale: bool, turned_up: bool) -> Decision {
        Decision::Attend(Differences { tag, webhooks, stale, turned_up, ..Differences::default() })
    }

    #[test]
    fn a_number_that_carries_what_it_shall_is_left_alone() {
        assert_eq!(decided(&known(), OURS, RIGHT), Decision::Fine);
        let any_item = KnownNumber { item_id: None, ..known() };
        assert_eq!(decided(&any_item, OTHER_ITEM, RIGHT), Decision::Fine);
    }

    #[test]
    fn each_difference_is_named() {
        assert_eq!(decided(&known(), "my phone", RIGHT), attend(true, false, false, false));
        assert_eq!(decided(&known(), OTHER_ITEM, RIGHT), attend(true, false, false, false));
        assert_eq!(decided(&known(), OURS, WRONG), attend(false, true, false, false));
        assert_eq!(decided(&known(), "", WRONG), attend(true, true, false, false));
        for webhook_status in [WebhookStatus::Drifted, WebhookStatus::Pending, WebhookStatus::Failed] {
            let unready = KnownNumber { webhook_status, ..known() };
            assert_eq!(decided(&unready, OURS, RIGHT), attend(false, false, true, false));
            assert_eq!(decided(&unready, OURS, WRONG), attend(false, true, false, false));
        }
        assert_eq!(decided(&KnownNumber { missing: true, ..known() }, OURS, RIGHT), attend(false, false, false, true));
    }

    #[test]
    fn what_a_number_can_do_is_compared_where_twilio_says_it() {
        let shown = |voice: bool| {
            serde_json::from_value::<IncomingNumber>(serde_json::json!({
                "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101", "friendly_name": OURS,
                "voice_url": RIGHT, "sms_url": "https://a.example/s", "status_callback": "https://a.example/c",
                "date_created": "Thu, 01 Jan 2026 12:00:01 +0000", "capabilities": {"voice": voice, "sms": true},
            }))
            .unwrap()
        };
        let webhooks = Webhooks {
            voice_url: RIGHT.to_owned(),
            sms_url: "https://a.example/s".to_owned(),
            status_callback: "https://a.example/c".to_owned(),
            ..Webhooks::default()
        };
        let shall = shall(webhooks);
        let differs = Decision::Attend(Differences { fitness: true, ..Differences::default() });
        assert_eq!(decide(&known(), &shown(true), &shall), Decision::Fine);
        assert_eq!(decide(&known(), &shown(false), &shall), differs);
        let deaf = KnownNumber { capable: false, ..known() };
        assert_eq!(decide(&deaf, &shown(true), &shall), differs);
        assert_eq!(decide(&deaf, &shown(false), &shall), Decision::Fine);
        // What a pool wants that is configured no more, nobody knows.
        let unconfigured = Shall { capabilities: None, ..shall };
        assert_eq!(decide(&known(), &shown(false), &unconfigured), Decision::Fine);
        assert_eq!(decide(&deaf, &shown(true), &unconfigured), Decision::Fine);
    }

    #[test]
    fn what_it_is_says_twilio_unless_we_bought_it_as_something_else() {
        let shown = |word: &str| {
            serde_json::from_value::<IncomingNumber>(serde_json::json!({
                "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101", "friendly_name": OURS,
                "voice_url": RIGHT, "sms_url": "https://a.example/s", "status_callback": "https://a.example/c", "type": word,
            }))
            .unwrap()
        };
        let webhooks = Webhooks {
            voice_url: RIGHT.to_owned(),
            sms_url: "https://a.example/s".to_owned(),
            status_callback: "https://a.example/c".to_owned(),
            ..Webhooks::default()
        };
        let shall = shall(webhooks);
        let differs =
            |goes_apart: bool| Decision::Attend(Differences { kind: true, goes_apart, ..Differences::default() });
        for word in ["", "local", "a word of tomorrow"] {
            assert_eq!(decide(&known(), &shown(word), &shall), Decision::Fine, "{word}");
        }
        assert_eq!(decide(&known(), &shown("mobile"), &shall), differs(true));
        assert!(shall.is_loss(Differences { goes_apart: true, ..Differences::default() }, &known(), &shown("mobile")));
        // Whoever has one keeps it: no stock is lost.
        let somebodys = KnownNumber { status: NumberStatus::Assigned, user_id: Some("u-1".to_owned()), ..known() };
        assert_eq!(decide(&somebodys, &shown("mobile"), &shall), differs(false));
        // Its search said what it is.
        let bought = KnownNumber { bought: true, ..known() };
        assert_eq!(decide(&bought, &shown("mobile"), &shall), Decision::Fine);
        // It is apart, and is right there; or it is one of its pool's after all.
        let mobile = KnownNumber { number_type: NumberType::Mobile, apart: true, ..known() };
        assert_eq!(decide(&mobile, &shown("mobile"), &shall), Decision::Fine);
        assert_eq!(decide(&mobile, &shown("local"), &shall), differs(false));
        // What a reload told while it came in.
        let beside = KnownNumber { apart: true, ..known() };
        assert_eq!(decide(&beside, &shown(""), &shall), differs(false));
        // Nobody has said what its pool is.
        let unsaid = Shall { kind: None, ..shall };
        assert_eq!(decide(&beside, &shown(""), &unsaid), Decision::Fine);
        assert_eq!(decide(&known(), &shown("mobile"), &unsaid), differs(false));
    }

    #[test]
    fn another_environments_tag_is_a_conflict_whatever_else_differs() {
        let staging: InstanceName = "staging".parse().unwrap();
        for status in [NumberStatus::Available, NumberStatus::Assigned] {
            let number = KnownNumber { status, ..known() };
            assert_eq!(decided(&number, STAGING, WRONG), Decision::TaggedFor(staging.clone()));
        }
    }

    #[test]
    fn numbers_that_are_held_or_leaving_are_not_touched() {
        for hold in [
            QuarantineReason::Leaving,
            QuarantineReason::Adopting,
            QuarantineReason::UnknownItem,
            QuarantineReason::Contested,
        ] {
            let held = KnownNumber { status: NumberStatus::Quarantined, hold: Some(hold), ..known() };
            assert_eq!(decided(&held, "", WRONG), Decision::Fine, "{hold:?}");
        }
        let hold = Some(QuarantineReason::TagConflict);
        let conflict = KnownNumber { status: NumberStatus::Quarantined, hold, ..known() };
        assert_eq!(decided(&conflict, STAGING, RIGHT), Decision::TaggedFor("staging".parse().unwrap()));
        assert_eq!(decided(&conflict, OURS, WRONG), Decision::TagIsOursAgain);
        let missing = KnownNumber { missing: true, ..conflict };
        assert_eq!(decided(&missing, STAGING, WRONG), attend(false, false, false, true));
    }

    #[test]
    fn a_number_that_was_given_back_may_lag_but_not_for_ever() {
        let left = KnownNumber { status: NumberStatus::Released, ..known() };
        assert_eq!(decided(&left, STAGING, WRONG), Decision::Fine);
        assert_eq!(decided(&KnownNumber { left_long_ago: true, ..left }, OURS, RIGHT), Decision::StillThere);
    }
}
