//! The HTTP room: connections, the door, and the way from a request to its handler.
//!
//! ```text
//! server ─ accepts, seats (crowd), drains ─┐
//! connection ─ hyper, timeouts, framing    │  each request: id, client, catch_unwind, log line, unread body
//! router ─ one warp filter per path        │
//! endpoint ─ method, key or session (auth, sessions), media type, size (body); the audit trail (audited) at the end
//! handler ─ fn(Arc<Context>, Request) -> Result<Response, Problem>; JSON and fields through `Request`
//! openapi ─ the description of it all, from the route table and what stands beside each handler
//! ```
//!
//! A handler and its place in the route table:
//!
//! ```no_run
//! use std::sync::Arc;
//! use callbunker::domain::{AreaCode, UserId};
//! use callbunker::http::{Access, BodyRule, Endpoint, Outcome, Request, RequestBody, Route, json_response};
//!
//! struct Context; // what the handlers share
//!
//! #[derive(serde::Deserialize)]
//! struct Assign {
//!     user_id: UserId,
//!     area_code: Option<AreaCode>,
//! }
//!
//! impl RequestBody for Assign {
//!     const FIELDS: &'static [&'static str] = &["user_id", "area_code"];
//! }
//!
//! async fn assign(_context: Arc<Context>, request: Request) -> Outcome {
//!     let wish: Assign = request.json()?;
//!     json_response(http::StatusCode::OK, &serde_json::json!({ "user_id": wish.user_id }))
//! }
//!
//! async fn assignment(_context: Arc<Context>, request: Request) -> Outcome {
//!     let user_id: UserId = request.param("user_id")?;
//!     json_response(http::StatusCode::OK, &serde_json::json!({ "user_id": user_id }))
//! }
//!
//! fn routes() -> Vec<Route<Context>> {
//!     vec![
//!         Route::new("/signup/api/assign", vec![Endpoint::post(Access::Signup, BodyRule::Json, assign)]),
//!         Route::new("/signup/api/assignments/{user_id}", vec![Endpoint::get(Access::Signup, assignment)]),
//!     ]
//! }
//! ```
//!
//! Architecture invariant: handlers never see hyper or warp filters, and nothing here knows what a handler does.
//! How to get it wrong: answering by rejection. A rejection backtracks into other routes and gives the wrong error.

mod admin;
mod audited;
mod auth;
mod body;
mod connection;
mod context;
mod cookies;
mod crowd;
mod customers;
mod dashboard;
mod detail;
mod endpoint;
mod exchange;
mod field_names;
mod framing;
mod give_back;
mod health;
mod json;
mod keys;
mod limits;
mod live;
mod metrics;
mod openapi;
mod paced;
mod page;
mod problem;
mod problem_code;
mod problem_page;
mod refusals;
mod reply;
mod request;
mod router;
mod routes;
mod server;
mod service;
mod sessions;
mod signup;
mod undeclared;
mod uri;

pub use auth::{Failure, FailureLimit, Gate, Session, Sessions, Wanted};
pub use body::BODY_BYTES_MAX;
pub use context::Context;
pub use dashboard::Assets;
pub use endpoint::{BodyRule, Endpoint, Outcome, Route};
pub use exchange::{Exchange, RequestId};
pub use health::Readyz;
pub use json::RequestBody;
pub use keys::{Access, Fingerprint, Keys, Who};
pub use limits::WrongKeys;
pub use live::Live;
pub use openapi::{About, description, description_text};
pub use page::page_response;
pub use problem::Problem;
pub use problem_code::ProblemCode;
pub use reply::{Response, json_response, see_other, text_response};
pub use request::{Held, Request};
pub use router::router;
pub use routes::routes;
pub use server::{Drained, HttpService, ServerLimits, ServerOptions, serve};
pub(crate) use service::HttpParts;
pub use service::HttpServer;
pub use sessions::DatabaseSessions;
pub use uri::loggable_uri;
