//! The HTTP room: connections, the door, and the way from a request to its handler.
//!
//! ```text
//! server ─ accepts, seats (crowd), drains ─┐
//! connection ─ hyper, timeouts             │  each request: id, client, catch_unwind, log line, unread body
//! router ─ one warp filter per path        │
//! endpoint ─ method, key (auth), media type, size (body)
//! handler ─ fn(Arc<Context>, Request) -> Result<Response, Problem>; JSON and fields through `Request`
//! ```
//!
//! Architecture invariant: handlers never see hyper or warp filters, and nothing here knows what a handler does.
//! How to get it wrong: answering by rejection. A rejection backtracks into other routes and gives the wrong error.

mod auth;
mod body;
mod connection;
mod crowd;
mod endpoint;
mod exchange;
mod json;
mod problem;
mod reply;
mod request;
mod router;
mod server;
mod uri;

pub use auth::{Access, Failure, FailureLimit, Fingerprint, Gate, Keys, Sessions, Who};
pub use body::BODY_BYTES_MAX;
pub use endpoint::{BodyRule, Endpoint, Outcome, Route};
pub use exchange::{Exchange, RequestId};
pub use json::RequestBody;
pub use problem::{Problem, ProblemCode};
pub use reply::{Response, json_response, see_other, text_response};
pub use request::Request;
pub use router::router;
pub use server::{Drained, HttpService, ServerLimits, ServerOptions, serve};
pub use uri::loggable_uri;
