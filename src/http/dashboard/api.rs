//! The API's handlers, called from here: a form becomes the request that a script would send.
//!
//! Invariant: whoever asks stays the same, and the answer is the API's own document.
//! How to get it wrong: a second way to do what an endpoint does. Then a rule holds in one place and not in the other.

use std::sync::Arc;

use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::super::context::Context;
use super::super::exchange::Exchange;
use super::super::{Outcome, Problem, Request};

/// A request to one of the API's handlers.
pub(super) struct Call {
    method: Method,
    target: String,
    params: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    /// `GET` with these query parameters; empty ones are left out.
    pub(super) fn get(query: &[(&str, &str)]) -> Self {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
        let target = format!("/?{}", pairs.finish());
        Self { method: Method::GET, target, params: Vec::new(), headers: HeaderMap::new(), body: Vec::new() }
    }

    /// `POST` with this JSON.
    pub(super) fn post(body: &Value) -> Self {
        Self { method: Method::POST, body: body.to_string().into_bytes(), ..Self::get(&[]) }
    }

    /// With a path parameter.
    pub(super) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    /// With a header; one that is no header is left out, and the handler misses it.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Asks `handler` in the name of `request`; its JSON, or its problem.
    pub(super) async fn ask<H, F>(self, handler: H, context: &Arc<Context>, request: &Request) -> Result<Value, Problem>
    where
        H: FnOnce(Arc<Context>, Request) -> F,
        F: Future<Output = Outcome>,
    {
        Ok(self.answer(handler, context, request).await?.1)
    }

    /// The same, with what stands before the JSON.
    pub(super) async fn answer<H, F>(
        self,
        handler: H,
        context: &Arc<Context>,
        request: &Request,
    ) -> Result<(Parts, Value), Problem>
    where
        H: FnOnce(Arc<Context>, Request) -> F,
        F: Future<Output = Outcome>,
    {
        let uri: Uri = self.target.parse().map_err(|_| Problem::internal())?;
        let inner = Request {
            exchange: Arc::new(Exchange::within(&request.exchange, self.method, uri, self.headers)),
            route: request.route,
            params: self.params,
            body: self.body.into(),
            who: request.who,
            gate: Arc::clone(&request.gate),
            notes: request.notes.clone(),
        };
        let (head, body) = handler(Arc::clone(context), inner).await?.into_parts();
        let body = body.collect().await.map_err(|_| Problem::internal())?;
        Ok((head, serde_json::from_slice(&body.to_bytes()).map_err(|_| Problem::internal())?))
    }
}
