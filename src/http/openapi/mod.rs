//! The OpenAPI 3.1 description of the HTTP API, made from the route table.
//!
//! ```text
//! about ─ what a handler's file says of its endpoint     problems ─ what can go wrong, by status
//! values ─ the field's words as schemas                  assemble ─ all of it as one document
//! ```
//!
//! Invariants: method, access, body and every problem that the way to a handler can answer come from the route table; only
//! what the handler does itself is said beside it; every other schema is derived from the type that is sent.
//! How to get it wrong: a page that hides in `undocumented()` although programs read it.

mod about;
mod assemble;
mod problems;
mod values;

use std::sync::{Arc, OnceLock};

use http::StatusCode;
use serde_json::json;
use utoipa::openapi::schema::{Object, Type};

pub use about::About;
pub use assemble::description;
pub(super) use values::{Count, Hours, IdempotencyKey, Preference, PurchaseId};

use super::context::Context;
use super::{Access, Endpoint, Route, text_response};

/// The description as text, as the daemon serves it and `callbunker openapi` prints it.
///
/// # Panics
/// Never: a description is plain JSON.
#[must_use]
pub fn description_text() -> String {
    // Proof: names are texts and values are JSON, so it serialises.
    serde_json::to_string_pretty(&description(&super::routes())).expect("a description is plain JSON") + "\n"
}

/// `GET /openapi.json`. The text is made once, when it is first asked for.
pub(super) fn route() -> Route<Context> {
    let text: Arc<OnceLock<String>> = Arc::default();
    let handler = move |_context: Arc<Context>, _request| {
        let text = text.get_or_init(description_text).clone();
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
