//! From a request to its handler: the route table, and all that is looked at before a handler is asked.
//!
//! ```text
//! router ─ one warp filter per path
//! route ─ method, key or session, media type, size; the audit trail at the end
//! endpoint ─ what one method takes, from whom, and who answers        about ─ the same in words, for the description
//! handler ─ fn(Arc<Context>, Request) -> Result<Response, Problem>; JSON and fields through `Request`
//! ```
//!
//! A handler and its place in the route table:
//!
//! ```no_run
//! use std::sync::Arc;
//! use callbunker::domain::{AreaCode, UserId};
//! use callbunker::access::Access;
//! use callbunker::http::{RequestBody, json_response};
//! use callbunker::routing::{BodyRule, Endpoint, Outcome, Request, Route};
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
//! How to get it wrong: a check that only some handlers make. What holds for every route is looked at here.

mod about;
mod caller;
mod endpoint;
mod request;
mod route;
mod router;
mod schemas;

pub use about::About;
pub(crate) use about::DescribedAnswer;
pub use caller::Caller;
pub use endpoint::{BodyRule, Endpoint, Outcome, answer};
pub use request::{Held, Request};
pub use route::Route;
pub use router::{router, router_or};
pub(crate) use schemas::{AlertId, Count, Hours, IdempotencyKey, MonthName, Preference, PurchaseId, UserBeginning};
