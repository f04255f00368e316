//! One order: who asked for it and why, what it cost, its numbers, and what fell short with Twilio's own words for it.
//!
//! How to get it wrong: a price that nobody paid. It is today's, and says so.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use http::StatusCode;
use uuid::Uuid;

use super::cells::{Found, order_link};
use super::home::OrderRow;
use super::page::{Frame, page};
use super::text::{When, counted, sentence, span};
use super::trouble::twilio_page;
use crate::access::Person;
use crate::api::plan::amount;
use crate::api::purchases::{Document, document};
use crate::api::services::Services;
use crate::db::purchases::record::{PurchaseError, PurchaseRecord, purchase_record};
use crate::db::purchases::{OrderView, order_view};
use crate::domain::{Kind, NumberType, Trigger};
use crate::http::Problem;
use crate::routing::{Outcome, Request};

/// What fell short.
struct ErrorLine {
    told: String,
    code: String,
    count: i64,
    twilio_code: i32,
    /// Twilio's page about the code.
    twilio_url: Option<String>,
    request_ids: Vec<String>,
}

impl From<PurchaseError> for ErrorLine {
    fn from(error: PurchaseError) -> Self {
        let told = error.told();
        let PurchaseError { code, count, request_ids, twilio_code, .. } = error;
        let twilio_url = twilio_code.and_then(|code| u32::try_from(code).ok()).map(twilio_page);
        Self { told, code, count, twilio_code: twilio_code.unwrap_or_default(), twilio_url, request_ids }
    }
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    short: String,
    order: Document,
    state: (&'static str, &'static str),
    is_open: bool,
    /// The pool placed it: nobody cancels it, and a pause ends it.
    is_automatic: bool,
    why: String,
    who: Person,
    wish: String,
    asked: When,
    began: Option<When>,
    ended: Option<When>,
    took: Option<String>,
    cost: Option<String>,
    /// When it was cancelled, and by whom.
    cancelled: Option<(When, Person)>,
    errors: Vec<ErrorLine>,
    numbers: Vec<Found>,
}

pub(crate) async fn order(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&[])?;
    let unknown = || Problem::not_found("There is no order with this id.");
    let id: Uuid = request.param_text("id").parse().map_err(|_| unknown())?;
    request.note("purchase_id", id.to_string());
    show(&services, &request, id).await?.ok_or_else(unknown)?
}

/// Its page, if there is one.
pub(super) async fn show(services: &Services, request: &Request, id: Uuid) -> Result<Option<Outcome>, Problem> {
    let read = move |conn: &mut crate::db::Connection| Ok(purchase_record(conn, id)?.zip(order_view(conn, id)?));
    let Some((record, view)) = services.read("order_page", read).await? else { return Ok(None) };
    let cost = cost(services, &record).await;
    let frame = Frame::new(format!("Order {}", order_link(id).shown), services, request);
    let who = request.person(&record.order.wish.requested_by);
    let cancelled = record.order.cancelled.as_ref().map(|word| (When(word.at), request.person(&word.by)));
    let shown = make(frame, &record, view, (who, cost, cancelled));
    Ok(Some(page(StatusCode::OK, &shown, &shown.frame)))
}

fn make(
    frame: Frame,
    record: &PurchaseRecord,
    view: OrderView,
    (who, cost, cancelled): (Person, Option<String>, Option<(When, Person)>),
) -> OrderPage {
    let row = OrderRow::new(view);
    let stands = record.as_it_stands();
    let order = document(&stands);
    OrderPage {
        frame,
        short: order_link(order.purchase_id).shown,
        state: (row.state, row.tone),
        is_open: row.is_open,
        is_automatic: record.order.wish.trigger != Trigger::Manual,
        why: sentence(&order.explanation),
        who,
        wish: wish(&order),
        asked: When(order.created_at),
        began: order.started_at.map(When),
        ended: order.ended_at.map(When),
        took: took(order.started_at, order.ended_at),
        cost,
        cancelled,
        errors: stands.errors.into_iter().map(ErrorLine::from).collect(),
        numbers: record.numbers.iter().cloned().map(Found::from).collect(),
        order,
    }
}

fn took(began: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>) -> Option<String> {
    began.zip(ended).map(|(began, ended)| span((ended - began).num_seconds().max(1)))
}

/// `3 numbers in US, area code 415 only`
fn wish(order: &Document) -> String {
    let one = if order.number_type == NumberType::Local {
        "number".to_owned()
    } else {
        format!("{} number", order.number_type.words())
    };
    let mut wish = format!("{} in {}", counted(order.requested_count.into(), &one), order.country);
    if let Some(code) = order.area_code {
        wish += &format!(", area code {code}{}", if order.fallback { " or another" } else { " only" });
    }
    if order.override_caps {
        wish += ", beyond the spend caps";
    }
    wish
}

/// What its numbers cost a month, at today's price.
async fn cost(services: &Services, record: &PurchaseRecord) -> Option<String> {
    let bought = record.numbers.len();
    if bought == 0 || !record.order.wish.trigger.buys() {
        return None;
    }
    let halted = services.read("buying_state_read", crate::db::buying_state::buying_state_read).await.ok()?.halted;
    let wish = &record.order.wish;
    let kind = Kind { country: wish.country, number_type: wish.number_type };
    let price = services.pricing.price(kind, halted.is_some()).await;
    Some(match price {
        Err(why) => sentence(&why),
        Ok(price) => format!(
            "{} at {} {} each: {} {} a month, at today’s price",
            counted(bought as u64, "number"),
            price.unit,
            amount(price.monthly),
            price.unit,
            amount(price.monthly * rust_decimal::Decimal::from(bought))
        ),
    })
}
