//! What the description says of orders by hand.

use http::StatusCode;
use serde_json::{Value, json};

use super::document::{Document, PurchaseBody};
use crate::domain::{OrderState, PoolName};
use crate::http::ProblemCode;
use crate::routing::{About, IdempotencyKey, Preference, PurchaseId};

fn example(state: OrderState) -> Value {
    let (numbers, errors) = match state {
        OrderState::Queued => (json!([]), json!([])),
        OrderState::Running | OrderState::Done | OrderState::Stopped | OrderState::Interrupted | OrderState::Halted => {
            (
                json!([{"phone_number": "+14154104521", "sid": "PNd4c773a219946d6010fcfaee13267bd5", "webhook_status": "configured", "pool": "default"}]),
                json!([{"code": "no_stock", "twilio_code": null, "message": "Twilio has no more such numbers", "count": 2,
                "request_ids": []}]),
            )
        }
    };
    json!({"purchase_id": "01a20291-f2e9-773c-a618-19b7d665f262", "state": state, "requested_count": 3,
        "purchased_count": numbers.as_array().map_or(0, Vec::len), "numbers": numbers, "errors": errors,
        "outcome": if state == OrderState::Queued { "waiting" } else { "partly" }, "cancelled": null,
        "trigger": "manual", "explanation": "an operator ordered it", "requested_by": "6d843254d280", "country": "US",
        "pool": "default", "number_type": "local",
        "area_code": "415", "fallback": false, "override_caps": false, "created_at": "2026-11-22T09:24:07.678251Z",
        "started_at": "2026-11-22T09:24:07.7Z", "ended_at": state.has_ended().then_some("2026-11-22T09:24:08.1Z")})
}

pub(crate) fn about_purchase() -> About {
    About::new("purchase", "Purchases", "Buys numbers by hand")
        .text(
            "An order that ran answers 200 even when it bought less, or nothing: `errors` tells the rest. One that lasts \
             longer than `http.sync_order_secs` answers 202 and goes on: ask at `Location` how it ends. The area code \
             binds unless `fallback`; `override_caps` goes beyond the spend caps. Without `pool` it is for the pool of the \
             country or the area code, else for `default`.",
        )
        .header::<IdempotencyKey>("Idempotency-Key", "The same key and body give the same order for 7 days.")
        .header::<Preference>("Prefer", "`respond-async` answers 202 at once.")
        .query::<PoolName>("pool", "For this pool, as `pool` in the body.")
        .body::<PurchaseBody>(json!({"count": 3, "area_code": "415"}))
        .answer::<Document>("The order at its end.", example(OrderState::Done))
        .answer_with::<Document>(StatusCode::ACCEPTED, "The order is written, and runs or waits for its turn.", example(OrderState::Queued))
        .with_header("Location")
        .with_header("Preference-Applied")
        .refuses(ProblemCode::CountryUnavailable, "The pools of this country serve whoever names them only; nothing was bought.")
        .refuses(ProblemCode::SpendCap, "The purchases of the hour or the day are used up.")
        .refuses(ProblemCode::Locked, "Another purchase ran longer than `purchase.lock_wait_ms`.")
        .refuses(ProblemCode::Halted, "Twilio refuses the account; the status says why.")
        .refuses(ProblemCode::IdempotencyKeyReused, "The Idempotency-Key came with another body before.")
        .refuses(ProblemCode::RateLimited, "Too many orders, too many that wait, or too many wrong keys.")
        .refuses(ProblemCode::Unavailable, "A part is restarting; with a `purchase_id`, look at that order before another.")
        .refuses(
            ProblemCode::DatabaseUnavailable,
            "PostgreSQL does not answer; with a `purchase_id`, look at that order before another.",
        )
        .refuses(ProblemCode::Internal, "A bug; with a `purchase_id`, look at that order before another.")
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
        .refuses(ProblemCode::NotFound, "The order is gone before it could be told.")
}

pub(crate) fn about_show() -> About {
    About::new("purchase_by_id", "Purchases", "Tells an order as it stands")
        .path::<PurchaseId>("id", "Which.")
        .answer::<Document>("The order.", example(OrderState::Done))
        .refuses(ProblemCode::NotFound, "There is no purchase with this id.")
}

pub(crate) fn about_cancel() -> About {
    let mut ended = example(OrderState::Stopped);
    ended["outcome"] = json!("cancelled");
    ended["cancelled"] = json!({"at": "2026-11-22T12:12:58.648702Z", "by": "6d843254d280"});
    About::new("cancel_purchase", "Purchases", "Ends an order early")
        .text(
            "What Twilio has not been asked for is not bought; what is on its way is settled as ever, so a running order \
             ends as `stopped` when that is. Cancelling it again, or one that has ended, changes nothing: the answer is \
             the order.",
        )
        .path::<PurchaseId>("id", "Which.")
        .answer::<Document>("The order.", ended)
        .refuses(ProblemCode::NotFound, "There is no purchase with this id.")
        .refuses(ProblemCode::AutomaticOrder, "The pool placed it; a pause of automatic buying ends it.")
}
