//! `/metrics`: what was counted, for Prometheus.
//!
//! Invariants: no statement and no call to Twilio for a scrape; without a key the counts are for a neighbour on the same
//! machine, unless `http.metrics_open` says whom else, or nobody.
//! How to get it wrong: taking a proxy for a neighbour. One that runs here is a loopback peer, so whatever shows a proxy
//! needs a key.

use std::sync::Arc;

use http::StatusCode;

use super::services::Services;
use crate::access::Access;
use crate::http::{Problem, ProblemCode, text_response};
use crate::routing::{About, Outcome, Request};
use crate::telemetry::CONTENT_TYPE;

pub(crate) async fn metrics(services: Arc<Services>, request: Request) -> Outcome {
    let exchange = request.exchange();
    let open = services.config.load().http.metrics_open;
    if !open.unwrap_or_else(|| exchange.is_of_this_machine()) {
        let told = |problem| if open.is_none() { with_the_way(problem) } else { problem };
        request.require(Access::ReadOnly).await.map_err(told)?;
    }
    Ok(text_response(StatusCode::OK, CONTENT_TYPE, services.telemetry.render()))
}

/// Whoever scraped from here by another name, or through a proxy, learns how it goes on.
fn with_the_way(problem: Problem) -> Problem {
    if problem.code() != ProblemCode::Unauthorized {
        return problem;
    }
    problem.and_say(
        "Without a key /metrics is for this machine only, asked as localhost or by a loopback address; http.metrics_open = true \
         opens it to everybody who reaches it.",
    )
}

pub(crate) fn about() -> About {
    let text = utoipa::openapi::schema::Object::with_type(utoipa::openapi::schema::Type::String);
    About::new("metrics", "Everybody", "What was counted, for Prometheus")
        .text(
            "Needs no key from the same machine, asked as `localhost` or by a loopback address; through a proxy or from elsewhere it \
             needs an admin key. `http.metrics_open` opens it to everybody (`true`) or to nobody without a key (`false`).",
        )
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
