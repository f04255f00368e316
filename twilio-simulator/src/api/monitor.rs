//! The account's journal as the API shows it.
//!
//! Invariants: newest first; of the filters by resource, actor and address one at a time; nothing that is older than 30 days.
//!
//! How to get it wrong: asking for everything. A busy account's journal has many pages.

use chrono::{DateTime, Duration, NaiveDate, Utc};

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::monitor::Entry;
use crate::world::World;

const DAYS: i64 = 30;

fn base(world: &World) -> String {
    world.links.base("monitor", "/v1/Events")
}

/// A day or an instant.
fn instant(request: &ApiRequest, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let given = request.query.get(name).filter(|text| !text.is_empty());
    let read = |text: &str| {
        let day = text.parse::<NaiveDate>().map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
        day.or_else(|_| text.parse::<DateTime<Utc>>()).map_err(|_| Refusal::invalid(name))
    };
    given.map(read).transpose()
}

pub(crate) fn list(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let given = |name: &str| request.query.get(name).filter(|value| !value.is_empty());
    let narrow = [given("ResourceSid"), given("ActorSid"), given("SourceIpAddress")];
    if narrow.iter().flatten().count() > 1 {
        return Err(Refusal::new(400, 20001, "Only one of ResourceSid, ActorSid and SourceIpAddress can be given"));
    }
    let [resource, actor, address] = narrow;
    let (from, to) = (instant(request, "StartDate")?, instant(request, "EndDate")?);
    let oldest = Utc::now() - Duration::days(DAYS);
    let mut rows: Vec<&Entry> = world.monitor.newest(resource);
    rows.retain(|entry| {
        entry.at >= oldest
            && from.is_none_or(|from| entry.at >= from)
            && to.is_none_or(|to| entry.at <= to)
            && entry.matches(given("EventType"), actor, address)
    });
    let page = asked.page(&rows, "PT", |entry| &entry.sid)?;
    let (base, account_sid) = (base(world), &world.credentials.account_sid);
    let is_nested = world.monitor.is_nested;
    let resources = page.rows.iter().map(|entry| entry.resource(account_sid, &base, is_nested)).collect();
    Ok(Reply::json(200, asked.newer(&base, "events", &page, resources)))
}

pub(crate) fn fetch(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let entry = world.monitor.by_sid(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    let resource = entry.resource(&world.credentials.account_sid, &base(world), world.monitor.is_nested);
    Ok(Reply::json(200, resource))
}
