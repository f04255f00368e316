//! `/metrics`: what was counted, for Prometheus.
//!
//! Invariants: no statement and no call to Twilio for a scrape; the counts are for a neighbour on the same machine without
//! a key, and for nobody else.
//! How to get it wrong: taking a proxy's word for a neighbour. A proxy that runs here is a loopback peer, so whatever says
//! that it was forwarded needs a key.

use std::sync::Arc;

use http::StatusCode;

use super::services::Services;
use crate::access::Access;
use crate::http::{ProblemCode, text_response};
use crate::routing::{About, Outcome, Request};
use crate::telemetry::CONTENT_TYPE;

pub(crate) async fn metrics(services: Arc<Services>, request: Request) -> Outcome {
    let exchange = request.exchange();
    if exchange.is_forwarded() || !exchange.peer().ip().to_canonical().is_loopback() {
        request.require(Access::ReadOnly).await?;
    }
    Ok(text_response(StatusCode::OK, CONTENT_TYPE, services.telemetry.render()))
}

pub(crate) fn about() -> About {
    let text = utoipa::openapi::schema::Object::with_type(utoipa::openapi::schema::Type::String);
    About::new("metrics", "Everybody", "What was counted, for Prometheus")
        .text("Needs no key from the same machine; through a proxy or from elsewhere it needs an admin key.")
        .answer_as(
            StatusCode::OK,
            "text/plain",
            "Prometheus text.",
            text,
            "callbunker_numbers{status=\"available\"} 19\n",
        )
        .refuses(ProblemCode::Unauthorized, "From elsewhere, and no valid key.")
        .refuses(ProblemCode::Forbidden, "From elsewhere, and a signup key.")
        .refuses(ProblemCode::RateLimited, "Too many wrong keys came from this address in a minute.")
        .refuses(ProblemCode::DatabaseUnavailable, "From elsewhere with a session, which cannot be looked up.")
}
