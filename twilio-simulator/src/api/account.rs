//! The account, its balance, the countries, and the price list.
//!
//! Invariants: money is a string with two decimals; countries tell in `subresource_uris` which types they have, so the
//! United States have no `mobile`; v1 answers carry `meta` and absolute URLs.
//!
//! How to get it wrong: a number where Twilio sends a string.

use serde_json::{Value, json};

use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::fault::FaultKind;
use crate::fault::queue::Plan;
use crate::money::cents_text;
use crate::number::rfc2822;
use crate::stock::places::{self, COUNTRIES, Country};
use crate::world::World;

const PRICING: &str = "/v1/PhoneNumbers/Countries";

const SUBRESOURCES: &[(&str, &str)] = &[
    ("addresses", "Addresses"),
    ("applications", "Applications"),
    ("authorized_connect_apps", "AuthorizedConnectApps"),
    ("available_phone_numbers", "AvailablePhoneNumbers"),
    ("balance", "Balance"),
    ("calls", "Calls"),
    ("conferences", "Conferences"),
    ("connect_apps", "ConnectApps"),
    ("incoming_phone_numbers", "IncomingPhoneNumbers"),
    ("keys", "Keys"),
    ("messages", "Messages"),
    ("notifications", "Notifications"),
    ("outgoing_caller_ids", "OutgoingCallerIds"),
    ("queues", "Queues"),
    ("recordings", "Recordings"),
    ("short_codes", "SMS/ShortCodes"),
    ("signing_keys", "SigningKeys"),
    ("sip", "SIP"),
    ("transcriptions", "Transcriptions"),
    ("usage", "Usage"),
];

pub(crate) fn account(world: &World) -> Reply {
    let sid = &world.credentials.account_sid;
    let base = format!("/2010-04-01/Accounts/{sid}");
    let uris: serde_json::Map<String, Value> = SUBRESOURCES
        .iter()
        .map(|(name, path)| ((*name).to_owned(), Value::from(format!("{base}/{path}.json"))))
        .collect();
    let created = rfc2822(world.account.created);
    Reply::json(
        200,
        json!({
            "auth_token": world.credentials.auth_token,
            "date_created": created,
            "date_updated": created,
            "friendly_name": "twilio-simulator",
            "owner_account_sid": sid,
            "sid": sid,
            "status": world.account.status,
            "subresource_uris": uris,
            "type": world.account.kind,
            "uri": format!("{base}.json"),
        }),
    )
}

pub(crate) fn balance(world: &World, plan: &Plan) -> Reply {
    let cents = if plan.has(FaultKind::BalanceZero) { 0 } else { world.account.balance_cents };
    let account_sid = &world.credentials.account_sid;
    Reply::json(200, json!({"account_sid": account_sid, "balance": cents_text(cents), "currency": "USD"}))
}

pub(crate) fn countries(world: &World) -> Reply {
    let countries: Vec<Value> = COUNTRIES.iter().map(|country| country_resource(world, country)).collect();
    let uri = format!("/2010-04-01/Accounts/{}/AvailablePhoneNumbers.json", world.credentials.account_sid);
    Reply::json(200, json!({"countries": countries, "uri": uri}))
}

pub(crate) fn country(world: &World, request: &ApiRequest, code: &str) -> Result<Reply, Refusal> {
    let country = places::country(code).ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, country_resource(world, country)))
}

fn country_resource(world: &World, country: &Country) -> Value {
    let base = format!("/2010-04-01/Accounts/{}/AvailablePhoneNumbers/{}", world.credentials.account_sid, country.code);
    let uris: serde_json::Map<String, Value> = country
        .kinds
        .iter()
        .map(|kind| (kind.subresource().to_owned(), Value::from(format!("{base}/{}.json", kind.path()))))
        .collect();
    json!({
        "beta": false,
        "country": country.name,
        "country_code": country.code,
        "subresource_uris": uris,
        "uri": format!("{base}.json"),
    })
}

pub(crate) fn prices(world: &World) -> Reply {
    let base = world.links.base("pricing", PRICING);
    let countries: Vec<Value> = COUNTRIES
        .iter()
        .map(|country| {
            json!({"country": country.name, "iso_country": country.code, "url": format!("{base}/{}", country.code)})
        })
        .collect();
    let page = format!("{base}?PageSize=50&Page=0");
    Reply::json(
        200,
        json!({
            "countries": countries,
            "meta": {
                "first_page_url": page,
                "key": "countries",
                "next_page_url": null,
                "page": 0,
                "page_size": 50,
                "previous_page_url": null,
                "url": page,
            },
        }),
    )
}

pub(crate) fn price(world: &World, request: &ApiRequest, code: &str) -> Result<Reply, Refusal> {
    let country = places::country(code).ok_or_else(|| Refusal::not_found(&request.path))?;
    let prices: Vec<Value> = country
        .kinds
        .iter()
        .map(|kind| {
            let price = cents_text(world.price_cents(country.code, *kind));
            json!({"number_type": kind.price_type(), "base_price": price, "current_price": price})
        })
        .collect();
    Ok(Reply::json(
        200,
        json!({
            "country": country.name,
            "iso_country": country.code,
            "phone_number_prices": prices,
            "price_unit": "USD",
            "url": format!("{}/{}", world.links.base("pricing", PRICING), country.code),
        }),
    ))
}
