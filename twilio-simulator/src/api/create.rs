//! Buying: a given number, or any of an area code.
//!
//! Invariants: a number is bought at most once; asking again for one that the account has is a repeat, which is taken as an
//! update (mode A) or refused (mode B) and never charged. Each buy by area code is another number and another charge.
//! Nothing is recorded as a purchase that the account does not own and pay for afterwards.
//!
//! How to get it wrong: looking at the market before looking at the account; an owned number is off the market, and a
//! repeat would be refused in both modes. Or asking for money before papers: a refusal for want of either would then hide
//! which one it is.

use std::time::{Duration, Instant};

use chrono::Utc;

use crate::api::papers::{self, Shown};
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply, settings};
use crate::fault::FaultKind;
use crate::fault::queue::Plan;
use crate::money::cents_text;
use crate::number::{DEMO_VOICE_URL, OwnedNumber, Sid};
use crate::options::{AccountType, ReownMode};
use crate::owned::Lag;
use crate::stock::kind::NumberKind;
use crate::stock::numbering::{e164, parse_e164, possible};
use crate::truth::{Purchase, Repeat, Update};
use crate::world::World;

/// POST `IncomingPhoneNumbers.json`; `kind` when a sub-resource was used.
pub(crate) fn create(
    world: &mut World,
    request: &ApiRequest,
    plan: &Plan,
    kind: Option<NumberKind>,
) -> Result<Reply, Refusal> {
    let number = match (request.form.get("PhoneNumber"), request.form.get("AreaCode")) {
        (Some(text), _) => {
            settings::check(&request.form, world.owned.by_number(text))?;
            settings::check_targets(&request.form, world)?;
            let number =
                parse_e164(text).filter(|number| possible(*number) && world.stock.country_of(*number).is_some());
            let number = number.ok_or_else(|| Refusal::not_a_number(text))?;
            if world.owned.by_number(text).is_some() {
                return repeat(world, request, plan, text);
            }
            number
        }
        (None, Some(area)) => {
            settings::check(&request.form, None)?;
            settings::check_targets(&request.form, world)?;
            if kind.is_some() {
                return Err(Refusal::new(400, 21457, "AreaCode is not supported on this resource"));
            }
            by_area(world, plan, area)?
        }
        (None, None) => return Err(Refusal::new(400, 21421, "PhoneNumber or AreaCode is required")),
    };
    let phone_number = e164(number);
    if plan.has(FaultKind::NoStock) {
        return Err(Refusal::not_available(&phone_number));
    }
    if plan.has(FaultKind::Stolen) {
        world.stock.take(number);
    }
    if !world.stock.available(number) {
        return Err(Refusal::not_available(&phone_number));
    }
    if kind.is_some_and(|kind| world.stock.pool_of(number).is_some_and(|pool| pool.kind != kind)) {
        return Err(Refusal::new(400, 21458, format!("{phone_number} is not of this resource's type")));
    }
    if plan.has(FaultKind::OldDateCreated) || plan.has(FaultKind::ForeignTag) {
        intrude(world, plan, number);
        return repeat(world, request, plan, &phone_number);
    }
    buy(world, request, plan, number)
}

/// The number that an area code gives.
fn by_area(world: &mut World, plan: &Plan, area: &str) -> Result<u64, Refusal> {
    let plausible = area.len() == 3 && area.bytes().all(|byte| byte.is_ascii_digit()) && area > "199";
    if !plausible {
        return Err(Refusal::new(400, 21451, format!("{area} is not a valid area code")));
    }
    let found = if plan.has(FaultKind::NoStock) { None } else { world.stock.first_in_area(area) };
    found.ok_or_else(|| Refusal::new(400, 21452, format!("No phone numbers found in area code {area}")))
}

fn buy(world: &mut World, request: &ApiRequest, plan: &Plan, number: u64) -> Result<Reply, Refusal> {
    let pool = world.stock.pool_of(number).expect("an available number has a pool");
    let (kind, mut capabilities, country) = (pool.kind, pool.capabilities, pool.country);
    papers::check(world, &Shown::of_purchase(&request.form), number, pool)?;
    let address = world.stock.address_of(number, pool);
    let price = world.price_cents(country, kind);
    if plan.has(FaultKind::BalanceZero) || world.account.balance_cents < price.max(1) {
        return Err(Refusal::inactive());
    }
    if world.account.kind == AccountType::Trial && world.owned.len() > 0 {
        return Err(trial());
    }
    if plan.has(FaultKind::NoCapability) {
        (capabilities.sms, capabilities.mms) = (false, false);
    }
    world.stock.take(number);
    world.account.balance_cents -= price;
    let mut bought = OwnedNumber::new(world.new_sid("PN"), &e164(number), kind, Utc::now());
    bought.capabilities = capabilities;
    bought.address_requirements = address;
    settings::apply(&request.form, &mut bought);
    if bought.voice_url.is_none() {
        bought.voice_url = Some(DEMO_VOICE_URL.into());
    }
    world.ledger.purchases.push(Purchase {
        at: bought.date_created,
        request_id: request.request_id.clone(),
        phone_number: bought.phone_number.clone(),
        sid: bought.sid.clone(),
        parameters: request.sent.to_map(),
        delivered: false,
        price: cents_text(price),
        faults: plan.names(),
    });
    let mut reply = Reply::json(201, bought.resource(&world.credentials.account_sid));
    reply.purchase = Some(world.ledger.purchases.len() - 1);
    let actor = world.api_actor();
    world.note(None, Some(&bought), actor);
    world.owned.insert(bought, lag(plan));
    Ok(reply)
}

pub(crate) fn trial() -> Refusal {
    Refusal::new(
        400,
        21404,
        "Trial accounts are allowed only one Twilio number. To purchase additional numbers, please upgrade your account.",
    )
}

/// How long what comes into being stays unseen.
pub(crate) fn lag(plan: &Plan) -> Option<Lag> {
    let fault = plan.find(FaultKind::Lag)?;
    let default_ms = if fault.requests.is_some() { 0 } else { 1_000 };
    let until = Instant::now() + Duration::from_millis(fault.ms.unwrap_or(default_ms));
    Some(Lag { until, requests: fault.requests.unwrap_or(0) })
}

/// A POST for a number that the account has.
fn repeat(world: &mut World, request: &ApiRequest, plan: &Plan, phone_number: &str) -> Result<Reply, Refusal> {
    let intruder = plan.has(FaultKind::OldDateCreated) || plan.has(FaultKind::ForeignTag);
    let refused = world.reown_mode == ReownMode::B && !intruder || plan.has(FaultKind::AlreadyOwned21422);
    let number = world.owned.by_number(phone_number).expect("callers have looked");
    let (sid, tag) = (number.sid.clone(), number.friendly_name.clone());
    let fits = if refused { Err(Refusal::not_available(phone_number)) } else { papers_of_update(world, request, &sid) };
    let now = Utc::now();
    world.ledger.repeats.push(Repeat {
        at: now,
        request_id: request.request_id.clone(),
        phone_number: phone_number.into(),
        sid: sid.clone(),
        accepted: fits.is_ok(),
    });
    fits?;
    record_update(world, request, &sid, phone_number);
    let number = world.owned.by_sid_mut(&sid).expect("found above, and nothing came in between");
    let before = number.clone();
    settings::apply(&request.form, number);
    number.date_updated = now;
    if plan.has(FaultKind::ForeignTag) {
        number.friendly_name = tag;
    }
    let after = number.clone();
    let actor = world.api_actor();
    world.note(Some(&before), Some(&after), actor);
    Ok(Reply::json(201, after.resource(&world.credentials.account_sid)))
}

/// Refuses papers that an update names and that do not fit its number.
pub(crate) fn papers_of_update(world: &World, request: &ApiRequest, sid: &str) -> Result<(), Refusal> {
    let owned = world.owned.by_sid(sid);
    let number = owned.and_then(|owned| parse_e164(&owned.phone_number));
    let (Some(owned), Some(number)) = (owned, number) else { return Ok(()) };
    // A number of a country that is not for sale has no rules.
    let Some(pool) = world.stock.pool_of(number) else { return Ok(()) };
    papers::check(world, &Shown::of_update(&request.form, owned), number, pool)
}

pub(crate) fn record_update(world: &mut World, request: &ApiRequest, sid: &Sid, phone_number: &str) {
    world.ledger.updates.push(Update {
        at: Utc::now(),
        request_id: request.request_id.clone(),
        phone_number: phone_number.into(),
        sid: sid.clone(),
        parameters: request.sent.to_map(),
    });
}

/// Another environment of the same account has bought the number, long ago or just now.
fn intrude(world: &mut World, plan: &Plan, number: u64) {
    let age = if plan.has(FaultKind::OldDateCreated) { chrono::Duration::days(30) } else { chrono::Duration::zero() };
    let sid = world.new_sid("PN");
    let kind = world.stock.pool_of(number).map_or(NumberKind::Local, |pool| pool.kind);
    let mut intruder = OwnedNumber::new(sid, &e164(number), kind, Utc::now() - age);
    intruder.friendly_name = FOREIGN_TAG.into();
    intruder.voice_url = Some("https://elsewhere.example/voice".into());
    intruder.sms_url = "https://elsewhere.example/sms".into();
    intruder.foreign = true;
    world.stock.take(number);
    let actor = world.api_actor();
    world.note(None, Some(&intruder), actor);
    world.owned.insert(intruder, None);
}

/// The `FriendlyName` that another environment gives.
pub const FOREIGN_TAG: &str = "callbunker:elsewhere:00000000-0000-4000-8000-000000000000";

/// The test credentials' create: magic numbers, no effect.
pub(crate) fn magic(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    const GOOD: &str = "+15005550006";
    settings::check(&request.form, None)?;
    match (request.form.get("PhoneNumber"), request.form.get("AreaCode")) {
        (Some(GOOD), _) | (None, Some("500")) => {}
        (Some(taken @ "+15005550000"), _) => return Err(Refusal::not_available(taken)),
        (Some(other), _) => return Err(Refusal::not_a_number(other)),
        (None, Some(area)) => {
            return Err(Refusal::new(400, 21452, format!("No phone numbers found in area code {area}")));
        }
        (None, None) => return Err(Refusal::new(400, 21421, "PhoneNumber or AreaCode is required")),
    }
    let sid = format!("PN{}", crate::seed::hex32(world.options.seed, "magic", 0));
    let mut number = OwnedNumber::new(sid, GOOD, NumberKind::Local, Utc::now());
    settings::apply(&request.form, &mut number);
    Ok(Reply::json(201, number.resource(&world.credentials.test_account_sid)))
}
