//! Messaging services, their members and campaigns, as the API shows and changes them.
//!
//! Order of an attach: a malformed service (21705), an unknown one (21701), an unknown number (21421), already in this one
//! (21710), in another (21712), neither SMS nor MMS (21715), full (21714). Twilio documents little of it.
//! Invariants: a number is in one service at most; whoever leaves stays in the account.
//!
//! How to get it wrong: counting a refusal as a failure. 21710 on the way in and 21711 on the way out say that it is done.

use std::collections::HashSet;
use std::time::Instant;

use crate::api::create::lag;
use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::settings::is_sid;
use crate::api::{ApiRequest, Reply};
use crate::fault::FaultKind;
use crate::fault::queue::Plan;
use crate::messaging::{Campaign, Member, RegistrationState, Service, ServiceOrder, TollfreeVerification};
use crate::world::World;

const PATH: &str = "/v1/Services";

fn base(world: &World) -> String {
    world.links.base("messaging", PATH)
}

fn found<'w>(world: &'w World, request: &ApiRequest, service: &str) -> Result<&'w Service, Refusal> {
    world.messaging.service(service).ok_or_else(|| Refusal::not_found(&request.path))
}

pub(crate) fn services(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let rows: Vec<&Service> = world.messaging.services.iter().rev().collect();
    let page = asked.page(&rows, "PT", |service| &service.sid)?;
    let (base, account_sid) = (base(world), &world.credentials.account_sid);
    let resources = page.rows.iter().map(|service| service.resource(account_sid, &base)).collect();
    Ok(Reply::json(200, asked.newer(&base, "services", &page, resources)))
}

pub(crate) fn service(world: &World, request: &ApiRequest, service: &str) -> Result<Reply, Refusal> {
    let service = found(world, request, service)?;
    Ok(Reply::json(200, service.resource(&world.credentials.account_sid, &base(world))))
}

pub(crate) fn add(world: &mut World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let text = |name: &str| request.form.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let order = ServiceOrder {
        friendly_name: Some(text("FriendlyName").ok_or_else(|| Refusal::invalid("FriendlyName"))?),
        inbound_request_url: text("InboundRequestUrl"),
        fallback_url: text("FallbackUrl"),
        use_inbound_webhook_on_number: text("UseInboundWebhookOnNumber").map(|value| value == "true"),
        ..ServiceOrder::default()
    };
    let sid = world.order_service(order).map_err(|error| Refusal::new(400, 20001, error))?;
    let service = found(world, request, &sid)?;
    Ok(Reply::json(201, service.resource(&world.credentials.account_sid, &base(world))))
}

pub(crate) fn members(world: &mut World, request: &ApiRequest, plan: &Plan, service: &str) -> Result<Reply, Refusal> {
    let hidden = world.messaging.look(None, Instant::now());
    let asked = Asked::read(&request.query)?;
    let at = found(world, request, service)?;
    let shows = |member: &&Member| !hidden.contains(&member.sid) && !plan.picks(FaultKind::Omit, &member.phone_number);
    let rows: Vec<&Member> = at.members.iter().rev().filter(shows).collect();
    // Where a member stood that a token names and that has left: newest first, so higher ranks come before it.
    let locate = |sid: &str| match rows.iter().position(|member| member.sid == sid) {
        Some(position) => Some((position, position + 1)),
        None => at.departed.get(sid).map(|rank| {
            let position = rows.partition_point(|member| member.rank > *rank);
            (position, position)
        }),
    };
    let page = asked.page_located(&rows, "PT", |member| &member.sid, locate)?;
    let (base, account_sid) = (base(world), &world.credentials.account_sid);
    let url = format!("{base}/{service}");
    let resources = page.rows.iter().map(|member| member.resource(account_sid, service, &url)).collect();
    Ok(Reply::json(200, asked.newer(&format!("{url}/PhoneNumbers"), "phone_numbers", &page, resources)))
}

pub(crate) fn member(world: &mut World, request: &ApiRequest, service: &str, number: &str) -> Result<Reply, Refusal> {
    let hidden: HashSet<_> = world.messaging.look(Some(number), Instant::now());
    let at = found(world, request, service)?;
    let member = at.members.iter().find(|member| member.sid == number && !hidden.contains(number));
    let member = member.ok_or_else(|| Refusal::not_found(&request.path))?;
    let url = format!("{}/{service}", base(world));
    Ok(Reply::json(200, member.resource(&world.credentials.account_sid, service, &url)))
}

pub(crate) fn attach(world: &mut World, request: &ApiRequest, plan: &Plan, service: &str) -> Result<Reply, Refusal> {
    let at = reachable(world, service)?;
    let sid = request.form.get("PhoneNumberSid").filter(|sid| !sid.is_empty());
    let sid = sid.ok_or_else(|| Refusal::invalid("PhoneNumberSid"))?;
    let number = world.owned.by_sid(sid).cloned();
    let number = number.ok_or_else(|| Refusal::new(400, 21421, "Phone Number SID is not a valid phone number"))?;
    let elsewhere = || Refusal::new(409, 21712, "Phone Number or Short Code is in another Messaging Service.");
    match world.messaging.service_of(sid) {
        Some(other) if other == service => {
            return Err(Refusal::new(409, 21710, "Phone Number or Short Code is already in the Messaging Service."));
        }
        Some(_) => return Err(elsewhere()),
        None => {}
    }
    let is_leaving = |state| state == RegistrationState::Deregistering;
    let registration = world.messaging.registrations.get(sid);
    if registration.is_some_and(|before| is_leaving(before.state) && before.service_sid != service) {
        return Err(elsewhere());
    }
    if !number.capabilities.sms && !number.capabilities.mms {
        return Err(Refusal::new(400, 21715, "Phone Number or Short Code cannot send messages."));
    }
    if at.is_full() {
        return Err(Refusal::new(at.full_status, 21714, "Number Pool size limit reached"));
    }
    let status = at.attach_status;
    let member = world.join(service, &number, lag(plan), Some(&request.request_id));
    let url = format!("{}/{service}", base(world));
    Ok(Reply::json(status, member.resource(&world.credentials.account_sid, service, &url)))
}

/// The service that a change names.
fn reachable<'w>(world: &'w World, service: &str) -> Result<&'w Service, Refusal> {
    if !is_sid(service, "MG") {
        return Err(Refusal::new(400, 21705, "Messaging Service SID is not valid"));
    }
    let at = world.messaging.service(service);
    at.ok_or_else(|| Refusal::new(404, 21701, format!("The Messaging Service {service} does not exist")))
}

pub(crate) fn detach(world: &mut World, request: &ApiRequest, service: &str, number: &str) -> Result<Reply, Refusal> {
    reachable(world, service)?;
    if world.messaging.service_of(number).map(String::as_str) != Some(service) {
        return Err(Refusal::new(404, 21711, "Phone Number or Short Code is not in the Messaging Service."));
    }
    world.leave(number, Some(&request.request_id));
    Ok(Reply::empty(204))
}

pub(crate) fn campaigns(world: &World, request: &ApiRequest, service: &str) -> Result<Reply, Refusal> {
    let at = found(world, request, service)?;
    let asked = Asked::read(&request.query)?;
    let rows: Vec<&Campaign> = at.campaign.iter().collect();
    let page = asked.page(&rows, "PT", |campaign| &campaign.sid)?;
    let url = format!("{}/{service}", base(world));
    let account_sid = &world.credentials.account_sid;
    let resources = page.rows.iter().map(|campaign| campaign.resource(account_sid, service, &url)).collect();
    Ok(Reply::json(200, asked.newer(&format!("{url}/Compliance/Usa2p"), "compliance", &page, resources)))
}

pub(crate) fn verifications(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let given = |name: &str| request.query.get(name).filter(|value| !value.is_empty());
    let (number, status) = (given("TollfreePhoneNumberSid"), given("Status"));
    let is_wanted = |one: &&TollfreeVerification| {
        number.is_none_or(|sid| sid == one.phone_number_sid)
            && status.is_none_or(|status| serde_json::json!(one.status) == status)
    };
    let rows: Vec<&TollfreeVerification> = world.messaging.verifications.iter().rev().filter(is_wanted).collect();
    let page = asked.page(&rows, "PT", |one| &one.sid)?;
    let base = world.links.base("messaging", "/v1/Tollfree/Verifications");
    let account_sid = &world.credentials.account_sid;
    let resources = page.rows.iter().map(|one| one.resource(account_sid, &base)).collect();
    Ok(Reply::json(200, asked.newer(&base, "verifications", &page, resources)))
}
