//! Customer profiles and trust products as the API shows them, and what is assigned to them.
//!
//! Order of an assignment: an unknown bundle (20404), a wrong or missing type or object (20001), an unknown number (21421), a
//! repeat, a product before any profile has the number. Twilio documents no code for the last two: they are guesses.
//! Invariant: the newest comes first; an assignment is found by its own SID and by what is assigned.
//!
//! How to get it wrong: assigning to a product first. Twilio wants the profile before it.

use chrono::Utc;

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::trust::{Assignment, TrustBundle, TrustKind};
use crate::world::World;

fn base(world: &World, kind: TrustKind) -> String {
    world.links.base("trusthub", &format!("/v1/{}", kind.path()))
}

fn found<'w>(world: &'w World, request: &ApiRequest, kind: TrustKind, sid: &str) -> Result<&'w TrustBundle, Refusal> {
    world.trust.bundle(kind, sid).ok_or_else(|| Refusal::not_found(&request.path))
}

pub(crate) fn bundle(world: &World, request: &ApiRequest, kind: TrustKind, sid: &str) -> Result<Reply, Refusal> {
    let bundle = found(world, request, kind, sid)?;
    Ok(Reply::json(200, bundle.resource(&world.credentials.account_sid, &base(world, kind))))
}

pub(crate) fn list(
    world: &World,
    request: &ApiRequest,
    kind: TrustKind,
    sid: &str,
    is_number: bool,
) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let bundle = found(world, request, kind, sid)?;
    let given = |name: &str| request.query.get(name).filter(|value| !value.is_empty());
    let one = given("ChannelEndpointSid");
    let several: Option<Vec<&str>> = given("ChannelEndpointSids").map(|sids| sids.split(',').map(str::trim).collect());
    let is_wanted = |of: &&Assignment| {
        of.is_number == is_number
            && one.is_none_or(|wanted| wanted == of.object_sid)
            && several.as_ref().is_none_or(|wanted| wanted.contains(&of.object_sid.as_str()))
    };
    let rows: Vec<&Assignment> = bundle.assignments.iter().rev().filter(is_wanted).collect();
    let page = asked.page(&rows, "PT", |of| &of.sid)?;
    let (base, account_sid) = (base(world, kind), &world.credentials.account_sid);
    let resources = page.rows.iter().map(|of| bundle.assignment_resource(of, account_sid, &base)).collect();
    let path = if is_number { "ChannelEndpointAssignments" } else { "EntityAssignments" };
    Ok(Reply::json(200, asked.newer(&format!("{base}/{sid}/{path}"), "results", &page, resources)))
}

pub(crate) fn assign(
    world: &mut World,
    request: &ApiRequest,
    kind: TrustKind,
    sid: &str,
    is_number: bool,
) -> Result<Reply, Refusal> {
    let form = &request.form;
    let bundle = found(world, request, kind, sid)?;
    let name = if is_number { "ChannelEndpointSid" } else { "ObjectSid" };
    if is_number && form.get("ChannelEndpointType") != Some("phone-number") {
        return Err(Refusal::invalid("ChannelEndpointType"));
    }
    let object = form.get(name).filter(|sid| !sid.is_empty()).ok_or_else(|| Refusal::invalid(name))?;
    if is_number && world.owned.by_sid(object).is_none() {
        return Err(Refusal::new(400, 21421, format!("{object} is not a phone number of the account")));
    }
    let (base, account_sid) = (base(world, kind), world.credentials.account_sid.clone());
    if let Some(first) = bundle.assignments.iter().find(|of| of.object_sid == object) {
        if world.trust.repeats_pass {
            return Ok(Reply::json(201, bundle.assignment_resource(first, &account_sid, &base)));
        }
        return Err(Refusal::new(400, 20001, format!("{object} is already assigned to {sid}")));
    }
    if is_number && kind == TrustKind::TrustProduct && !world.trust.is_profiled(object) {
        return Err(Refusal::new(400, 20001, format!("{object} is assigned to no Customer Profile")));
    }
    let assignment = Assignment {
        sid: world.new_sid(if is_number { "RA" } else { "BV" }),
        object_sid: object.to_owned(),
        is_number,
        date_created: Utc::now(),
    };
    let bundle = world.trust.bundle_mut(kind, sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    let reply = Reply::json(201, bundle.assignment_resource(&assignment, &account_sid, &base));
    bundle.assignments.push(assignment);
    Ok(reply)
}

pub(crate) fn fetch(
    world: &World,
    request: &ApiRequest,
    kind: TrustKind,
    sid: &str,
    assignment: &str,
) -> Result<Reply, Refusal> {
    let bundle = found(world, request, kind, sid)?;
    let of = bundle.assignments.iter().find(|of| of.sid == assignment);
    let of = of.ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, bundle.assignment_resource(of, &world.credentials.account_sid, &base(world, kind))))
}

pub(crate) fn delete(
    world: &mut World,
    request: &ApiRequest,
    kind: TrustKind,
    sid: &str,
    assignment: &str,
) -> Result<Reply, Refusal> {
    fetch(world, request, kind, sid, assignment)?;
    if let Some(bundle) = world.trust.bundle_mut(kind, sid) {
        bundle.assignments.retain(|of| of.sid != assignment);
    }
    Ok(Reply::empty(204))
}
