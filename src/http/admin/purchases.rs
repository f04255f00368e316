//! Orders by hand: written first, then run, so that nothing an operator's client does can lose or double one.
//!
//! Invariants: an answer comes before any proxy gives up: an order that lasts longer than `http.sync_order_secs` is
//! accepted, and goes on; an order that was accepted is not dropped while it waits for its turn ([`accepted`]).
//! How to get it wrong: awaiting the order in the handler's own future, which a client that hangs up would cut short.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::super::context::{Context, shutting_down};
use super::super::signup::check_area_code;
use super::super::{Outcome, Problem, ProblemCode, Request, RequestBody, Response, json_response};
use crate::db::numbers::NumberLine;
use crate::db::purchase_record::{PurchaseError, PurchaseRecord, purchase_record};
use crate::db::purchases::{Enqueued, Wish, purchase_enqueue};
use crate::domain::{AreaCode, CountryCode, NumberSid, OrderState, PhoneNumber, Trigger, WebhookStatus};
use crate::purchaser::PurchaserError;

mod about;
mod accepted;
mod headers;

pub(crate) use about::{about_purchase, about_show};
use accepted::{WAITS_AT_LEAST, see_through};
use headers::{idempotency_key, prefers_async};

/// The most that one order by hand may ask for.
pub(super) const COUNT_MAX: u32 = 100;
/// How often a repeated request looks whether the first one's order has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long it looks, beyond the time that an order may wait for the lock; then it tells how far the order is.
const REPEAT_PATIENCE: Duration = Duration::from_secs(120);

#[derive(Deserialize, utoipa::ToSchema)]
struct PurchaseBody {
    #[schema(minimum = 1, maximum = 100)]
    count: u32,
    area_code: Option<AreaCode>,
    country: Option<CountryCode>,
    #[serde(default)]
    fallback: bool,
    #[serde(default)]
    override_caps: bool,
}

impl RequestBody for PurchaseBody {
    const FIELDS: &'static [&'static str] = &["count", "area_code", "country", "fallback", "override_caps"];
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Purchase)]
pub(crate) struct Document<'a> {
    purchase_id: Uuid,
    state: OrderState,
    requested_count: u32,
    purchased_count: usize,
    numbers: Vec<Bought<'a>>,
    errors: &'a [PurchaseError],
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PurchasedNumber)]
struct Bought<'a> {
    #[schema(value_type = PhoneNumber)]
    phone_number: &'a str,
    #[schema(value_type = NumberSid)]
    sid: &'a str,
    #[schema(value_type = WebhookStatus)]
    webhook_status: &'a str,
}

/// Stands on the answer to a request whose key found an order that was placed before; for our own pages, not on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeated;

fn bought(line: &NumberLine) -> Bought<'_> {
    Bought { phone_number: &line.phone_number, sid: &line.sid, webhook_status: &line.webhook_status }
}

pub(crate) fn document(record: &PurchaseRecord) -> Document<'_> {
    // Between two slices an order waits for the lock; to the outside it is still running.
    let begun = record.order.state == OrderState::Queued && record.order.started_at.is_some();
    Document {
        purchase_id: record.order.id,
        state: if begun { OrderState::Running } else { record.order.state },
        requested_count: record.order.wish.count,
        purchased_count: record.numbers.len(),
        numbers: record.numbers.iter().map(bought).collect(),
        errors: &record.errors,
    }
}

pub(crate) async fn purchase(context: Arc<Context>, request: Request) -> Outcome {
    let answered_by = Instant::now() + context.config.load().http.sync_order();
    if context.is_stopping() {
        return Err(shutting_down());
    }
    let body: PurchaseBody = request.json()?;
    let wish = wish(&context, &request, &body)?;
    let key = idempotency_key(&request)?;
    let (asynchronous, keyed) = (prefers_async(&request), key.is_some());
    let lock_wait = context.config.load().purchase.lock_wait();
    let (enqueued, waits) = (wish, if asynchronous { lock_wait.max(WAITS_AT_LEAST) } else { lock_wait });
    let writing = Arc::clone(&context);
    // A task of its own: from the first row on, the order goes its way whoever listens.
    let carried = tokio::spawn(async move {
        let written = writing
            // An order whose answer is lost here is run by nobody, and buys nothing; its key finds it again.
            .read("purchase_enqueue", move |conn| purchase_enqueue(conn, &enqueued, key.as_deref(), waits))
            .await?;
        let id = accepted(written)?;
        let before = matches!(written, Enqueued::Same(_));
        fail::fail_point!("order_enqueued");
        // A repeated request may find an order that nobody runs, because the first one's instance died before it began.
        // One that has begun is carried on by the instance that began it, or by nobody, and then it ends.
        let carried_here = !before || is_unbegun(&writing, id).await.map_err(|code| untold(id, code, keyed))?;
        let carrying = Arc::clone(&writing);
        let ran = tokio::spawn(async move { run(&carrying, id, carried_here).await });
        let waited_for = match (asynchronous, carried_here) {
            (true, true) => see_through(writing, id, ran).await,
            (true, false) => None,
            (false, _) => Some(ran),
        };
        Ok::<_, Problem>((id, before, carried_here, waited_for))
    });
    let (id, before, carried_here, waited_for) = carried.await.unwrap_or_else(|_panicked| Err(Problem::internal()))?;
    // First of all: whatever fails from here on, the trail and the answer name the order.
    request.note("purchase_id", id.to_string());
    let told = async {
        if let Some(mut ran) = waited_for {
            match timeout_at(answered_by, &mut ran).await {
                Ok(ended) => ended.unwrap_or(Err(ProblemCode::Internal))?,
                Err(_too_long) if carried_here => drop(see_through(Arc::clone(&context), id, ran).await),
                Err(_too_long) => {}
            }
        }
        record(&context, id).await
    };
    let record = told.await.map_err(|code| untold(id, code, keyed))?;
    if asynchronous || !record.order.state.has_ended() {
        let mut response = json_response(StatusCode::ACCEPTED, &document(&record))?;
        let location =
            HeaderValue::from_str(&format!("/admin/phones/api/purchases/{id}")).map_err(|_| Problem::internal())?;
        response.headers_mut().insert(LOCATION, location);
        if asynchronous {
            response.headers_mut().insert("preference-applied", HeaderValue::from_static("respond-async"));
        }
        if before {
            response.extensions_mut().insert(Repeated);
        }
        return Ok(response);
    }
    answer(&record)
}

pub(crate) async fn show(context: Arc<Context>, request: Request) -> Outcome {
    let id: Uuid = request.param_text("id").parse().map_err(|_| unknown())?;
    json_response(StatusCode::OK, &document(&read(&context, id).await?))
}

fn unknown() -> Problem {
    Problem::not_found("There is no purchase with this id.")
}

fn wish(context: &Context, request: &Request, body: &PurchaseBody) -> Result<Wish, Problem> {
    if !(1..=COUNT_MAX).contains(&body.count) {
        return Err(Problem::invalid_field("count", format!("must be 1 to {COUNT_MAX}")));
    }
    let country = body.country.unwrap_or(context.config.load().pool.country);
    check_area_code(body.area_code, country)?;
    Ok(Wish {
        trigger: Trigger::Manual,
        count: body.count,
        country,
        area_code: body.area_code,
        fallback: body.fallback,
        override_caps: body.override_caps,
        requested_by: request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default(),
    })
}

fn accepted(written: Enqueued) -> Result<Uuid, Problem> {
    match written {
        Enqueued::New(id) | Enqueued::Same(id) => Ok(id),
        Enqueued::KeyReused => Err(Problem::new(
            ProblemCode::IdempotencyKeyReused,
            "This Idempotency-Key was used with another body in the last 7 days; use a fresh one for a new purchase.",
        )),
        Enqueued::TooMany => {
            Err(Problem::new(ProblemCode::RateLimited, "Too many purchases wait already; wait until some have ended.")
                .retry_after(Duration::from_secs(10)))
        }
    }
}

async fn is_unbegun(context: &Context, id: Uuid) -> Result<bool, ProblemCode> {
    let order = record(context, id).await?.order;
    Ok(order.state == OrderState::Queued && order.started_at.is_none())
}

/// Runs an order to its end, or waits for the end of one that is carried elsewhere.
async fn run(context: &Context, id: Uuid, carried_here: bool) -> Result<(), ProblemCode> {
    if carried_here {
        context.purchaser.by_hand(id).await.map_err(|error| {
            slog::error!(context.log, "an order by hand broke off; its items are settled by recovery";
                "order" => id.to_string(), "error" => error.to_string());
            match error {
                PurchaserError::Gone(_) => ProblemCode::Unavailable,
                PurchaserError::Database(error) if error.is_unavailable() => ProblemCode::DatabaseUnavailable,
                PurchaserError::Database(_) => ProblemCode::Internal,
            }
        })?;
    }
    // Two requests with one key may both run it; whoever comes second waits for the end here.
    let deadline = Instant::now() + context.config.load().purchase.lock_wait() + REPEAT_PATIENCE;
    while !record(context, id).await?.order.state.has_ended() && !context.is_stopping() && Instant::now() < deadline {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// An order that is written, and may have bought some, but cannot be told. Only whoever sent a key may repeat it blindly.
fn untold(id: Uuid, code: ProblemCode, keyed: bool) -> Problem {
    let detail = format!(
        "The purchase is placed and may have bought some, but how it went cannot be told now; \
         look at /admin/phones/api/purchases/{id} before you ask again."
    );
    let problem = Problem::new(code, detail).with("purchase_id", id.to_string());
    if keyed { problem.retry_after(Duration::from_secs(1)) } else { problem }
}

async fn record(context: &Context, id: Uuid) -> Result<PurchaseRecord, ProblemCode> {
    read(context, id).await.map_err(|problem| problem.code())
}

async fn read(context: &Context, id: Uuid) -> Result<PurchaseRecord, Problem> {
    context.read("purchase_record", move |conn| purchase_record(conn, id)).await?.ok_or_else(unknown)
}

/// An order that ran is told as it is; one that could not start is a problem.
fn answer(record: &PurchaseRecord) -> Result<Response, Problem> {
    let refused = if record.items == 0 && record.order.state.has_ended() { record.errors.first() } else { None };
    match refused.map(|error| error.code.as_str()) {
        Some("spend_cap") => Err(Problem::new(
            ProblemCode::SpendCap,
            "The purchases of this hour or day are used up; wait, raise the spend caps, or send \"override_caps\": true.",
        )),
        Some("locked") => {
            Err(Problem::new(ProblemCode::Locked, "Another purchase holds the lock; try again when it has ended.")
                .retry_after(Duration::from_secs(5)))
        }
        Some("halted") => Err(Problem::new(
            ProblemCode::Halted,
            "All buying is halted because Twilio refuses this account; the status says why. Mend it, then resume.",
        )
        .retry_after(Duration::from_secs(60))),
        _ => json_response(StatusCode::OK, &document(record)),
    }
}
