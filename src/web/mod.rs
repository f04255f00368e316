//! The whole outside as one: the table of all routes, and the actor that serves them.
//!
//! How to get it wrong: a route that stands somewhere else. The description and the tests read this table.

mod routes;
mod service;

pub use routes::{description_text, routes};
pub use service::HttpServer;
pub(crate) use service::{HttpParts, Newcomers};
