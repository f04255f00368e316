//! A plain HTTP/1 server: connections, their slots, bodies, problems. It knows no key, no pool and no database.
//!
//! ```text
//! server ─ accepts, gives slots, drains ─┐
//! connection ─ hyper, timeouts, framing  │  each request: id, client, catch_unwind, log line, unread body
//! service ─ whatever is served: a function from an exchange to an answer
//! ```
//!
//! In reading order: [`server`] and [`options`], [`lanes`] (the threads that serve), [`slots`] of [`connection_slot`] (who may be connected), [`connection`], [`framing`] (what is no
//! request), [`place`] (below which path all of it is), [`exchange`] and [`body`] (a request as it came), [`target`] (its path and query), [`json`] with
//! [`field_names`], [`response`], [`page`], [`cookies`] and [`neighbour`] (who is on this machine), [`mod@compression`], and [`problem`] (what went wrong, by [`problem_code`]).
//!
//! Architecture invariant: nothing here knows what a request is for.
//! How to get it wrong: answering by rejection. A rejection backtracks into other routes and gives the wrong error.

mod body;
mod compression;
mod connection;
mod connection_slot;
mod cookies;
mod exchange;
mod field_names;
mod framing;
mod json;
mod lanes;
mod neighbour;
mod options;
mod page;
mod per_client;
mod place;
mod problem;
mod problem_code;
mod response;
mod server;
mod slots;
mod target;
mod trim;
mod undeclared;

pub use body::BODY_BYTES_MAX;
pub(crate) use body::{Keep, PUBLIC_BODY_BYTES_MAX};
pub(crate) use compression::compressed;
pub(crate) use connection_slot::ConnectionSlot;
pub(crate) use cookies::{Lives, cookie, is_secure, marker};
pub(crate) use exchange::SharedExchange;
pub use exchange::{Exchange, RequestId};
pub(crate) use json::parse as parse_json;
pub use json::{RequestBody, json_response};
pub use lanes::Lanes;
pub(crate) use neighbour::{is_local, is_local_authority};
pub use options::{HttpService, LineText, ServerLimits, ServerOptions};
pub use page::{page_response, wants_html};
pub(crate) use per_client::PerClient;
pub use place::Place;
pub use problem::Problem;
pub use problem_code::ProblemCode;
pub use response::{Response, see_other, text_response};
pub use server::{Drained, serve};
pub use target::loggable_uri;
pub(crate) use target::{KEY_PARAMETER, Params, Pattern, query_value, raw_query_value};
