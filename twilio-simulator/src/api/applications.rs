//! Applications, calls and messages as the 2010 API shows them.
//!
//! Invariants: newest first; days are whole days of UTC: `StartTime>` is that day or later, `StartTime<` before it, and
//! `DateSent<` that day or earlier.
//!
//! How to get it wrong: reading the `<` of calls and of messages alike.

use chrono::{DateTime, NaiveDate, Utc};

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::settings::is_url;
use crate::api::{ApiRequest, Reply};
use crate::applications::{Application, ApplicationOrder, Traffic};
use crate::traffic::TrafficRecord;
use crate::world::World;

pub(crate) fn list(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let name = request.query.get("FriendlyName").filter(|name| !name.is_empty());
    let all = world.applications.all.iter().rev();
    let rows: Vec<&Application> = all.filter(|one| name.is_none_or(|name| name == one.friendly_name)).collect();
    let page = asked.page(&rows, "PA", |one| &one.sid)?;
    let account_sid = &world.credentials.account_sid;
    let resources = page.rows.iter().map(|one| one.resource(account_sid)).collect();
    let path = format!("/2010-04-01/Accounts/{account_sid}/Applications.json");
    Ok(Reply::json(200, asked.envelope(&path, "applications", &page, resources)))
}

pub(crate) fn fetch(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let application = world.applications.get(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, application.resource(&world.credentials.account_sid)))
}

pub(crate) fn update(world: &mut World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    fetch(world, request, sid)?;
    let url = |name: &str| match request.form.get(name) {
        Some(url) if !url.is_empty() && !is_url(url) => {
            Err(Refusal::new(400, 21402, format!("{name} is not a valid URL")))
        }
        given => Ok(given.map(str::to_owned)),
    };
    let order = ApplicationOrder {
        sid: Some(sid.to_owned()),
        friendly_name: request.form.get("FriendlyName").map(str::to_owned),
        voice_url: url("VoiceUrl")?,
        voice_fallback_url: url("VoiceFallbackUrl")?,
        sms_url: url("SmsUrl")?,
        sms_fallback_url: url("SmsFallbackUrl")?,
        status_callback: url("StatusCallback")?,
        remove: false,
    };
    world.order_application(order).map_err(|error| Refusal::new(400, 20001, error))?;
    fetch(world, request, sid)
}

/// Calls, or messages.
pub(crate) fn traffic(world: &World, request: &ApiRequest, what: Traffic) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let given = |name: &str| request.query.get(name).filter(|value| !value.is_empty());
    let (key, resource, field) = match what {
        Traffic::Call => ("calls", "Calls", "StartTime"),
        Traffic::Message => ("messages", "Messages", "DateSent"),
    };
    let day = |name: &str| given(name).map(|text| read_day(text).ok_or_else(|| Refusal::invalid(name))).transpose();
    let (on, from, to) = (day(field)?, day(&format!("{field}>"))?, day(&format!("{field}<"))?);
    let is_wanted = |one: &&TrafficRecord| {
        let at = one.at.date_naive();
        one.what == what
            && given("From").is_none_or(|from| from == one.from)
            && given("To").is_none_or(|to| to == one.to)
            && on.is_none_or(|day| at == day)
            && from.is_none_or(|day| at >= day)
            && to.is_none_or(|day| at < day || what == Traffic::Message && at == day)
    };
    let mut rows: Vec<&TrafficRecord> = world.traffic.records.iter().rev().filter(is_wanted).collect();
    rows.sort_by_key(|one| std::cmp::Reverse(one.at));
    let page = asked.page(&rows, "PA", |one| &one.sid)?;
    let account_sid = &world.credentials.account_sid;
    let resources = page.rows.iter().map(|one| one.resource(account_sid)).collect();
    let path = format!("/2010-04-01/Accounts/{account_sid}/{resource}.json");
    Ok(Reply::json(200, asked.envelope(&path, key, &page, resources)))
}

fn read_day(text: &str) -> Option<NaiveDate> {
    let day = text.get(..10).and_then(|day| day.parse().ok());
    day.or_else(|| text.parse::<DateTime<Utc>>().ok().map(|instant| instant.date_naive()))
}
