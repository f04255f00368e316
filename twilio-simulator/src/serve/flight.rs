//! A request that has just come in: read, counted, recorded, and its faults chosen, all in one step.
//!
//! Invariants: a flight counts while it lives, no longer and no shorter; every create leaves an attempt in the truth, also
//! one that is refused or lost.
//!
//! How to get it wrong: dropping the flight before a hang ends. The client is still waiting, so it is still in flight.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::http::request::Parts;

use crate::api::parameters::Parameters;
use crate::api::route::{Route, route};
use crate::api::{self, ApiRequest};
use crate::fault::queue::{Plan, Target};
use crate::fault::{FaultKind, On};
use crate::serve::Shared;
use crate::truth::CreateAttempt;
use crate::world::{Ticket, World};

/// A request that is being handled; it counts until this is dropped.
pub(crate) struct Flight {
    shared: Arc<Shared>,
    on: On,
    pub(crate) concurrent: u64,
    pub(crate) latency: Duration,
    /// The region that answers.
    pub(crate) region: String,
    pub(crate) ticket: Option<Ticket>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut world = self.shared.world();
        world.requests_in_flight -= 1;
        if self.on == On::Create {
            world.creates_in_flight -= 1;
        }
    }
}

/// Reads the request, counts it and chooses its faults.
pub(crate) fn begin(shared: &Arc<Shared>, parts: &Parts, body: &[u8]) -> (ApiRequest, Plan, Flight) {
    let path = parts.uri.path().to_owned();
    let (route, account) = route(parts.method.as_str(), &path);
    let on = route.on();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let is_form = header(CONTENT_TYPE).is_some_and(|media| media.starts_with("application/x-www-form-urlencoded"));
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let form = Parameters::parse(if is_form { body } else { &[] });

    let mut world = shared.world();
    let request_id = world.new_sid("RQ");
    let is_home = header(HOST).is_none_or(|host| world.rights.is_home(host));
    let principal = api::principal(&world.credentials, header(AUTHORIZATION)).filter(|_| is_home);
    let mut request = ApiRequest { route, account, path, query, sent: form.clone(), form, principal, request_id };
    *world.ledger.requests.entry(on).or_default() += 1;
    note_unknown(&mut world, &request, on);
    let plan = choose(&mut world, &request, on);
    if let Some(fault) = plan.find(FaultKind::DropParameters) {
        request.form = request.form.without(fault.parameters.as_deref());
    }
    world.requests_in_flight += 1;
    let concurrent = world.requests_in_flight;
    world.ledger.max_concurrent_requests = world.ledger.max_concurrent_requests.max(concurrent);
    let mut ticket = None;
    if on == On::Create {
        world.creates_in_flight += 1;
        world.ledger.max_concurrent_creates = world.ledger.max_concurrent_creates.max(world.creates_in_flight);
        ticket = Some(world.ticket(world.ledger.creates.len()));
        world.ledger.creates.push(CreateAttempt {
            at: chrono::Utc::now(),
            request_id: request.request_id.clone(),
            phone_number: request.sent.get("PhoneNumber").map(str::to_owned),
            area_code: request.sent.get("AreaCode").map(str::to_owned),
            parameters: request.sent.to_map(),
            status: None,
            delivered: false,
            faults: plan.names(),
        });
    }
    let delay = plan.find(FaultKind::Delay).map_or(0, |fault| fault.ms.unwrap_or(1_000));
    let latency = world.latency_of(on) + Duration::from_millis(delay);
    let region = world.rights.region.clone();
    drop(world);
    (request, plan, Flight { shared: Arc::clone(shared), on, concurrent, latency, region, ticket })
}

fn note_unknown(world: &mut World, request: &ApiRequest, on: On) {
    if on == On::Other {
        return;
    }
    let unknown = request.query.unknown(on, false).chain(request.form.unknown(on, true));
    for name in unknown.map(|name| format!("{}.{name}", on.name())).collect::<Vec<_>>() {
        *world.ledger.ignored_parameters.entry(name).or_default() += 1;
    }
}

fn choose(world: &mut World, request: &ApiRequest, on: On) -> Plan {
    let phone_number = match &request.route {
        Route::Create(_) => request.form.get("PhoneNumber"),
        Route::List(_) => request.query.get("PhoneNumber"),
        Route::Text => request.form.get("To"),
        Route::Fetch(sid) | Route::Update(sid) | Route::Delete(sid) => {
            world.owned.by_sid(sid).map(|number| number.phone_number.as_str())
        }
        Route::Newer(newer) => {
            let number = newer.number(request).and_then(|sid| world.owned.by_sid(sid));
            number.map(|number| number.phone_number.as_str())
        }
        Route::Account
        | Route::Balance
        | Route::Countries
        | Route::Country(_)
        | Route::Search(..)
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
        | Route::Method(_)
        | Route::Unknown => None,
    };
    let owned = phone_number.is_some_and(|number| world.owned.by_number(number).is_some());
    let further_page = request.query.get("PageToken").is_some_and(|token| !token.is_empty());
    let searched = if let Route::Search(country, _) = &request.route { Some(country.as_str()) } else { None };
    let of_its_number = || {
        let number = phone_number?.trim_start_matches('+').parse().ok()?;
        Some(world.stock.country_of(number)?.code)
    };
    let country = searched.or_else(of_its_number);
    let area_code = request.query.get("AreaCode").filter(|_| on == On::Search);
    world.faults.choose(&Target { on, phone_number, country, area_code, owned, further_page })
}
