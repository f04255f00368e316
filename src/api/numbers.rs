//! One number: how it stands, why nobody gets it, and what happened to it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::at_twilio::{AtTwilio, at_twilio};
use super::attachment_lines;
use super::lists::charges::ChargeView;
use super::notice::NoticeView;
use super::recycling_lines;
use super::services::Services;
use crate::db::Connection;
use crate::db::attachments::AttachmentRow;
use crate::db::buying_state::buying_state_read;
use crate::db::charges::{NumberMoney, number_money};
use crate::db::ignored_numbers::{IgnoredNumber, ignored_read};
use crate::db::numbers::{NumberEvent, OwnedNumber, number_history, number_standing};
use crate::db::recyclings::recycling_open;
use crate::domain::recycling::UseSource;
use crate::domain::{
    AreaCode, AssignmentSource, AttachmentKind, AttachmentState, CountryCode, NumberEventKind, NumberSid, NumberStatus,
    NumberType, PhoneNumber, PoolName, QuarantineReason, Registration, Trigger, UserId, WebhookStatus, explain_trigger,
    why_not,
};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// A number as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NumberLine)]
pub(crate) struct NumberView {
    /// E.164.
    pub(crate) phone_number: PhoneNumber,
    /// Twilio's.
    pub(crate) sid: NumberSid,
    /// `missing` while Twilio does not list it, whatever it was.
    pub(crate) status: NumberStatus,
    /// Where the country has them.
    #[schema(required)]
    pub(crate) area_code: Option<AreaCode>,
    /// ISO 3166.
    pub(crate) country: CountryCode,
    /// How its webhooks stand.
    pub(crate) webhook_status: WebhookStatus,
    /// Whose it is.
    #[schema(required, value_type = Option<UserId>)]
    pub(crate) user_id: Option<String>,
    /// When Twilio sold it.
    pub(crate) purchased_at: DateTime<Utc>,
    /// The order that bought it.
    #[schema(required)]
    pub(crate) purchase_id: Option<Uuid>,
    /// Why it rests, is on hold or is leaving; null for all others.
    #[schema(required)]
    pub(crate) quarantine_reason: Option<QuarantineReason>,
    /// The pool that it belongs to.
    pub(crate) pool: PoolName,
    /// Which of Twilio's stocks it is of.
    pub(crate) number_type: NumberType,
    /// The last use by whoever has it that is known; null while nobody has it.
    #[schema(required)]
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// How it is known: `assignment`, `touch`, `call` or `message`.
    #[schema(required)]
    pub(crate) last_used_source: Option<UseSource>,
}

impl From<OwnedNumber> for NumberView {
    fn from(number: OwnedNumber) -> Self {
        Self {
            status: number.shown_status(),
            phone_number: number.stored.phone_number,
            sid: number.stored.sid,
            area_code: number.stored.area_code,
            country: number.stored.country,
            webhook_status: number.stored.webhook_status,
            user_id: number.user_id,
            purchased_at: number.stored.purchased_at,
            purchase_id: number.purchase_id,
            quarantine_reason: number.stored.quarantine_reason,
            pool: number.stored.pool,
            number_type: number.stored.number_type,
            last_used_at: number.last_used_at,
            last_used_source: number.last_used_source,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NumberInFull {
    #[serde(flatten)]
    pub(crate) view: NumberView,
    pub(crate) capable: bool,
    #[schema(required)]
    pub(crate) missing_since: Option<DateTime<Utc>>,
    #[schema(required)]
    pub(crate) quarantined_until: Option<DateTime<Utc>>,
    pub(crate) assignable: bool,
    #[schema(required)]
    pub(crate) why_not: Option<String>,
    /// Whether an operator's word keeps it from being recycled or given back to Twilio.
    pub(crate) protected: bool,
    /// A notice to its user's application that nobody uses it; null = none is out.
    #[schema(required)]
    pub(crate) notice: Option<NoticeView>,
    /// What it is or shall be attached to; what it left is not among it.
    pub(crate) attachments: Vec<AttachmentView>,
    /// How the carriers have it; null = nothing was said.
    #[schema(required)]
    pub(crate) registration: Option<Registration>,
    /// Why, or whose word that is.
    #[schema(required)]
    pub(crate) registration_reason: Option<String>,
    /// What it cost, the latest first, 24 charges at most; within the hour.
    pub(crate) charges: Vec<ChargeView>,
    /// When it is charged next; null = never again.
    #[schema(required)]
    pub(crate) next_charge_on: Option<NaiveDate>,
    pub(crate) history: Vec<HistoryView>,
    /// Whether another environment's tag stood on it when it was looked at last.
    #[serde(skip)]
    pub(crate) is_tagged_elsewhere: bool,
    /// How Twilio shows it; only when `twilio=true` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_twilio: Option<AtTwilio>,
}

/// A messaging service, a customer profile or a trust product that a number is in, or shall be in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NumberAttachment)]
pub(crate) struct AttachmentView {
    /// What it is.
    pub(crate) kind: AttachmentKind,
    /// Twilio's identity of it.
    pub(crate) target: String,
    /// How far the number has come.
    pub(crate) state: AttachmentState,
    /// Since when.
    pub(crate) since: DateTime<Utc>,
    /// What Twilio minds, with its code.
    #[schema(required)]
    pub(crate) error: Option<String>,
}

impl From<AttachmentRow> for AttachmentView {
    fn from(row: AttachmentRow) -> Self {
        let error = row.error();
        Self { kind: row.kind, target: row.target, state: row.state, since: row.since, error }
    }
}

/// Something that happened to a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NumberEvent)]
pub(crate) struct EventView {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// `intended`, `bought`, `taken`, `not_bought`, `unknown`, `adopted`, `imported`, `assigned`, `released`, `missing`,
    /// `leaving`, `released_to_twilio`, `release_refused`, `release_withdrawn`, `held`, `hold_ended`, `turned_up`,
    /// `tag_conflict`, `retagged`, `moved`, `attached`, `attachment_refused`, `attachment_conflict`, `detached`, `registered`,
    /// `registration_failed`, `marked_ready`, `notice`, `recycled`, `recycling_ended`, `protected` or `unprotected`.
    #[schema(value_type = String)]
    pub(crate) event: NumberEventKind,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purchase_id: Option<Uuid>,
    /// Why the order exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) trigger: Option<Trigger>,
    /// Whose it became, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    /// Where an assignment came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) source: Option<AssignmentSource>,
    /// Which operator's key asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// Our error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Twilio's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) twilio_code: Option<i32>,
    /// Twilio's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NumberHistoryLine)]
pub(crate) struct HistoryView {
    #[serde(flatten)]
    pub(crate) event: EventView,
    pub(crate) detail: String,
}

impl From<NumberEvent> for HistoryView {
    fn from(event: NumberEvent) -> Self {
        let detail = detail(&event);
        let NumberEvent {
            at,
            event,
            purchase_id,
            trigger,
            user_id,
            source,
            by,
            code,
            twilio_code,
            request_id,
            message: _,
        } = event;
        let event = EventView { at, event, purchase_id, trigger, user_id, source, by, code, twilio_code, request_id };
        Self { event, detail }
    }
}

/// Whether Twilio is asked how a number stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twilio {
    Asked,
    LeftAlone,
}

/// So many charges of a number are shown.
const CHARGES_SHOWN: i64 = 24;

pub(crate) async fn number(
    services: &Services,
    phone_number: PhoneNumber,
    twilio: Twilio,
) -> Result<NumberInFull, Problem> {
    let read = move |conn: &mut Connection| {
        let found = number_standing(conn, &phone_number)?;
        let is_halted = twilio == Twilio::Asked && buying_state_read(conn)?.halted.is_some();
        let ignored = if found.is_none() { ignored_read(conn, &phone_number)? } else { None };
        let money = match &found {
            Some((number, ..)) => number_money(conn, number.id, CHARGES_SHOWN)?,
            None => NumberMoney::default(),
        };
        let notice = match &found {
            Some((number, ..)) => recycling_open(conn, number.id)?,
            None => None,
        };
        Ok((found, number_history(conn, &phone_number)?, is_halted, ignored, (money, notice)))
    };
    let (found, history, is_halted, ignored, (money, notice)) = services.read("number_document", read).await?;
    let (number, standing, attached) = found.ok_or_else(|| unknown(ignored))?;
    let why_not = why_not(&standing);
    let has_left = number.status() == NumberStatus::Released;
    let at_twilio = match twilio {
        Twilio::Asked if !has_left => Some(at_twilio(services, (&number.sid, &number.pool), is_halted).await),
        Twilio::Asked | Twilio::LeftAlone => None,
    };
    Ok(NumberInFull {
        at_twilio,
        is_tagged_elsewhere: number.another_tag_since.is_some(),
        capable: number.capable,
        missing_since: number.missing_since,
        quarantined_until: number.quarantined_until,
        protected: number.protected_at.is_some(),
        notice: notice.map(NoticeView::from),
        view: number.into(),
        assignable: why_not.is_none(),
        why_not,
        attachments: attached.attachments.into_iter().map(AttachmentView::from).collect(),
        registration: attached.registration,
        registration_reason: attached.registration_reason,
        charges: money.charges.into_iter().map(ChargeView::from).collect(),
        next_charge_on: money.next_on,
        history: history.into_iter().map(HistoryView::from).collect(),
    })
}

/// There is no such number, or one that is ignored.
fn unknown(ignored: Option<IgnoredNumber>) -> Problem {
    match ignored {
        None => Problem::not_found(
            "This pool has never had this number; reconcile tells which others the account holds, and adopt takes one in.",
        ),
        Some(IgnoredNumber { ignored_at, ignored_by, .. }) => Problem::not_found(format!(
            "This number is of the account, and ignored since {} by {ignored_by}; unignore has comparisons name it again, \
             and adopt takes it in.",
            ignored_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        ))
        .with("ignored_at", ignored_at.to_rfc3339())
        .with("ignored_by", ignored_by),
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let asked: bool = request.query("twilio")?.unwrap_or_default();
    let twilio = if asked { Twilio::Asked } else { Twilio::LeftAlone };
    answer(number(&services, request.param("phone_number")?, twilio).await)
}

/// What happened, for people.
fn detail(event: &NumberEvent) -> String {
    let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
    let (user, by) = (or(&event.user_id, "somebody"), or(&event.by, "an operator"));
    let said = event.message.as_deref().filter(|message| !message.trim().is_empty());
    let because = said.map(|message| format!(": {message}")).unwrap_or_default();
    match event.event {
        NumberEventKind::Intended => match event.trigger {
            Some(Trigger::Adopt) => "an operator wanted to take it in".to_owned(),
            Some(Trigger::Import) => "an import wanted to take it in".to_owned(),
            Some(trigger) => format!("an order set out to buy it: {}", explain_trigger(trigger)),
            None => "an order set out to buy it".to_owned(),
        },
        NumberEventKind::Bought => "bought from Twilio".to_owned(),
        NumberEventKind::Adopted => "taken in by an operator; it was in the account already".to_owned(),
        NumberEventKind::Imported => "moved in from the earlier service".to_owned(),
        NumberEventKind::Taken => format!("somebody else has it{because}"),
        NumberEventKind::NotBought => format!("not bought{because}"),
        NumberEventKind::Unknown => {
            format!("Twilio's answer is not known, and it is looked up until it is clear{because}")
        }
        NumberEventKind::Assigned => {
            format!("assigned to {user} (source: {})", event.source.map_or("unknown", AssignmentSource::as_str))
        }
        NumberEventKind::Released => format!("released from {user}"),
        NumberEventKind::Missing => "gone at Twilio: Twilio has no such number".to_owned(),
        NumberEventKind::TurnedUp => "back at Twilio: it has the number again".to_owned(),
        NumberEventKind::Held => match said {
            Some("tag_conflict") => "on hold: another environment's tag stood on it".to_owned(),
            Some("contested") => "on hold: somebody else set its webhooks back again and again".to_owned(),
            Some("unknown_item") => "on hold: its tag named a purchase that this ledger does not know".to_owned(),
            _ => "on hold until an operator decided".to_owned(),
        },
        NumberEventKind::HoldEnded => "on hold no more: an operator decided".to_owned(),
        NumberEventKind::TagConflict => {
            format!("another environment's tag was seen on it: {}", said.unwrap_or("which one is not known"))
        }
        NumberEventKind::Retagged => {
            format!("{by} put our tag in place of another environment's, {}", said.unwrap_or("which one is not known"))
        }
        NumberEventKind::Moved => match said.and_then(|said| said.split_once(' ')) {
            Some((from, to)) => format!("{by} moved it from the pool {from} into {to}"),
            None => format!("{by} moved it into another pool"),
        },
        NumberEventKind::Attached => attachment_lines::attached(said),
        NumberEventKind::AttachmentRefused => attachment_lines::refused(said),
        NumberEventKind::AttachmentConflict => attachment_lines::conflict(said),
        NumberEventKind::Detached => attachment_lines::detached(said),
        NumberEventKind::Registered => "the carriers know it".to_owned(),
        NumberEventKind::RegistrationFailed => attachment_lines::registration_failed(said),
        NumberEventKind::MarkedReady => format!("{by} said that the carriers know it"),
        NumberEventKind::Notice => recycling_lines::notice(said),
        NumberEventKind::Recycled => recycling_lines::recycled(said),
        NumberEventKind::RecyclingEnded => recycling_lines::ended(said),
        NumberEventKind::Protected => recycling_lines::protected(&by),
        NumberEventKind::Unprotected => recycling_lines::unprotected(&by),
        NumberEventKind::Leaving => format!("{by} wants to give it back to Twilio"),
        NumberEventKind::ReleasedToTwilio => "given back to Twilio".to_owned(),
        NumberEventKind::ReleaseRefused => {
            let because = because.trim_end_matches('.');
            format!(
                "Twilio did not take it back{because}; what keeps it there must end at Twilio before it is asked again"
            )
        }
        NumberEventKind::ReleaseWithdrawn => format!("it was not given back to Twilio after all{because}"),
    }
}

pub(crate) fn about() -> About {
    About::new("number", "Numbers", "One number: how it stands, why nobody gets it, and what happened to it")
        .path::<PhoneNumber>("phone_number", "Which; its `+` may stand as it is.")
        .query::<bool>(
            "twilio",
            "`true` = ask Twilio how it stands there, too: `at_twilio`. It takes two seconds at most.",
        )
        .answer::<NumberInFull>(
            "The number.",
            json!({"phone_number": "+12276164313", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "assigned",
                "area_code": "227", "country": "US", "webhook_status": "configured", "user_id": "u-1",
                "purchased_at": "2026-11-22T11:57:15Z", "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68",
                "pool": "default", "number_type": "local", "last_used_at": "2026-11-22T11:57:16.799722Z", "last_used_source": "assignment",
                "protected": false, "notice": null, "capable": true, "missing_since": null, "quarantined_until": null, "quarantine_reason": null,
                "assignable": false, "why_not": "assigned to u-1 since 2026-11-22T11:57:16Z",
                "attachments": [{"kind": "messaging_service", "target": "MG0123456789abcdef0123456789abcdef", "state": "attached",
                    "since": "2026-11-22T11:57:16.104311Z", "error": null}],
                "registration": "registered", "registration_reason": null,
                "charges": [{"date": "2026-11-22", "phone_number": "+12276164313", "what": "purchase", "pool": "default",
                    "country": "US", "number_type": "local", "amount": "1.15", "currency": "USD", "price_source": "seen"}],
                "next_charge_on": "2026-12-22", "history": [
                    {"at": "2026-11-22T11:57:16.799722Z", "event": "assigned", "user_id": "u-1", "source": "pool",
                     "detail": "assigned to u-1 (source: pool)"}]}),
        )
        .refuses(ProblemCode::NotFound, "The pool has never had this number.")
}
