//! What a handler gets: a request that has passed the door, with its body read.
//!
//! How to get it wrong: logging `uri()` as it is, or reading the client's address from the headers instead of `client()`.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::caller::Caller;
use crate::access::{Access, Guard, Notes, Person, Who};
use crate::domain::UserId;
use crate::http::{
    ConnectionSlot, Exchange, KEY_PARAMETER, Params, Problem, RequestBody, SharedExchange, parse_json, query_value,
};

/// A request that has passed the door.
pub struct Request {
    pub(crate) exchange: SharedExchange,
    pub(crate) route: &'static str,
    pub(crate) params: Params,
    pub(crate) body: Bytes,
    pub(crate) who: Option<Who>,
    pub(crate) guard: Arc<Guard>,
    /// For the audit trail; `None` when it does not want this call.
    pub(crate) notes: Option<Arc<Notes>>,
}

/// See [`Request::hold`].
pub struct Held<'r>(&'r ConnectionSlot);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.serving();
    }
}

impl Request {
    /// The method; `HEAD` reaches the handler of `GET` as `HEAD`.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.exchange.method()
    }

    /// The target. It may hold a key: log it with [`loggable_uri`](crate::http::loggable_uri) only.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.exchange.uri()
    }

    /// The route's pattern, such as `/signup/api/assignments/{user_id}`.
    #[must_use]
    pub fn route(&self) -> &'static str {
        self.route
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.exchange.headers()
    }

    /// A header as text, `None` when it is missing or not visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The name of this request in the log and in its answer.
    #[must_use]
    pub fn id(&self) -> &str {
        self.exchange.id().as_str()
    }

    /// Who asks: the peer or, when that is a trusted proxy, whom it forwards for.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.exchange.client()
    }

    /// The other end of the connection.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.exchange.peer()
    }

    /// The request as the server received it, for sessions and the door.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Who it is; `None` on public routes only.
    #[must_use]
    pub fn who(&self) -> Option<&Who> {
        self.who.as_ref()
    }

    /// Who asks, for whoever carries out what they ask for.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::new(self.who, self.guard.keys(), self.notes.clone())
    }

    /// Somebody as a row of the database names them, for a page.
    pub(crate) fn person(&self, stored: &str) -> Person {
        self.guard.keys().person(stored)
    }

    /// Whether they may do something here, not only look.
    #[must_use]
    pub fn may_act(&self) -> bool {
        self.who.is_some_and(|who| who.access >= Access::Admin)
    }

    /// Adds to what the audit trail says of this call. Never a secret.
    pub fn note(&self, name: &str, value: impl Into<Value>) {
        if let Some(notes) = &self.notes {
            notes.add(name, value.into());
        }
    }

    /// Says who it is, on a public route where the handler finds out.
    pub(crate) fn note_who(&self, who: Who) {
        self.exchange.body.slot().known();
        if let Some(notes) = &self.notes {
            notes.came(who);
        }
    }

    /// The token that every form of a page must carry as `csrf_token`, and every other request as `X-CSRF-Token`; `None`
    /// when a key vouches for the caller, who needs none then.
    #[must_use]
    pub fn csrf_token(&self) -> Option<String> {
        self.who.filter(|who| who.by_session)?;
        self.guard.csrf_token(&self.exchange)
    }

    /// Asks the door on a public route that is not public for everybody.
    ///
    /// # Errors
    /// As [`Guard::admit`].
    pub async fn require(&self, access: Access) -> Result<Option<Who>, Problem> {
        self.guard.admit(access, &self.exchange).await
    }

    /// The door itself, for a login form.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// While what this returns is kept, the client waits because we want it to, not because there is work for it: its
    /// connection may have to make room.
    #[must_use]
    pub fn hold(&self) -> Held<'_> {
        let slot = self.exchange.body.slot();
        slot.held();
        Held(slot)
    }

    /// Resolves when the daemon stops. A long answer must end then: `events.take_until(request.until_stop())`.
    pub fn until_stop(&self) -> impl Future<Output = ()> + Send + Sync + 'static {
        self.exchange.until_stop()
    }

    /// A path parameter, decoded.
    ///
    /// # Panics
    /// When the route's pattern has no such parameter, which its first test finds.
    #[must_use]
    pub fn param_text(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("{} has no parameter {name}", self.route))
    }

    /// A path parameter as its type.
    ///
    /// # Errors
    /// 422 `invalid_field` naming it.
    ///
    /// # Panics
    /// As [`Request::param_text`].
    pub fn param<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.param_text(name);
        let value = text.parse().map_err(|error| Problem::invalid_field(name, error))?;
        self.note(name, text);
        Ok(value)
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn query_text(&self, name: &str) -> Option<Cow<'_, str>> {
        query_value(self.uri(), name)
    }

    /// Refuses a parameter of the query that is none of `names`: whoever misspells a filter would read the whole list and
    /// believe it. A key may stand there on every path.
    ///
    /// # Errors
    /// 422 `unknown_field` naming it.
    pub fn takes_only(&self, names: &[&str]) -> Result<(), Problem> {
        let query = self.uri().query().unwrap_or_default();
        let known = |name: &str| names.contains(&name) || name == KEY_PARAMETER;
        match form_urlencoded::parse(query.as_bytes()).find(|(name, _)| !known(name) && !name.is_empty()) {
            None => Ok(()),
            Some((name, _)) => Err(Problem::unknown_parameter(&name, names)),
        }
    }

    /// A query parameter as its type; `None` when it is missing or blank.
    ///
    /// # Errors
    /// 422 `invalid_field` naming it.
    pub fn query<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let text = self.query_text(name).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = text.parse().map_err(|error| Problem::invalid_field(name, error))?;
        self.note(name, text);
        Ok(Some(value))
    }

    /// The user whom the query names, as it is spelled there: an id is any text, blanks at its ends included.
    ///
    /// # Errors
    /// 422 `invalid_field`, or `unknown_field` for another parameter.
    pub fn user_of_query(&self) -> Result<UserId, Problem> {
        const NAME: &str = "user_id";
        self.takes_only(&[NAME])?;
        let text = self.query_text(NAME).ok_or_else(|| Problem::invalid_field(NAME, "is required"))?;
        let user = text.parse().map_err(|error| Problem::invalid_field(NAME, error))?;
        self.note(NAME, &*text);
        Ok(user)
    }

    /// The body as it came; empty when the route takes none.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON. An empty one is an empty object.
    ///
    /// # Errors
    /// 400 `malformed_json`; 422 `invalid_field` or `unknown_field` naming the field.
    pub fn json<T: RequestBody>(&self) -> Result<T, Problem> {
        let value = parse_json(&self.body)?;
        if let (Some(notes), Ok(fields)) = (&self.notes, serde_json::from_slice::<Map<String, Value>>(&self.body)) {
            for (name, value) in fields {
                notes.add(&name, value);
            }
        }
        Ok(value)
    }

    /// A field of a form body as its type; `None` when it is missing or blank. The audit trail has it as JSON would.
    ///
    /// # Errors
    /// 422 `invalid_field` naming it.
    pub fn form<T: FromStr<Err: Display> + Serialize>(&self, name: &str) -> Result<Option<T>, Problem> {
        let text = self.form_text(name).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value: T = text.parse().map_err(|error| Problem::invalid_field(name, error))?;
        self.note(name, serde_json::to_value(&value).unwrap_or_default());
        Ok(Some(value))
    }

    /// The first value of a field of a form body.
    #[must_use]
    pub fn form_text(&self, name: &str) -> Option<Cow<'_, str>> {
        form_urlencoded::parse(&self.body).find(|(key, _)| key == name).map(|(_, value)| value)
    }
}
