//! One method of one path: who may, what body it takes, who answers, and what the trail and the description say of it.
//!
//! How to get it wrong: doing in the handler's own future what a client that hangs up must not cut short (hyper drops the
//! future then).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::about::About;
use super::request::Request;
use crate::access::{Access, Audited, Wanted};
use crate::http::{BODY_BYTES_MAX, Exchange, PUBLIC_BODY_BYTES_MAX, Params, Problem, Response, json_response};

/// What a handler returns.
pub type Outcome = Result<Response, Problem>;

/// 200 with what an act tells, as JSON; or why it was not done.
///
/// # Errors
/// The problem; 500 when the document does not serialise, which only a map with non-text keys can cause.
pub fn answer<T: Serialize>(done: Result<T, Problem>) -> Outcome {
    json_response(StatusCode::OK, &done?)
}

/// What a call does, read from its path: see [`Endpoint::does`].
type Action = fn(&Params) -> Option<&'static str>;
/// Who vouches for a request otherwise than with a key: see [`Endpoint::vouched`].
type Vouch<C> = fn(&C, &Exchange) -> Result<(), Problem>;
type Handler<C> = Box<dyn Fn(Arc<C>, Request) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// What an endpoint does with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// Takes none: one of any type is read, counted and ignored.
    None,
    /// JSON, or nothing at all (then of any type), which stands for `{}`.
    OptionalJson,
    /// JSON.
    Json,
    /// JSON, which may call itself a batch of CloudEvents.
    CloudEvents,
    /// `application/x-www-form-urlencoded`, for the dashboard's forms.
    Form,
}

/// One method of one path.
pub struct Endpoint<C> {
    pub(crate) method: Method,
    pub(crate) access: Access,
    pub(crate) body: BodyRule,
    pub(super) body_bytes_max: u64,
    pub(crate) audited: Audited,
    pub(crate) action: Option<Action>,
    pub(crate) is_order: bool,
    pub(crate) wanted: Wanted,
    pub(super) vouched: Option<Vouch<C>>,
    /// How many may be on their way at once, if that is bounded.
    pub(super) places: Option<Semaphore>,
    pub(super) refused_as: Option<fn(&Exchange, Problem) -> Response>,
    /// For the OpenAPI description; made when somebody asks for it.
    pub(crate) about: Option<fn() -> About>,
    is_undocumented: bool,
    pub(crate) handler: Handler<C>,
}

impl<C> Endpoint<C> {
    /// Whether people read it.
    pub(crate) fn is_page(&self) -> bool {
        self.refused_as.is_some()
    }
}

impl<C: Send + Sync + 'static> Endpoint<C> {
    /// Any method.
    pub fn new<H, F>(method: Method, access: Access, body: BodyRule, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let handler: Handler<C> = Box::new(move |context, request| Box::pin(handler(context, request)));
        let audited = if access >= Access::ReadOnly { Audited::Always } else { Audited::Never };
        // What anybody may send is held for anybody.
        let body_bytes_max = if access == Access::Public { PUBLIC_BODY_BYTES_MAX } else { BODY_BYTES_MAX };
        let (action, is_order, refused_as, about, is_undocumented) = (None, false, None, None, false);
        let (wanted, vouched, places) = (Wanted::ByAPerson, None, None);
        Self {
            method,
            access,
            body,
            body_bytes_max,
            audited,
            action,
            is_order,
            wanted,
            vouched,
            places,
            refused_as,
            about,
            is_undocumented,
            handler,
        }
    }

    /// Takes a body of at most so many bytes, instead of [`BODY_BYTES_MAX`], or 8 KiB where
    /// anybody may ask.
    #[must_use]
    pub fn up_to(mut self, bytes_max: u64) -> Self {
        self.body_bytes_max = bytes_max;
        self
    }

    /// Is open to whoever this vouches for, such as a sender who signs: it is asked before anything is read of the body.
    #[must_use]
    pub fn vouched(self, vouched: fn(&C, &Exchange) -> Result<(), Problem>) -> Self {
        Self { vouched: Some(vouched), ..self }
    }

    /// Takes so many at once, bodies that are still on their way included; more are told to come again.
    #[must_use]
    pub fn at_once(self, most: usize) -> Self {
        Self { places: Some(Semaphore::new(most)), ..self }
    }

    /// `GET`, and with it `HEAD`. What asks for an admin key is open to one that only reads as well, but for what
    /// [`Endpoint::for_acts`] keeps from it.
    pub fn get<H, F>(access: Access, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let access = if access == Access::Admin { Access::ReadOnly } else { access };
        Self::new(Method::GET, access, BodyRule::None, handler)
    }

    /// Is of use only to whoever may do something, such as the question before an act: a key that only reads is refused.
    #[must_use]
    pub fn for_acts(self) -> Self {
        Self { access: Access::Admin, ..self }
    }

    /// `POST`.
    pub fn post<H, F>(access: Access, body: BodyRule, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::POST, access, body, handler)
    }

    /// A page for people, or what its form sends: it tells what went wrong in this way, and whoever has neither key nor
    /// session is shown the way to get one instead of a 401.
    #[must_use]
    pub fn page(self, refused_as: fn(&Exchange, Problem) -> Response) -> Self {
        Self { refused_as: Some(refused_as), ..self }
    }

    /// Stands in the audit trail although it is public. What asks for an admin key does so without this.
    #[must_use]
    pub fn audited(self) -> Self {
        Self { audited: Audited::Always, ..self }
    }

    /// Changes what others have, and signups may do it too: what admins do here stands in the audit trail.
    #[must_use]
    pub fn audited_of_admins(self) -> Self {
        Self { audited: Audited::OfAdmins, ..self }
    }

    /// Is asked again and again by itself: good answers stand in the audit trail once an hour.
    #[must_use]
    pub fn polled(self) -> Self {
        Self { audited: Audited::Polled, ..self }
    }

    /// The audit trail's word for what a call does, where the path says it; else it is the last word of the pattern.
    #[must_use]
    pub fn does(self, action: fn(&Params) -> Option<&'static str>) -> Self {
        Self { action: Some(action), ..self }
    }

    /// Is asked by open pages, not by people: it keeps no session alive.
    #[must_use]
    pub fn by_the_page(self) -> Self {
        Self { wanted: Wanted::ByThePage, ..self }
    }

    /// Costs money or much work: one key may ask so often and no more.
    #[must_use]
    pub fn order(self) -> Self {
        Self { is_order: true, ..self }
    }

    /// What it takes and answers, for the OpenAPI description.
    #[must_use]
    pub fn about(self, about: fn() -> About) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Stands in no description: a page for people, or what such a page loads.
    #[must_use]
    pub fn undocumented(self) -> Self {
        Self { is_undocumented: true, ..self }
    }

    /// The method; a `GET` is a `HEAD`, too.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it was said on purpose that no description has it.
    #[must_use]
    pub fn is_undocumented(&self) -> bool {
        self.is_undocumented
    }

    pub(crate) fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}
