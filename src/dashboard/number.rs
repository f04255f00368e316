//! One number: how it stands here and at Twilio, who has it, what it costs, and what happened to it.
//!
//! Invariant: the page comes whatever Twilio does: what it does not tell within two seconds is said, and the rest is there.
//! How to get it wrong: offering what the API refuses.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;

use super::cells::{Link, known_by, number_state_of, order_link, user_link};
use super::comparison::Can;
use super::moving;
use super::page::{Frame, page};
use super::text::{Piece, When, phone, pieces, sentence};
use crate::access::Person;
use crate::api::numbers::{self, AttachmentView, HistoryView, NumberInFull, Twilio};
use crate::api::plan::amount;
use crate::api::services::Services;
use crate::db::ignored_numbers::{IgnoredNumber, ignored_read};
use crate::db::numbers::number_awaits_carriers;
use crate::domain::{AttachmentKind, AttachmentState, Kind, NumberStatus, PhoneNumber, Tag, WebhookStatus};
use crate::http::{Problem, ProblemCode};
use crate::routing::{Outcome, Request};

/// Something that happened to it.
struct Event {
    at: When,
    told: Vec<Piece>,
    order: Option<Link>,
    request: Option<String>,
}

/// What it is attached to, or shall be.
struct Attachment {
    what: &'static str,
    target: String,
    state: &'static str,
    tone: &'static str,
    since: When,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "number.html")]
struct NumberPage {
    frame: Frame,
    shown: String,
    number: NumberInFull,
    state: (&'static str, &'static str),
    why: Vec<Piece>,
    is_gone: bool,
    user: Option<Link>,
    bought: When,
    /// When, and how it is known.
    last_use: Option<(When, &'static str)>,
    /// When it was told that nobody uses it, and until when there is time to answer; without either it is still to be told.
    notice: Option<(Option<When>, Option<When>)>,
    order: Option<Link>,
    console: String,
    price: Option<String>,
    can: Can,
    can_set_webhooks: bool,
    /// Whether pages say of which pool something is.
    is_told: bool,
    can_move: bool,
    /// Whether an operator's word that the carriers know it helps.
    can_mark_ready: bool,
    attachments: Vec<Attachment>,
    /// The newest first.
    events: Vec<Event>,
}

#[derive(Template)]
#[template(path = "ignored.html")]
struct IgnoredPage {
    frame: Frame,
    shown: String,
    number: IgnoredNumber,
    since: When,
    by: Person,
    console: String,
}

pub(crate) async fn number(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&[])?;
    let number: PhoneNumber = request.param("phone_number")?;
    show(&services, &request, number).await?.ok_or_else(|| {
        Problem::not_found("This pool has never had this number. The search finds numbers, users, orders and SIDs.")
    })?
}

/// The page of a number of ours, or of one that is ignored, if it is either.
pub(super) async fn show(
    services: &Services,
    request: &Request,
    number: PhoneNumber,
) -> Result<Option<Outcome>, Problem> {
    match numbers::number(services, number.clone(), Twilio::Asked).await {
        Ok(found) => Ok(Some(show_ours(services, request, found).await)),
        Err(problem) if problem.code() == ProblemCode::NotFound => {
            let found = services.read("ignored_read", move |conn| ignored_read(conn, &number)).await?;
            Ok(found.map(|found| show_ignored(services, request, found)))
        }
        Err(problem) => Err(problem),
    }
}

/// Where Twilio's console shows it.
fn console(sid: &impl ToString) -> String {
    format!("https://console.twilio.com/us1/develop/phone-numbers/manage/incoming/{}/configure", sid.to_string())
}

async fn show_ours(services: &Services, request: &Request, number: NumberInFull) -> Outcome {
    let name = phone(number.view.phone_number.as_str());
    let frame = Frame::new(name.as_str(), services, request);
    let sought = number.view.phone_number.clone();
    let shown = NumberPage {
        is_told: frame.choice.is_told() || !number.view.pool.is_default(),
        can_move: moving::is_movable(&number.view) && !moving::pools_for(services, &number.view).is_empty(),
        frame,
        shown: name,
        state: number_state_of(number.view.status, number.view.quarantine_reason),
        why: number.why_not.as_deref().map(|why| pieces(&sentence(why))).unwrap_or_default(),
        is_gone: number.view.status == NumberStatus::Missing,
        user: number.view.user_id.clone().map(user_link),
        bought: When(number.view.purchased_at),
        last_use: number.view.last_used_at.map(When).zip(number.view.last_used_source.map(known_by)),
        notice: number.notice.as_ref().map(|notice| (notice.noticed_at.map(When), notice.take_after.map(When))),
        order: number.view.purchase_id.map(order_link),
        console: console(&number.view.sid),
        price: price(services, &number).await,
        can: can(services, &number),
        can_set_webhooks: can_set_webhooks(&number),
        can_mark_ready: services
            .read("number_awaits_carriers", move |conn| number_awaits_carriers(conn, &sought))
            .await?,
        attachments: number.attachments.iter().map(attachment).collect(),
        events: number.history.iter().rev().map(event).collect(),
        number,
    };
    page(StatusCode::OK, &shown, &shown.frame)
}

fn show_ignored(services: &Services, request: &Request, number: IgnoredNumber) -> Outcome {
    let name = phone(number.phone_number.as_str());
    let shown = IgnoredPage {
        frame: Frame::new(name.as_str(), services, request),
        shown: name,
        since: When(number.ignored_at),
        by: request.person(&number.ignored_by),
        console: console(&number.sid),
        number,
    };
    page(StatusCode::OK, &shown, &shown.frame)
}

fn event(line: &HistoryView) -> Event {
    Event {
        at: When(line.event.at),
        told: pieces(&sentence(&line.detail)),
        order: line.event.purchase_id.map(order_link),
        request: line.event.request_id.clone(),
    }
}

fn attachment(one: &AttachmentView) -> Attachment {
    let what = match one.kind {
        AttachmentKind::MessagingService => "messaging service",
        AttachmentKind::CustomerProfile => "customer profile",
        AttachmentKind::TrustProduct => "trust product",
    };
    let tone = match one.state {
        AttachmentState::Attached => "good",
        AttachmentState::Intended | AttachmentState::Sent | AttachmentState::Left => "calm",
        AttachmentState::Refused | AttachmentState::Conflict => "bad",
    };
    let (target, error) = (one.target.clone(), one.error.clone());
    Attachment { what, target, state: one.state.as_str(), tone, since: When(one.since), error }
}

/// What it costs a month; nothing of one that left. What is remembered of Twilio's answers is enough.
async fn price(services: &Services, number: &NumberInFull) -> Option<String> {
    if number.view.status == NumberStatus::Released {
        return None;
    }
    let is_silent = number.at_twilio.as_ref().is_some_and(|twilio| twilio.error.is_some());
    let kind = Kind { country: number.view.country, number_type: number.view.number_type };
    match services.pricing.price(kind, is_silent).await {
        Ok(price) => Some(format!("{} {} a month", price.unit, amount(price.monthly))),
        Err(_unknown) => None,
    }
}

fn can(services: &Services, number: &NumberInFull) -> Can {
    let status = number.view.status;
    match (number.view.user_id.is_some(), number.view.quarantine_reason) {
        _ if status == NumberStatus::Released => Can::default(),
        (true, _) if status != NumberStatus::Missing && is_tagged_elsewhere(services, number) => Can::TAKE_BACK,
        (true, _) => Can::default(),
        (false, Some(reason)) => Can::of_reason(reason, status == NumberStatus::Missing),
        (false, None) => Can { adopt: false, give_back: true },
    }
}

/// As Twilio shows it now or, when it does not tell, as the last comparison saw it.
fn is_tagged_elsewhere(services: &Services, number: &NumberInFull) -> bool {
    match number.at_twilio.as_ref().filter(|twilio| twilio.error.is_none()) {
        None => number.is_tagged_elsewhere,
        Some(twilio) => {
            Tag::parse(&twilio.friendly_name).is_some_and(|tag| tag.instance != services.config.load().instance.name)
        }
    }
}

/// Whether its webhooks differ, as far as we or Twilio know, and may be set.
fn can_set_webhooks(number: &NumberInFull) -> bool {
    let is_there = !matches!(number.view.status, NumberStatus::Released | NumberStatus::Missing);
    let differs = number.at_twilio.as_ref().is_some_and(|twilio| !twilio.differs.is_empty());
    is_there && (differs || number.view.webhook_status != WebhookStatus::Configured)
}
