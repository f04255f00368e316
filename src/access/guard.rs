//! The door: who passes.
//!
//! Invariants: a missing and a wrong key get the same answer, but that a wrong one by the query is told how a URL is written; a
//! wrong key is never saved by another source; a session's cookie that no key in force sealed is a wrong key; a reload swaps all
//! keys at once; what a page asks by itself keeps no session alive; whoever opens a page without a key is led to the login,
//! whatever others behind the same address did.
//! How to get it wrong: naming the key in a message, or asking the limit before the key (a right key always passes).
//!
//! A key that the request shows ([`presented_key`](super::presented_key)) counts before a session, if sessions are known at
//! all.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use http::header::HeaderName;

use super::csrf;
use super::endings::{Ended, Endings};
use super::keys::{KeyRing, Keys};
use super::limits::{AuthFailure, FailureLimit, OrderLimit};
use super::presented_key::{IN_A_QUERY, presented_key};
use super::redact::Redactor;
use super::trail::Auditor;
use super::who::{Access, Fingerprint, Who};
use crate::audit::AuditLog;
use crate::http::{Exchange, LineText, Problem, ProblemCode};

/// On what a page of ours fetches by itself from a route that people use, too. Whoever sends it can only lose by it.
const BY_ITSELF: HeaderName = HeaderName::from_static("x-by-itself");

/// Who wanted a request: a session ends when no person has wanted anything for long, whatever its open pages ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Somebody did something.
    ByAPerson,
    /// A page asks again and again.
    ByThePage,
}

/// What a request without a key has instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// No cookie, or one whose session has ended.
    None,
    /// A cookie that no key in force ever made.
    MadeUp,
    /// Theirs lives.
    Of(Who),
}

/// Looks up the session of a request that came without a key.
pub trait Sessions: Send + Sync {
    /// Whose session it is, by the keys that are in force; a problem when that cannot be told. What a person wants
    /// keeps it alive.
    fn find<'a>(
        &'a self,
        exchange: &'a Exchange,
        keys: &'a Keys,
        wanted: Wanted,
    ) -> BoxFuture<'a, Result<Session, Problem>>;

    /// What a page must send back with everything that is not a plain read; `None` when no cookie of ours is there.
    fn csrf_token(&self, exchange: &Exchange, keys: &Keys) -> Option<String>;
}

/// What somebody sees who has neither key nor session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A refusal.
    Refusal,
    /// The login, which tells nothing: nobody is too many for it.
    Login,
}

/// Where a session's request carries its CSRF token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenIn {
    /// Looked at with the key.
    Header,
    /// In the header or in the form, which is not read yet: the route table asks again when it is.
    HeaderOrForm,
}

/// Somebody who does not pass, and who it is as far as that is known.
pub(crate) struct Refused {
    pub(crate) who: Option<Who>,
    pub(crate) problem: Problem,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { who: None, problem }
    }
}

/// What to send instead of a key that opens too little.
fn too_little(has: Access, asked: Access) -> Problem {
    let detail = match (has, asked) {
        (Access::ReadOnly, Access::Signup) => "This key only reads; send a signup key or an admin key.",
        (Access::ReadOnly, _) => {
            "This key only reads (READONLY_API_KEY); what changes something takes an admin key (ADMIN_API_KEY)."
        }
        _ => return Problem::forbidden(),
    };
    Problem::new(ProblemCode::Forbidden, detail)
}

/// The door: every route that is not public asks it.
pub struct Guard {
    keys: KeyRing,
    limit: Option<Box<dyn FailureLimit>>,
    sessions: Option<Box<dyn Sessions>>,
    orders: OrderLimit,
    auditor: Option<Arc<Auditor>>,
    endings: Endings,
}

impl Guard {
    /// A door that knows these keys, no limit and no sessions.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        let (orders, endings) = (OrderLimit::default(), Endings::default());
        Self {
            keys: Arc::new(ArcSwap::from_pointee(keys)),
            limit: None,
            sessions: None,
            orders,
            auditor: None,
            endings,
        }
    }

    /// Adds a limit for failures.
    #[must_use]
    pub fn with_limit(self, limit: impl FailureLimit + 'static) -> Self {
        Self { limit: Some(Box::new(limit)), ..self }
    }

    /// Adds sessions.
    #[must_use]
    pub fn with_sessions(self, sessions: impl Sessions + 'static) -> Self {
        Self { sessions: Some(Box::new(sessions)), ..self }
    }

    /// Writes down who comes and what for.
    #[must_use]
    pub fn with_audit(self, log: AuditLog) -> Self {
        Self { auditor: Some(Arc::new(Auditor::new(log, Arc::clone(&self.keys)))), ..self }
    }

    pub(crate) fn auditor(&self) -> Option<&Arc<Auditor>> {
        self.auditor.as_ref()
    }

    /// Swaps all keys; requests that are past the door go on. Returns the keys that nobody may log in with any more:
    /// their sessions have ended.
    pub fn replace_keys(&self, keys: Keys) -> Vec<Fingerprint> {
        let former = self.keys.swap(Arc::new(keys));
        let in_force = self.keys.load();
        let is_gone = |fingerprint: &Fingerprint| in_force.who_may_log_in(*fingerprint).is_none();
        let gone: Vec<Fingerprint> = former.may_log_in().map(|who| who.fingerprint).filter(is_gone).collect();
        gone.iter().for_each(|fingerprint| self.endings.tell(Ended::Key(*fingerprint)));
        gone
    }

    /// How what clients send stands in lines of the log: without any key that is in force then.
    #[must_use]
    pub fn line_text(&self) -> LineText {
        let keys = Arc::clone(&self.keys);
        LineText::new(move |text, most| Redactor::new(keys.load_full()).line(text, most))
    }

    /// Who came with a session or a key that ends may not go on.
    pub(crate) fn endings(&self) -> &Endings {
        &self.endings
    }

    /// Whose key this is, for a login form.
    #[must_use]
    pub fn find_key(&self, key: &[u8]) -> Option<Who> {
        self.keys.load().find(key)
    }

    /// Lets a request pass, or says why not.
    ///
    /// # Errors
    /// 401, 403 or 429; what [`Sessions`] says.
    pub async fn admit(&self, access: Access, exchange: &Exchange) -> Result<Option<Who>, Problem> {
        let judged = self.judge(access, exchange, TokenIn::Header, Wanted::ByAPerson, Shown::Refusal);
        judged.await.map_err(|refused| refused.problem)
    }

    /// The same, for the route table.
    pub(crate) async fn judge(
        &self,
        access: Access,
        exchange: &Exchange,
        token: TokenIn,
        wanted: Wanted,
        shown: Shown,
    ) -> Result<Option<Who>, Refused> {
        if access == Access::Public {
            return Ok(None);
        }
        let key = presented_key(exchange);
        let (who, failure) = match &key {
            Some(key) => (key.find(&self.keys.load()), AuthFailure::Wrong),
            None => match self.session(exchange, wanted).await? {
                Session::Of(who) => (Some(who), AuthFailure::Missing),
                Session::None => (None, AuthFailure::Missing),
                Session::MadeUp => (None, AuthFailure::Wrong),
            },
        };
        let Some(who) = who else {
            let mut refusal = self.refusal(exchange.client(), failure);
            if refusal.code() == ProblemCode::Unauthorized && key.as_ref().is_some_and(|key| key.by_query) {
                refusal = refusal.and_say(IN_A_QUERY);
            }
            let to_login = shown == Shown::Login && key.is_none();
            return Err(if to_login { Problem::unauthorized() } else { refusal }.into());
        };
        let refuse = |problem| Refused { who: Some(who), problem };
        if !who.access.opens(access, exchange.method()) {
            return Err(refuse(too_little(who.access, access)));
        }
        if who.by_session && !exchange.method().is_safe() {
            csrf::check_origin(exchange).map_err(refuse)?;
            if token == TokenIn::Header {
                self.check_csrf(exchange, None).map_err(refuse)?;
            }
        }
        Ok(Some(who))
    }

    /// Who is logged in, as long as the key that they logged in with is still in force.
    pub(crate) async fn session(&self, exchange: &Exchange, wanted: Wanted) -> Result<Session, Problem> {
        let Some(sessions) = &self.sessions else { return Ok(Session::None) };
        let wanted = if exchange.headers().contains_key(BY_ITSELF) { Wanted::ByThePage } else { wanted };
        let found = sessions.find(exchange, &self.keys(), wanted).await?;
        Ok(match found {
            // Its key went while the database was asked.
            Session::Of(who) if self.keys.load().who_may_log_in(who.fingerprint).is_none() => Session::None,
            found @ (Session::None | Session::MadeUp | Session::Of(_)) => found,
        })
    }

    /// The keys that are in force.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// The CSRF token that belongs to the request's session cookie.
    pub(crate) fn csrf_token(&self, exchange: &Exchange) -> Option<String> {
        self.sessions.as_ref()?.csrf_token(exchange, &self.keys.load())
    }

    /// Whether a request of a session carries its token: in the header, or in the form that it sent.
    pub(crate) fn check_csrf(&self, exchange: &Exchange, form: Option<&[u8]>) -> Result<(), Problem> {
        csrf::check_token(exchange, form, self.csrf_token(exchange))
    }

    /// Counts an order; 429 when there were too many.
    pub(crate) fn check_orders(&self, who: &Who, route: &'static str) -> Result<(), Problem> {
        match self.orders.ordered(who.fingerprint, route) {
            None => Ok(()),
            Some(after) => Err(Problem::new(
                ProblemCode::RateLimited,
                "Too many orders came with this key; wait as long as Retry-After says, then go on.",
            )
            .retry_after(after)),
        }
    }

    /// The answer to a failed attempt; counts it.
    #[must_use]
    pub fn refusal(&self, client: IpAddr, failure: AuthFailure) -> Problem {
        match self.limit.as_ref().and_then(|limit| limit.failed(client, failure)) {
            None => Problem::unauthorized(),
            Some(after) => Problem::new(
                ProblemCode::RateLimited,
                "Too many requests without a valid key from this address; wait, then send a valid one.",
            )
            .retry_after(after),
        }
    }
}
