//! Subscriptions and their types as the API shows and changes them.
//!
//! Invariants: each `Types` is the text of one JSON object, and the field is repeated; a type is told in version 1 unless
//! another one is named; adding a type that is there already changes nothing and is answered with 200.
//!
//! How to get it wrong: one `Types` with an array. Twilio's own clients repeat the field.

use chrono::Utc;
use serde::Deserialize;

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::settings::is_sid;
use crate::api::{ApiRequest, Reply};
use crate::events::{SubscribedType, Subscription};
use crate::world::World;

fn base(world: &World) -> String {
    world.links.base("events", "/v1/Subscriptions")
}

fn found<'w>(world: &'w World, request: &ApiRequest, sid: &str) -> Result<&'w Subscription, Refusal> {
    world.events.subscription(sid).ok_or_else(|| Refusal::not_found(&request.path))
}

pub(crate) fn list(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let sink = request.query.get("SinkSid").filter(|sink| !sink.is_empty());
    let all = world.events.subscriptions.iter().rev();
    let rows: Vec<&Subscription> = all.filter(|one| sink.is_none_or(|sink| sink == one.sink_sid)).collect();
    let page = asked.page(&rows, "PT", |one| &one.sid)?;
    let (base, account_sid) = (base(world), &world.credentials.account_sid);
    let resources = page.rows.iter().map(|one| one.resource(account_sid, &base)).collect();
    Ok(Reply::json(200, asked.newer(&base, "subscriptions", &page, resources)))
}

#[derive(Deserialize)]
struct Given {
    #[serde(rename = "type")]
    name: String,
    #[serde(default = "first")]
    schema_version: u32,
}

fn first() -> u32 {
    1
}

impl Given {
    fn read(text: &str) -> Result<SubscribedType, Refusal> {
        let given: Self = serde_json::from_str(text).map_err(|_| Refusal::invalid("Types"))?;
        checked(given.name, given.schema_version, "Types")
    }
}

fn checked(name: String, schema_version: u32, parameter: &str) -> Result<SubscribedType, Refusal> {
    if name.starts_with("com.twilio.") && schema_version > 0 {
        Ok(SubscribedType { name, schema_version })
    } else {
        Err(Refusal::invalid(parameter))
    }
}

pub(crate) fn add(world: &mut World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let needed = |name: &str| request.form.get(name).filter(|value| !value.is_empty());
    let description = needed("Description").ok_or_else(|| Refusal::invalid("Description"))?.to_owned();
    let sink = needed("SinkSid").filter(|sid| is_sid(sid, "DG") && world.events.sink(sid).is_some());
    let sink_sid = sink.ok_or_else(|| Refusal::invalid("SinkSid"))?.to_owned();
    let mut types: Vec<SubscribedType> = request.form.all("Types").map(Given::read).collect::<Result<_, _>>()?;
    if types.is_empty() {
        return Err(Refusal::invalid("Types"));
    }
    let mut seen = std::collections::HashSet::new();
    types.retain(|one| seen.insert(one.name.clone()));
    let now = Utc::now();
    let sid = world.new_sid("DF");
    let subscription = Subscription { sid, sink_sid, description, types, date_created: now, date_updated: now };
    let reply = Reply::json(201, subscription.resource(&world.credentials.account_sid, &base(world)));
    world.events.subscriptions.push(subscription);
    Ok(reply)
}

pub(crate) fn fetch(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let subscription = found(world, request, sid)?;
    Ok(Reply::json(200, subscription.resource(&world.credentials.account_sid, &base(world))))
}

pub(crate) fn delete(world: &mut World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    found(world, request, sid)?;
    world.events.subscriptions.retain(|one| one.sid != sid);
    Ok(Reply::empty(204))
}

pub(crate) fn types(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let subscription = found(world, request, sid)?;
    let rows: Vec<&SubscribedType> = subscription.types.iter().collect();
    let page = asked.page(&rows, "PT", |one| &one.name)?;
    let (base, account_sid) = (base(world), &world.credentials.account_sid);
    let resources = page.rows.iter().map(|one| subscription.event_resource(one, account_sid, &base)).collect();
    Ok(Reply::json(200, asked.newer(&format!("{base}/{sid}/SubscribedEvents"), "types", &page, resources)))
}

fn version(request: &ApiRequest) -> Result<Option<u32>, Refusal> {
    let given = request.form.get("SchemaVersion").filter(|text| !text.is_empty());
    given.map(|text| text.parse().map_err(|_| Refusal::invalid("SchemaVersion"))).transpose()
}

fn shown(world: &World, request: &ApiRequest, status: u16, sid: &str, name: &str) -> Result<Reply, Refusal> {
    let subscription = found(world, request, sid)?;
    let of_type = subscription.of_type(name).ok_or_else(|| Refusal::not_found(&request.path))?;
    let resource = subscription.event_resource(of_type, &world.credentials.account_sid, &base(world));
    Ok(Reply::json(status, resource))
}

pub(crate) fn add_type(world: &mut World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    found(world, request, sid)?;
    let name = request.form.get("Type").unwrap_or_default();
    let added = checked(name.to_owned(), version(request)?.unwrap_or(1), "Type")?;
    let mut status = 200;
    if let Some(subscription) = world.events.subscription_mut(sid)
        && subscription.of_type(name).is_none()
    {
        subscription.types.push(added);
        subscription.date_updated = Utc::now();
        status = 201;
    }
    shown(world, request, status, sid, name)
}

pub(crate) fn one_type(world: &World, request: &ApiRequest, sid: &str, name: &str) -> Result<Reply, Refusal> {
    shown(world, request, 200, sid, name)
}

pub(crate) fn change_type(world: &mut World, request: &ApiRequest, sid: &str, name: &str) -> Result<Reply, Refusal> {
    let version = version(request)?;
    let subscription = world.events.subscription_mut(sid);
    let of_type = subscription.and_then(|one| one.types.iter_mut().find(|known| known.name == name));
    if let (Some(of_type), Some(version)) = (of_type, version) {
        of_type.schema_version = version;
    }
    shown(world, request, 200, sid, name)
}

pub(crate) fn drop_type(world: &mut World, request: &ApiRequest, sid: &str, name: &str) -> Result<Reply, Refusal> {
    shown(world, request, 200, sid, name)?;
    if let Some(subscription) = world.events.subscription_mut(sid) {
        subscription.types.retain(|known| known.name != name);
        subscription.date_updated = Utc::now();
    }
    Ok(Reply::empty(204))
}
