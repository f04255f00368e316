//! What is for sale.
//!
//! Invariants: no paging, at most `search_cap` rows whatever `PageSize` says; a smaller `PageSize` is honoured. A search
//! reserves nothing. Capabilities are spelt as the simulator was told, by default `SMS` and `MMS` in capitals.
//!
//! How to get it wrong: answering `Mobile` for the United States with an empty list; Twilio says 404.

use serde_json::{Value, json};

use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::fault::FaultKind;
use crate::fault::queue::Plan;
use crate::options::CapabilitySpelling;
use crate::stock::kind::NumberKind;
use crate::stock::marks::Bent;
use crate::stock::numbering::{e164, friendly, parse_e164};
use crate::stock::places;
use crate::stock::pool::Pool;
use crate::stock::query::Query;
use crate::stock::rules::AddressRequirement;
use crate::world::World;

pub(crate) fn search(
    world: &mut World,
    request: &ApiRequest,
    plan: &Plan,
    code: &str,
    kind: NumberKind,
) -> Result<Reply, Refusal> {
    let country = places::country(code).filter(|country| country.kinds.contains(&kind));
    let country = country.ok_or_else(|| Refusal::not_found(&request.path))?;
    let mut query = Query::parse(&request.query, country.calling_code == "1")?;
    if let Some(near) = request.query.get("NearNumber") {
        let number = parse_e164(near).ok_or_else(|| Refusal::invalid("NearNumber"))?;
        if let Some(pool) = world.stock.pool_of(number) {
            query.near_pool(pool);
        }
    }
    let asked = request.query.get("PageSize").and_then(|size| size.parse::<usize>().ok()).filter(|size| *size > 0);
    let rows_max = world.search_cap.min(asked.unwrap_or(usize::MAX));
    let bent = Bent { ghosts: plan.has(FaultKind::Ghost), addresses: plan.has(FaultKind::AddressRequired) };
    let found = if plan.has(FaultKind::NoStock) {
        Vec::new()
    } else {
        world.stock.search(country, kind, &query, bent, rows_max)
    };
    let rows: Vec<Value> = found
        .iter()
        .enumerate()
        .map(|(position, (number, pool))| {
            let bound = if bent.addresses { AddressRequirement::Any } else { AddressRequirement::None };
            let address = world.stock.address_of(*number, pool).or(bound);
            row(*number, pool, address, spelling(world, position), plan)
        })
        .collect();
    let shown: Vec<u64> = found.into_iter().map(|(number, _)| number).collect();
    for number in shown {
        world.stock.marks.note(number, bent);
        if plan.has(FaultKind::Stolen) {
            world.stock.take(number);
        }
    }
    let uri = format!(
        "/2010-04-01/Accounts/{}/AvailablePhoneNumbers/{code}/{}.json",
        world.credentials.account_sid,
        kind.path()
    );
    Ok(Reply::json(200, json!({"available_phone_numbers": rows, "uri": uri})))
}

/// Whether the row at this position has capitals.
fn spelling(world: &World, position: usize) -> bool {
    match world.spelling {
        CapabilitySpelling::Upper => true,
        CapabilitySpelling::Lower => false,
        CapabilitySpelling::Mixed => position.is_multiple_of(2),
    }
}

fn row(number: u64, pool: &Pool, address: AddressRequirement, capitals: bool, plan: &Plan) -> Value {
    let phone_number = e164(number);
    let can = pool.capabilities;
    let sms = can.sms && !plan.has(FaultKind::NoCapability);
    let capabilities = if capitals {
        json!({"voice": can.voice, "SMS": sms, "MMS": can.mms})
    } else {
        json!({"voice": can.voice, "sms": sms, "mms": can.mms, "fax": can.fax})
    };
    let place = pool.place;
    json!({
        "address_requirements": address.name(),
        "beta": pool.beta,
        "capabilities": capabilities,
        "friendly_name": friendly(&phone_number),
        "iso_country": pool.country,
        "lata": place.and_then(|place| place.lata),
        "latitude": place.map(|place| place.latitude),
        "locality": place.map(|place| place.locality),
        "longitude": place.map(|place| place.longitude),
        "phone_number": phone_number,
        "postal_code": place.map(|place| place.postal_code),
        "rate_center": place.map(places::Place::rate_center),
        "region": place.map(|place| place.region),
    })
}
