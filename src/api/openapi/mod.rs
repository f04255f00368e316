//! The OpenAPI 3.1 description of the HTTP API, made from the route table.
//!
//! ```text
//! routing::about ─ what a handler's file says of its endpoint     problems ─ what can go wrong, by status
//! routing::schemas ─ the field's words as schemas                 assemble ─ all of it as one document
//! ```
//!
//! Invariants: method, access, body and every problem that the way to a handler can answer come from the route table; only
//! what the handler does itself is said beside it; every other schema is derived from the type that is sent.
//! How to get it wrong: a page that hides in `undocumented()` although programs read it.

mod assemble;
mod problems;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::schema::{Object, Type};

pub use assemble::description;

use super::services::Services;
use crate::access::Access;
use crate::http::{Place, text_response};
use crate::routing::{About, Endpoint, Route};

/// `GET /openapi.json`. The text is made once, when it is first asked for.
pub(crate) fn route(describe: fn(&Place) -> String) -> Route<Services> {
    // One text for all who ask: whoever reads it slowly holds none of their own.
    let text: Arc<OnceLock<Bytes>> = Arc::default();
    let handler = move |services: Arc<Services>, _request| {
        let text = text.get_or_init(|| describe(&services.place).into()).clone();
        std::future::ready(Ok(text_response(StatusCode::OK, "application/json", text)))
    };
    Route::new("/openapi.json", vec![Endpoint::get(Access::Public, handler).about(about)])
}

fn about() -> About {
    let any_object = Object::with_type(Type::Object);
    About::new("describe", "Everybody", "This description, as OpenAPI 3.1").answer_as(
        StatusCode::OK,
        "application/json",
        "The description.",
        any_object,
        json!({"openapi": "3.1.0"}),
    )
}
