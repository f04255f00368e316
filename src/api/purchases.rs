//! Orders by hand: placed, and told.
//!
//! Invariant: an answer comes before any proxy gives up: an order that lasts longer than `http.sync_order_secs` is
//! accepted, and goes on. What carries it is [`Orders`](crate::purchaser::Orders).
//! How to get it wrong: "try again" for an order that stands there already, without its id. Only a key makes that safe.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use tokio::time::Instant;
use uuid::Uuid;

use super::astray::astray;
use super::pool_named::pool_named;
use super::services::Services;
use crate::db::DbError;
use crate::db::purchases::Wish;
use crate::db::purchases::record::PurchaseRecord;
use crate::domain::{Kind, Trigger};
use crate::http::{Problem, ProblemCode, Response, json_response};
use crate::purchaser::{Asker, NotPlaced, PurchaserError, Untold};
use crate::routing::{Caller, Outcome, Request, answer};

mod about;
mod document;
mod headers;
mod standing;

pub(crate) use about::{about_cancel, about_purchase, about_show};
use document::is_of_a_halted_pool;
pub(crate) use document::{Document, ErrorView, PurchaseBody, document};
pub(crate) use headers::order_key;
use headers::{idempotency_key, prefers_async};
pub(crate) use standing::{cancel, handle_cancel, handle_show, record};

/// The most that one order by hand may ask for.
pub(crate) const COUNT_MAX: u32 = 100;

/// An order as it stands, and whether the same key had placed it before.
pub(crate) struct Ordered {
    pub(crate) record: PurchaseRecord,
    pub(crate) was_there: bool,
}

/// Places an order, and waits for its end as long as `asker` does and an answer may wait.
pub(crate) async fn purchase(
    services: &Services,
    caller: &Caller,
    body: PurchaseBody,
    key: Option<String>,
    asker: Asker,
) -> Result<Ordered, Problem> {
    let answered_by = Instant::now() + services.config.load().http.sync_order();
    if services.is_stopping() {
        return Err(Problem::shutting_down());
    }
    let (wish, is_keyed) = (wish(services, caller, &body)?, key.is_some());
    let placed = services.orders.place(wish, key, asker).await;
    let mut placed = placed.map_err(|error| not_placed(services, caller, &error, is_keyed))?;
    // First of all: whatever fails from here on, the trail and the answer name the order.
    caller.note("purchase_id", placed.id.to_string());
    let told = async {
        services.orders.follow(&mut placed, answered_by).await?;
        services.orders.record(placed.id).await
    };
    let record = told.await.map_err(|error| untold(services, placed.id, &error, is_keyed))?;
    Ok(Ordered { record, was_there: placed.was_there })
}

pub(crate) async fn handle_purchase(services: Arc<Services>, request: Request) -> Outcome {
    let mut body: PurchaseBody = request.json()?;
    body.pool = pool_named(&request, body.pool)?;
    let key = idempotency_key(&request)?;
    let asker = if prefers_async(&request) { Asker::GoesOn } else { Asker::Waits };
    let Ordered { record, .. } = purchase(&services, &request.caller(), body, key, asker).await?;
    if asker == Asker::Waits && record.order.state.has_ended() {
        return ended(&record);
    }
    let mut response = json_response(StatusCode::ACCEPTED, &document(&record))?;
    let location = format!("/admin/phones/api/purchases/{}", record.order.id);
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(&location).map_err(|_| Problem::internal())?);
    if asker == Asker::GoesOn {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("respond-async"));
    }
    Ok(response)
}

fn wish(services: &Services, caller: &Caller, body: &PurchaseBody) -> Result<Wish, Problem> {
    if !(1..=COUNT_MAX).contains(&body.count) {
        return Err(Problem::invalid_field("count", format!("must be 1 to {COUNT_MAX}")));
    }
    let config = services.config.load();
    let sent = config.catalog().of_order(body.pool.as_ref(), body.country, body.area_code).map_err(astray)?;
    let (pool, Kind { country, number_type }) = sent;
    Ok(Wish {
        trigger: Trigger::Manual,
        count: body.count,
        pool,
        number_type,
        country,
        area_code: body.area_code,
        fallback: body.fallback,
        override_caps: body.override_caps,
        requested_by: caller.name(),
    })
}

fn not_placed(services: &Services, caller: &Caller, error: &NotPlaced, is_keyed: bool) -> Problem {
    match error {
        NotPlaced::KeyReused => Problem::new(
            ProblemCode::IdempotencyKeyReused,
            "This Idempotency-Key was used with another body in the last 7 days; use a fresh one for a new purchase.",
        ),
        NotPlaced::TooMany => {
            Problem::new(ProblemCode::RateLimited, "Too many purchases wait already; wait until some have ended.")
                .retry_after(Duration::from_secs(10))
        }
        NotPlaced::Database(error) => services.database_problem(error),
        NotPlaced::Panicked => Problem::internal(),
        NotPlaced::Untold(id, error) => {
            caller.note("purchase_id", id.to_string());
            untold(services, *id, error, is_keyed)
        }
    }
}

/// An order that is written, and may have bought some, but cannot be told. Only whoever sent a key may repeat it blindly.
fn untold(services: &Services, id: Uuid, error: &Untold, is_keyed: bool) -> Problem {
    let of_database = |error: &DbError| services.database_problem(error).code();
    let code = match error {
        Untold::BrokeOff(PurchaserError::Gone(_)) => ProblemCode::Unavailable,
        Untold::BrokeOff(PurchaserError::Database(error)) | Untold::Database(error) => of_database(error),
        Untold::Panicked => ProblemCode::Internal,
        Untold::Gone => ProblemCode::NotFound,
    };
    let detail = format!(
        "The purchase is placed and may have bought some, but how it went cannot be told now; \
         look at /admin/phones/api/purchases/{id} before you ask again."
    );
    let problem = Problem::new(code, detail).with("purchase_id", id.to_string());
    if is_keyed { problem.retry_after(Duration::from_secs(1)) } else { problem }
}

/// An order that ran is told as it is; one that could not start is a problem.
fn ended(record: &PurchaseRecord) -> Result<Response, Problem> {
    let refused = if record.items == 0 { record.errors.first() } else { None };
    match refused.map(|error| error.code.as_str()) {
        Some("spend_cap") => Err(Problem::new(
            ProblemCode::SpendCap,
            "The purchases of this hour or day are used up; wait, raise the spend caps, or send \"override_caps\": true.",
        )),
        Some("locked") => {
            Err(Problem::new(ProblemCode::Locked, "Another purchase holds the lock; try again when it has ended.")
                .retry_after(Duration::from_secs(5)))
        }
        // Of the pool: the message names the key that it needs.
        Some("halted") if refused.is_some_and(|error| is_of_a_halted_pool(&error.code, &error.message)) => {
            let detail = refused.map_or_else(String::new, |error| error.message.clone());
            Err(Problem::new(ProblemCode::Halted, detail).retry_after(Duration::from_secs(60)))
        }
        Some("halted") => Err(Problem::new(
            ProblemCode::Halted,
            "All buying is halted because Twilio refuses this account; the status says why. Mend it, then resume.",
        )
        .retry_after(Duration::from_secs(60))),
        _ => answer(Ok(document(record))),
    }
}
