//! The controls under `/__sim/`: order faults, change the world, read the truth.
//!
//! Invariants: no key, loopback only; faults and latencies never touch them; an unknown field or name is refused with 400
//! and the list of what is known, so that a misspelt order cannot pass for one that was carried out.
//!
//! How to get it wrong: carrying out half of an order before it was checked as a whole.

mod orders;

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::applications::ApplicationOrder;
use crate::events::EventOptions;
use crate::fault::{Fault, FaultKind};
use crate::foreign::{ForeignNumber, Webhooks};
use crate::market::MarketOrder;
use crate::messaging::{CampaignOrder, RegistrationOrder, ServiceOrder, TollfreeOrder};
use crate::number::Sid;
use crate::regulatory::{AddressOrder, BundleOrder, IdentityOrder};
use crate::rights::RightsOrder;
use crate::serve::Shared;
use crate::traffic::TrafficOrder;
use crate::trust::TrustOrder;
use crate::usage::UsageOrder;
use crate::world::World;
use orders::{Account, As, Date, Latency, Number, Rename, Reset, Stock};

const CONTROLS: &[&str] = &[
    "GET state",
    "GET credentials",
    "GET faults",
    "POST faults",
    "POST own",
    "POST disown",
    "POST webhooks",
    "POST rename",
    "POST latency",
    "POST stock",
    "POST offer",
    "POST take",
    "POST country",
    "POST address",
    "POST bundle",
    "POST identity",
    "POST service",
    "POST campaign",
    "POST registration",
    "POST tollfree",
    "POST events",
    "POST trust",
    "POST application",
    "POST traffic",
    "GET usage",
    "POST usage",
    "POST as",
    "POST date",
    "POST rights",
    "POST account",
    "POST reset",
];

/// The control that a path names, if it is one.
pub(crate) fn path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/__sim")?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// Carries out a control; a status and an answer.
pub(crate) fn answer(shared: &Shared, method: &str, control: &str, body: &[u8]) -> (u16, Value) {
    let mut world = shared.world();
    let done = match (method, control) {
        ("GET", "state") => {
            let truth = world.truth();
            drop(world);
            return (200, serde_json::to_value(truth).expect("the truth has string keys only"));
        }
        ("GET", "credentials") => {
            let all = &world.credentials;
            Ok(json!({
                "account_sid": all.account_sid,
                "auth_token": all.auth_token,
                "api_key_sid": all.api_key_sid,
                "api_key_secret": all.api_key_secret,
                "test_account_sid": all.test_account_sid,
                "test_auth_token": all.test_auth_token,
            }))
        }
        ("GET", "usage") => {
            let all = world.usage_lines(chrono::NaiveDate::MIN, chrono::NaiveDate::MAX);
            Ok(json!({"as_of": world.usage_as_of(), "lines": all}))
        }
        ("GET", "faults") => Ok(json!({"waiting": world.faults.waiting(), "fired": world.faults.fired()})),
        ("POST", "faults") => faults(&mut world, body),
        ("POST", "own") => sid(read::<ForeignNumber>(body).and_then(|foreign| world.own(foreign))),
        ("POST", "disown") => read::<Number>(body).and_then(|order| {
            if world.disown(&order.phone_number) { Ok(json!({})) } else { Err(not_owned(&order.phone_number)) }
        }),
        ("POST", "webhooks") => webhooks(&mut world, body),
        ("POST", "rename") => read::<Rename>(body).and_then(|order| {
            let renamed = world.rename(&order.phone_number, &order.friendly_name);
            if renamed { Ok(json!({})) } else { Err(not_owned(&order.phone_number)) }
        }),
        ("POST", "latency") => read::<Latency>(body).map(|order| {
            world.set_latency(order.on, Duration::from_millis(order.ms));
            json!({})
        }),
        ("POST", "stock") => read::<Stock>(body).and_then(|order| order.apply(&mut world)),
        ("POST", "offer") => {
            read::<Number>(body).and_then(|order| world.offer(&order.phone_number)).map(|()| json!({}))
        }
        ("POST", "take") => read::<Number>(body).and_then(|order| world.take(&order.phone_number)).map(|()| json!({})),
        ("POST", "country") => read::<MarketOrder>(body).and_then(|order| order.apply(&mut world)).map(|()| json!({})),
        ("POST", "address") => sid(read::<AddressOrder>(body).and_then(|order| world.order_address(order))),
        ("POST", "bundle") => sid(read::<BundleOrder>(body).and_then(|order| world.order_bundle(order))),
        ("POST", "identity") => sid(read::<IdentityOrder>(body).and_then(|order| world.order_identity(order))),
        ("POST", "account") => read::<Account>(body).and_then(|order| order.apply(&mut world)),
        ("POST", "reset") => read::<Reset>(body).map(|order| {
            world.reset(order.state);
            json!({})
        }),
        ("POST", _) if SERVICES.contains(&control) => services(&mut world, control, body),
        _ => {
            let known = CONTROLS.iter().any(|line| line.ends_with(&format!(" {control}")));
            return (if known { 405 } else { 404 }, json!({"error": "no such control", "controls": CONTROLS}));
        }
    };
    match done {
        Ok(answer) => (200, answer),
        Err(error) if control == "faults" => {
            let names: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
            (400, json!({"error": error, "faults": names}))
        }
        Err(error) => (400, json!({"error": error})),
    }
}

/// The controls of what is around numbers.
const SERVICES: &[&str] = &[
    "service",
    "campaign",
    "registration",
    "tollfree",
    "events",
    "trust",
    "application",
    "traffic",
    "usage",
    "as",
    "date",
    "rights",
];

fn services(world: &mut World, control: &str, body: &[u8]) -> Result<Value, String> {
    match control {
        "service" => sid(read::<ServiceOrder>(body).and_then(|order| world.order_service(order))),
        "campaign" => sid(read::<CampaignOrder>(body).and_then(|order| world.order_campaign(order))),
        "registration" => {
            read::<RegistrationOrder>(body).and_then(|order| world.order_registration(order)).map(|()| json!({}))
        }
        "tollfree" => sid(read::<TollfreeOrder>(body).and_then(|order| world.order_tollfree(&order))),
        "events" => read::<EventOptions>(body).and_then(|options| world.events.order(options)).map(|()| json!({})),
        "trust" => sid(read::<TrustOrder>(body).and_then(|order| world.order_trust(order))),
        "application" => sid(read::<ApplicationOrder>(body).and_then(|order| world.order_application(order))),
        "traffic" => traffic(world, body),
        "usage" => read::<UsageOrder>(body).and_then(|order| world.order_usage(order)).map(|()| json!({})),
        "as" => act_as(world, body),
        "date" => read::<Date>(body).and_then(|order| {
            let dated = world.date(&order.phone_number, order.date_created);
            if dated { Ok(json!({})) } else { Err(not_owned(&order.phone_number)) }
        }),
        "rights" => read::<RightsOrder>(body).and_then(|order| world.rights.change(order)).map(|()| json!({})),
        _ => Err(format!("{control} is none of {}", SERVICES.join(", "))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// The SID of what an order was about.
fn sid(done: Result<Sid, String>) -> Result<Value, String> {
    done.map(|sid| json!({"sid": sid}))
}

fn not_owned(phone_number: &str) -> String {
    format!("{phone_number} is not in the account")
}

/// One fault, or a list of them.
fn faults(world: &mut World, body: &[u8]) -> Result<Value, String> {
    let several = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let faults: Vec<Fault> = if several { read(body)? } else { vec![read(body)?] };
    for fault in &faults {
        fault.check()?;
    }
    for fault in faults {
        world.faults.push(fault);
    }
    Ok(json!({"waiting": world.faults.waiting().len()}))
}

/// Somebody changes or deletes a number: `phone_number`, `who`, `actor`, `address`, `delete`, beside the fields of
/// [`Webhooks`].
fn act_as(world: &mut World, body: &[u8]) -> Result<Value, String> {
    let mut order: serde_json::Map<String, Value> = read(body)?;
    let own: serde_json::Map<String, Value> =
        As::FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), order.remove(*name)?))).collect();
    let own: As = serde_json::from_value(Value::Object(own)).map_err(|error| error.to_string())?;
    let webhooks: Webhooks = serde_json::from_value(Value::Object(order)).map_err(|error| error.to_string())?;
    let has_happened = own.act(world, webhooks);
    if has_happened { Ok(json!({})) } else { Err(not_owned(&own.phone_number)) }
}

/// `count` and `over_days` beside the fields of [`TrafficOrder`]: one call or message, or many.
fn traffic(world: &mut World, body: &[u8]) -> Result<Value, String> {
    let mut order: serde_json::Map<String, Value> = read(body)?;
    let mut number = |name: &str| match order.remove(name) {
        None => Ok(None),
        Some(value) => serde_json::from_value::<u32>(value).map(Some).map_err(|error| format!("{name}: {error}")),
    };
    let (count, days) = (number("count")?, number("over_days")?);
    let order: TrafficOrder = serde_json::from_value(Value::Object(order)).map_err(|error| error.to_string())?;
    match (count, days) {
        (None, None) => world.order_traffic(order),
        (count, days) => world.order_traffic_in_bulk(&order, count.unwrap_or(1), days.unwrap_or(0)),
    }
}

/// `phone_number` beside the fields of [`Webhooks`]; flattening would let unknown fields pass.
fn webhooks(world: &mut World, body: &[u8]) -> Result<Value, String> {
    let mut order: serde_json::Map<String, Value> = read(body)?;
    let number = order.remove("phone_number");
    let number = number.as_ref().and_then(Value::as_str).ok_or("missing field `phone_number`")?;
    let webhooks: Webhooks = serde_json::from_value(Value::Object(order)).map_err(|error| error.to_string())?;
    if world.set_webhooks(number, webhooks) { Ok(json!({})) } else { Err(not_owned(number)) }
}
