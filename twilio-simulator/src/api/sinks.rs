//! Sinks as the API shows and changes them.
//!
//! Invariants: a sink is a webhook; its destination is a URL; 100 are the most; one that somebody subscribes to stays.
//!
//! How to get it wrong: reading the configuration as a form. It is the text of a JSON object.

use chrono::Utc;
use serde_json::{Value, json};

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::settings::{is_sid, is_url};
use crate::api::{ApiRequest, Reply};
use crate::events::Sink;
use crate::world::World;

const SINKS_MAX: usize = 100;

fn base(world: &World) -> String {
    world.links.base("events", "/v1/Sinks")
}

fn found<'w>(world: &'w World, sink: &str) -> Result<&'w Sink, Refusal> {
    if !is_sid(sink, "DG") {
        return Err(Refusal::new(400, 91006, "Sink SID is malformed"));
    }
    world.events.sink(sink).ok_or_else(|| Refusal::new(404, 91001, format!("Sink {sink} was not found")))
}

fn is_in_use(world: &World, sink: &str) -> bool {
    world.events.subscriptions.iter().any(|subscription| subscription.sink_sid == sink)
}

pub(crate) fn list(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let given = |name: &str| request.query.get(name).filter(|value| !value.is_empty());
    let (in_use, status) = (given("InUse").map(|value| value == "true"), given("Status"));
    let is_wanted = |sink: &&Sink| {
        in_use.is_none_or(|wanted| wanted == is_in_use(world, &sink.sid))
            && status.is_none_or(|status| status == sink.status)
    };
    let rows: Vec<&Sink> = world.events.sinks.iter().rev().filter(is_wanted).collect();
    let page = asked.page(&rows, "PT", |sink| &sink.sid)?;
    let base = base(world);
    let resources = page.rows.iter().map(|sink| sink.resource(&base)).collect();
    Ok(Reply::json(200, asked.newer(&base, "sinks", &page, resources)))
}

pub(crate) fn add(world: &mut World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let bad = |what: &str| Refusal::new(400, 91000, format!("Sink could not be created: {what}"));
    let needed = |name: &str| request.form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| bad(name));
    let (description, kind, configuration) =
        (needed("Description")?, needed("SinkType")?, needed("SinkConfiguration")?);
    let configuration: Value = serde_json::from_str(configuration).map_err(|_| bad("SinkConfiguration is not JSON"))?;
    let destination = configuration["destination"].as_str().filter(|url| is_url(url));
    let destination = destination.ok_or_else(|| bad("destination is not a URL"))?.to_owned();
    let method = configuration["method"].as_str().unwrap_or("POST");
    if kind != "webhook" || !method.eq_ignore_ascii_case("POST") {
        return Err(bad("SinkType is webhook, method is POST"));
    }
    if world.events.sinks.len() >= SINKS_MAX {
        return Err(Refusal::new(400, 91003, "The account has its 100 sinks"));
    }
    let sink = Sink {
        sid: world.new_sid("DG"),
        description: description.to_owned(),
        destination,
        status: world.events.options.sink_status.clone().unwrap_or_else(|| "active".into()),
        configuration,
        date_created: Utc::now(),
    };
    let reply = Reply::json(201, sink.resource(&base(world)));
    world.events.sinks.push(sink);
    Ok(reply)
}

pub(crate) fn fetch(world: &World, _: &ApiRequest, sink: &str) -> Result<Reply, Refusal> {
    Ok(Reply::json(200, found(world, sink)?.resource(&base(world))))
}

pub(crate) fn delete(world: &mut World, _: &ApiRequest, sink: &str) -> Result<Reply, Refusal> {
    found(world, sink)?;
    if is_in_use(world, sink) {
        return Err(Refusal::new(400, 91007, "Sink has subscriptions: delete those first"));
    }
    world.events.sinks.retain(|known| known.sid != sink);
    Ok(Reply::empty(204))
}

pub(crate) fn test(world: &mut World, _: &ApiRequest, sink: &str) -> Result<Reply, Refusal> {
    found(world, sink)?;
    world.emit_test(sink);
    Ok(Reply::json(201, json!({"result": "submitted"})))
}

pub(crate) fn validate(world: &World, request: &ApiRequest, sink: &str) -> Result<Reply, Refusal> {
    found(world, sink)?;
    if request.form.get("TestId").is_none_or(str::is_empty) {
        return Err(Refusal::new(400, 91004, "Test event not found: send one first"));
    }
    Ok(Reply::json(201, json!({"result": "valid"})))
}
