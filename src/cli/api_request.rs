//! What a command asks of the daemon, before it is sent.
//!
//! How to get it wrong: an option that was not given, sent as an empty one. The daemon's own default would be lost.

use std::time::Duration;

use serde_json::Value;

/// How long an answer may take that the daemon gives out of its database.
const QUICK: Duration = Duration::from_secs(30);
/// How long work may take that goes over many numbers at Twilio.
const LONG: Duration = Duration::from_secs(900);
/// Where `/admin/phones/api` begins.
const API: [&str; 3] = ["admin", "phones", "api"];

/// One call.
pub(super) struct ApiRequest<'a> {
    pub(super) method: &'static str,
    pub(super) path: Vec<&'a str>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, &'a str)>,
    pub(super) body: Option<Value>,
    pub(super) within: Duration,
}

impl<'a> ApiRequest<'a> {
    /// Reads something.
    pub(super) fn get(path: &[&'a str]) -> Self {
        let path = path.to_vec();
        Self { method: "GET", path, query: Vec::new(), headers: Vec::new(), body: None, within: QUICK }
    }

    /// Does something.
    pub(super) fn post(path: &[&'a str]) -> Self {
        Self { method: "POST", ..Self::get(path) }
    }

    /// Reads something below `/admin/phones/api`.
    pub(super) fn get_api(path: &[&'a str]) -> Self {
        Self::get(&[&API, path].concat())
    }

    /// Does something below `/admin/phones/api`.
    pub(super) fn post_api(path: &[&'a str]) -> Self {
        Self::post(&[&API, path].concat())
    }

    /// Adds to the query what is given.
    pub(super) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The daemon works for a while before it answers.
    pub(super) fn takes_long(mut self) -> Self {
        self.within = LONG;
        self
    }
}
