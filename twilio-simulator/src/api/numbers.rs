//! The numbers in the account: list, fetch, update, release.
//!
//! Invariants: a list shows only what is visible (a lag hides) and says `end` 0 when empty; `next_page_uri` is relative and
//! carries the same filters; `PhoneNumber` matches parts (`*` for one digit), `FriendlyName` the whole. A released number
//! is gone from the account and from the market.
//!
//! How to get it wrong: taking `Page` for a position. Only `PageToken` moves; `Page` is the client's own count.

use std::time::Instant;

use chrono::Utc;
use serde_json::{Value, json};

use crate::api::create::{FOREIGN_TAG, papers_of_update, record_update};
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply, settings};
use crate::fault::FaultKind;
use crate::fault::queue::Plan;
use crate::number::OwnedNumber;
use crate::owned::{From, Hidden};
use crate::stock::kind::NumberKind;
use crate::stock::numbering::parse_e164;
use crate::truth::Release;
use crate::world::World;

const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1_000;

pub(crate) fn list(
    world: &mut World,
    request: &ApiRequest,
    plan: &Plan,
    kind: Option<NumberKind>,
) -> Result<Reply, Refusal> {
    let number = |name: &str, default| match request.query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| Refusal::invalid(name)),
    };
    let size = number("PageSize", PAGE_SIZE)?;
    if size > PAGE_SIZE_MAX {
        return Err(Refusal::new(400, 20007, "Page size must be between 1 and 1000"));
    }
    let size = if size == 0 { PAGE_SIZE } else { size };
    let page = number("Page", 0)?;
    let token = request.query.get("PageToken").filter(|token| !token.is_empty());
    let bad_token = || Refusal::new(400, 21481, "Invalid PageToken");
    let from = match token {
        None => From::Newest,
        Some(token) if world.is_endless_token(token) => From::Newest,
        Some(token) => match (token.strip_prefix("PA"), token.strip_prefix("PB")) {
            (Some(sid), _) => From::After(sid.to_owned()),
            (_, Some(sid)) => From::Before(sid.to_owned()),
            _ => return Err(bad_token()),
        },
    };
    let bends = [FaultKind::EndlessList, FaultKind::EmptyPage];
    let fresh = if bends.iter().any(|kind| plan.has(*kind)) { Some(world.new_endless_token()) } else { None };
    let hidden: Hidden = world.owned.look(None, Instant::now());
    let friendly_name = request.query.get("FriendlyName").filter(|name| !name.is_empty());
    let part = request.query.get("PhoneNumber").filter(|part| !part.is_empty());
    let origin = request.query.get("Origin").filter(|origin| !origin.is_empty());
    let prefix = part.filter(|part| part.starts_with('+') && !part.contains('*'));
    let passes = |number: &OwnedNumber| {
        kind.is_none_or(|kind| kind == number.kind)
            && friendly_name.is_none_or(|name| name == number.friendly_name)
            && origin.is_none_or(|origin| origin == "twilio")
            && part.is_none_or(|part| contains(&number.phone_number, part))
            && !plan.picks(FaultKind::Omit, &number.phone_number)
    };
    let repeated = match &from {
        From::After(sid) if plan.has(FaultKind::RepeatRow) => {
            world.owned.by_sid(sid).filter(|number| passes(number) && world.owned.visible(&number.sid, &hidden))
        }
        From::After(_) | From::Before(_) | From::Newest => None,
    };
    // A page keeps its size, unless it is a single row: the list must still come to its end.
    let fresh_rows = if repeated.is_some() { (size - 1).max(1) } else { size };
    let mut found = world.owned.page(&from, fresh_rows, &hidden, prefix, passes).ok_or_else(bad_token)?;

    let account_sid = &world.credentials.account_sid;
    let resource = kind.map_or(String::new(), |kind| format!("/{}", kind.path()));
    let path = format!("/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers{resource}.json");
    let uri = |page: usize, token: Option<String>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["FriendlyName", "Beta", "PhoneNumber", "Origin"] {
            if let Some(value) = request.query.get(name) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("PageSize", &size.to_string()).append_pair("Page", &page.to_string());
        if let Some(token) = token {
            query.append_pair("PageToken", &token);
        }
        format!("{path}?{}", query.finish())
    };
    let this = uri(page, token.map(str::to_owned));
    let (first, last) = (found.numbers.first(), found.numbers.last());
    let mut next = last.filter(|_| found.older).map(|number| uri(page + 1, Some(format!("PA{}", number.sid))));
    let previous =
        first.filter(|_| found.newer && page > 0).map(|number| uri(page - 1, Some(format!("PB{}", number.sid))));
    if plan.has(FaultKind::ForeignNextPage) {
        next = Some(format!("https://elsewhere.example{}", uri(page + 1, Some("PAelsewhere".into()))));
    } else if plan.has(FaultKind::LoopingNextPage) {
        next = Some(this.clone());
    } else if plan.has(FaultKind::EndlessList) {
        next = Some(uri(page + 1, fresh));
    } else if plan.has(FaultKind::EmptyPage) {
        let from_here = if from == From::Newest { fresh } else { token.map(str::to_owned) };
        next = Some(uri(page + 1, from_here));
        found.numbers.clear();
    }
    found.numbers.splice(0..0, repeated);
    let start = page * size;
    let resources: Vec<Value> = found.numbers.iter().map(|number| shown(world, number, plan)).collect();
    Ok(Reply::json(
        200,
        json!({
            "end": if resources.is_empty() { 0 } else { start + resources.len() - 1 },
            "first_page_uri": uri(0, None),
            "incoming_phone_numbers": resources,
            "next_page_uri": next,
            "page": page,
            "page_size": size,
            "previous_page_uri": previous,
            "start": start,
            "uri": this,
        }),
    ))
}

/// Whether a number has a part that looks like this; `*` stands for one digit.
pub(crate) fn contains(phone_number: &str, part: &str) -> bool {
    let (digits, part) = (phone_number.as_bytes(), part.as_bytes());
    digits.windows(part.len()).any(|window| {
        window.iter().zip(part).all(|(digit, wanted)| digit == wanted || (*wanted == b'*' && *digit != b'+'))
    })
}

/// A number as this answer shows it.
fn shown(world: &World, number: &OwnedNumber, plan: &Plan) -> Value {
    let mut resource = number.resource(&world.credentials.account_sid);
    if plan.has(FaultKind::ForeignTag) {
        resource["friendly_name"] = FOREIGN_TAG.into();
    }
    if plan.has(FaultKind::NoCapability) || plan.picks(FaultKind::LoseCapability, &number.phone_number) {
        resource["capabilities"]["sms"] = false.into();
        resource["capabilities"]["mms"] = false.into();
    }
    resource
}

pub(crate) fn fetch(world: &mut World, request: &ApiRequest, plan: &Plan, sid: &str) -> Result<Reply, Refusal> {
    let hidden = world.owned.look(Some(sid), Instant::now());
    let number = world.owned.by_sid(sid).filter(|number| world.owned.visible(&number.sid, &hidden));
    let number = number.ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, shown(world, number, plan)))
}

pub(crate) fn update(world: &mut World, request: &ApiRequest, plan: &Plan, sid: &str) -> Result<Reply, Refusal> {
    let number = world.owned.by_sid(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    let phone_number = number.phone_number.clone();
    settings::check(&request.form, Some(number))?;
    settings::check_targets(&request.form, world)?;
    if request.form.get("AccountSid").is_some_and(|account| account != world.credentials.account_sid) {
        return Err(Refusal::new(400, 21474, "The number cannot be moved to that account"));
    }
    papers_of_update(world, request, sid)?;
    record_update(world, request, &sid.to_owned(), &phone_number);
    let number = world.owned.by_sid_mut(sid).expect("found above, under the same lock");
    let before = number.clone();
    settings::apply(&request.form, number);
    number.date_updated = Utc::now();
    let number = number.clone();
    let actor = world.api_actor();
    world.note(Some(&before), Some(&number), actor);
    Ok(Reply::json(200, shown(world, &number, plan)))
}

pub(crate) fn delete(world: &mut World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let number = world.owned.remove(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    if let Some(digits) = parse_e164(&number.phone_number) {
        world.stock.take(digits);
    }
    world.number_gone(sid);
    let actor = world.api_actor();
    world.note(Some(&number), None, actor);
    world.ledger.releases.push(Release {
        at: Utc::now(),
        request_id: request.request_id.clone(),
        phone_number: number.phone_number,
        sid: number.sid,
    });
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_match_with_wildcards() {
        assert!(contains("+14155550100", "+14155550100"));
        assert!(contains("+14155550100", "5550"));
        assert!(contains("+14155550100", "555****"));
        assert!(!contains("+14155550100", "*14155550100"));
        assert!(!contains("+14155550100", "+1415555010012"));
    }
}
