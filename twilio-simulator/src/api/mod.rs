//! Twilio's side of the conversation: one call in, one reply out, no clock but the one given, no network.
//!
//! Invariants: credentials come first, then the account's status, then the path and method, then parameters, as at
//! Twilio. `execute` is the only place where requests change the world.
//!
//! How to get it wrong: calling `execute` twice for one request; it would buy twice.

pub(crate) mod account;
mod address;
mod applications;
pub(crate) mod create;
mod messages;
mod messaging;
mod monitor;
pub(crate) mod newer;
pub(crate) mod numbers;
pub(crate) mod paging;
mod papers;
pub(crate) mod parameters;
pub(crate) mod refusal;
mod regulation;
pub(crate) mod route;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod settings;
mod sinks;
mod subscriptions;
mod trust;
pub(crate) mod usage;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::fault::queue::Plan;
use crate::options::{AccountStatus, Credentials};
use crate::world::World;
use parameters::Parameters;
use refusal::Refusal;
use route::Route;

/// A request, read.
#[derive(Debug)]
pub(crate) struct ApiRequest {
    pub(crate) route: Route,
    /// The account that the path names.
    pub(crate) account: Option<String>,
    pub(crate) path: String,
    pub(crate) query: Parameters,
    /// The form as it is carried out.
    pub(crate) form: Parameters,
    /// The form as it came in, as the truth records it.
    pub(crate) sent: Parameters,
    pub(crate) principal: Option<Principal>,
    pub(crate) request_id: String,
}

/// Whom the credentials belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// The account, by its token.
    Live,
    /// The account, by its API key, which may lack rights.
    Key,
    /// The test credentials.
    Test,
}

/// An answer, before the network has its way with it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The purchase that this reply tells of.
    pub(crate) purchase: Option<usize>,
}

#[derive(Debug)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Html(&'static str),
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Body::Json(body), headers: Vec::new(), purchase: None }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Body::Empty, headers: Vec::new(), purchase: None }
    }

    pub(crate) fn html(status: u16, body: &'static str) -> Self {
        Self { status, body: Body::Html(body), headers: Vec::new(), purchase: None }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let mut reply = Self::json(refusal.status, refusal.body());
        if let Some(seconds) = refusal.retry_after {
            reply.headers.push(("Retry-After", seconds.to_string()));
        }
        if let Some(methods) = refusal.allow {
            reply.headers.push(("Allow", methods.to_owned()));
        }
        if refusal.status == 401 {
            reply.headers.push(("WWW-Authenticate", "Basic realm=\"Twilio API\"".to_owned()));
        }
        reply
    }
}

/// Carries out a call, faults included that act within it.
pub(crate) fn execute(world: &mut World, request: &ApiRequest, plan: &Plan) -> Reply {
    let mut reply = match answer(world, request, plan) {
        Ok(reply) => reply,
        Err(refusal) => return refusal.into(),
    };
    if let Body::Json(body) = &mut reply.body {
        rows::bend(request.route.on(), plan, body);
    }
    reply
}

fn answer(world: &mut World, request: &ApiRequest, plan: &Plan) -> Result<Reply, Refusal> {
    let principal = request.principal.ok_or_else(Refusal::authenticate)?;
    let own = match principal {
        Principal::Live | Principal::Key => &world.credentials.account_sid,
        Principal::Test => &world.credentials.test_account_sid,
    };
    if request.account.as_ref().is_some_and(|account| account != own) {
        return Err(Refusal::authenticate());
    }
    if principal != Principal::Test && world.account.status != AccountStatus::Active {
        return Err(Refusal::authenticate());
    }
    if principal == Principal::Key {
        world.rights.check(request.route.on())?;
    }
    if principal == Principal::Test {
        return match &request.route {
            Route::Create(_) => create::magic(world, request),
            Route::Text => messages::magic(world, request),
            Route::Account
            | Route::Balance
            | Route::Countries
            | Route::Country(_)
            | Route::Search(..)
            | Route::List(_)
            | Route::Fetch(_)
            | Route::Update(_)
            | Route::Delete(_)
            | Route::Addresses
            | Route::AddAddress
            | Route::Address(_)
            | Route::Dependents(_)
            | Route::Regulations
            | Route::Regulation(_)
            | Route::Bundles
            | Route::Bundle(_)
            | Route::Prices
            | Route::Price(_)
            | Route::Applications
            | Route::Application(_)
            | Route::UpdateApplication(_)
            | Route::Traffic(_)
            | Route::Usage(_)
            | Route::Newer(_)
            | Route::Method(_)
            | Route::Unknown => Err(Refusal::new(403, 20008, "Resource not accessible with Test Account Credentials")),
        };
    }
    match &request.route {
        Route::Unknown => Err(Refusal::not_found(&request.path)),
        Route::Method(allow) => Err(Refusal::method(allow)),
        Route::Account => Ok(account::account(world)),
        Route::Balance => Ok(account::balance(world, plan)),
        Route::Countries => Ok(account::countries(world)),
        Route::Country(code) => account::country(world, request, code),
        Route::Addresses => address::list(world, request),
        Route::AddAddress => address::add(world, request),
        Route::Address(sid) => address::fetch(world, request, sid),
        Route::Dependents(sid) => address::dependents(world, request, sid),
        Route::Regulations => regulation::regulations(world, request),
        Route::Regulation(sid) => regulation::regulation(world, request, sid),
        Route::Bundles => regulation::bundles(world, request),
        Route::Bundle(sid) => regulation::bundle(world, request, sid),
        Route::Applications => applications::list(world, request),
        Route::Application(sid) => applications::fetch(world, request, sid),
        Route::UpdateApplication(sid) => applications::update(world, request, sid),
        Route::Traffic(what) => applications::traffic(world, request, *what),
        Route::Text => messages::send(world, request),
        Route::Usage(period) => usage::records(world, request, *period),
        Route::Newer(of) => newer::answer(world, request, plan, of),
        Route::Prices => Ok(account::prices(world)),
        Route::Price(code) => account::price(world, request, code),
        Route::Search(code, kind) => search::search(world, request, plan, code, *kind),
        Route::List(kind) => numbers::list(world, request, plan, *kind),
        Route::Create(kind) => create::create(world, request, plan, *kind),
        Route::Fetch(sid) => numbers::fetch(world, request, plan, sid),
        Route::Update(sid) => numbers::update(world, request, plan, sid),
        Route::Delete(sid) => numbers::delete(world, request, sid),
    }
}

/// Who an `Authorization` header speaks for.
pub(crate) fn principal(credentials: &Credentials, authorization: Option<&str>) -> Option<Principal> {
    let (scheme, encoded) = authorization?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let pair = decoded.split_once(':')?;
    if pair == (credentials.account_sid.as_str(), credentials.auth_token.as_str()) {
        Some(Principal::Live)
    } else if pair == (credentials.api_key_sid.as_str(), credentials.api_key_secret.as_str()) {
        Some(Principal::Key)
    } else if pair == (credentials.test_account_sid.as_str(), credentials.test_auth_token.as_str()) {
        Some(Principal::Test)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SimulatorOptions;

    #[test]
    fn credentials_are_checked() {
        let credentials = Credentials::new(&SimulatorOptions::default());
        let who = |user: &str, secret: &str| {
            principal(&credentials, Some(&format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))))
        };
        assert_eq!(who(&credentials.account_sid, &credentials.auth_token), Some(Principal::Live));
        assert_eq!(who(&credentials.api_key_sid, &credentials.api_key_secret), Some(Principal::Key));
        assert_eq!(who(&credentials.test_account_sid, &credentials.test_auth_token), Some(Principal::Test));
        assert_eq!(who(&credentials.account_sid, &credentials.api_key_secret), None);
        assert_eq!(principal(&credentials, None), None);
        assert_eq!(principal(&credentials, Some("Bearer x")), None);
    }
}
