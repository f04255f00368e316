//! The account's addresses: list, add, fetch, and the numbers that need one.
//!
//! Invariants: newest first; a filter matches the whole value; a new address is neither validated nor verified.
//!
//! How to get it wrong: spelling a dependent number's capabilities as an owned number does. Here they are `Voice`, `SMS`
//! and `MMS`.

use chrono::Utc;
use serde_json::{Value, json};

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::number::OwnedNumber;
use crate::regulatory::{Address, is_country};
use crate::world::World;

pub(crate) fn list(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let query = &request.query;
    let asked = Asked::read(query)?;
    let is_wanted =
        |name: &str, actual: &str| query.get(name).is_none_or(|wanted| wanted.is_empty() || wanted == actual);
    let all = world.regulatory.addresses.iter().rev();
    let rows: Vec<&Address> = all
        .filter(|address| {
            is_wanted("CustomerName", &address.customer_name)
                && is_wanted("FriendlyName", &address.friendly_name)
                && is_wanted("IsoCountry", &address.iso_country)
                && is_wanted("EmergencyEnabled", if address.emergency_enabled { "true" } else { "false" })
        })
        .collect();
    let page = asked.page(&rows, "P", |address| &address.sid)?;
    let account_sid = &world.credentials.account_sid;
    let resources = page.rows.iter().map(|address| address.resource(account_sid)).collect();
    let path = format!("/2010-04-01/Accounts/{account_sid}/Addresses.json");
    Ok(Reply::json(200, asked.envelope(&path, "addresses", &page, resources)))
}

pub(crate) fn add(world: &mut World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let form = &request.form;
    let needed = |name: &str| form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::invalid(name));
    let country = needed("IsoCountry")?;
    if !is_country(country) {
        return Err(Refusal::invalid("IsoCountry"));
    }
    let [customer_name, street, city, region, postal_code] =
        ["CustomerName", "Street", "City", "Region", "PostalCode"].map(|name| needed(name).map(str::to_owned));
    let mut address = Address {
        customer_name: customer_name?,
        street: street?,
        city: city?,
        region: region?,
        postal_code: postal_code?,
        friendly_name: form.get("FriendlyName").unwrap_or_default().to_owned(),
        street_secondary: form.get("StreetSecondary").filter(|text| !text.is_empty()).map(str::to_owned),
        ..Address::new(String::new(), country, Utc::now())
    };
    for name in ["EmergencyEnabled", "AutoCorrectAddress"] {
        if form.get(name).is_some_and(|value| !["", "true", "false"].contains(&value)) {
            return Err(Refusal::invalid(name));
        }
    }
    address.emergency_enabled = form.get("EmergencyEnabled") == Some("true");
    address.sid = world.new_sid("AD");
    let resource = address.resource(&world.credentials.account_sid);
    world.regulatory.addresses.push(address);
    Ok(Reply::json(201, resource))
}

pub(crate) fn fetch(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let address = world.regulatory.address(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, address.resource(&world.credentials.account_sid)))
}

/// The numbers that name this address.
pub(crate) fn dependents(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    world.regulatory.address(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    let asked = Asked::read(&request.query)?;
    let mut rows: Vec<&OwnedNumber> =
        world.owned.iter().filter(|number| number.address_sid.as_deref() == Some(sid)).collect();
    rows.reverse();
    let page = asked.page(&rows, "P", |number| &number.sid)?;
    let account_sid = &world.credentials.account_sid;
    let resources = page.rows.iter().map(|number| dependent(number, account_sid)).collect();
    let path = format!("/2010-04-01/Accounts/{account_sid}/Addresses/{sid}/DependentPhoneNumbers.json");
    Ok(Reply::json(200, asked.envelope(&path, "dependent_phone_numbers", &page, resources)))
}

/// What a number shows here: less than elsewhere, and its capabilities in words of their own.
fn dependent(number: &OwnedNumber, account_sid: &str) -> Value {
    const SHOWN: &[&str] = &[
        "account_sid",
        "address_requirements",
        "api_version",
        "date_created",
        "date_updated",
        "emergency_address_sid",
        "emergency_status",
        "friendly_name",
        "phone_number",
        "sid",
        "sms_application_sid",
        "sms_fallback_method",
        "sms_fallback_url",
        "sms_method",
        "sms_url",
        "status_callback",
        "status_callback_method",
        "trunk_sid",
        "uri",
        "voice_application_sid",
        "voice_caller_id_lookup",
        "voice_fallback_method",
        "voice_fallback_url",
        "voice_method",
        "voice_url",
    ];
    let mut resource = number.resource(account_sid);
    if let Some(fields) = resource.as_object_mut() {
        fields.retain(|name, _| SHOWN.contains(&name.as_str()));
    }
    let can = number.capabilities;
    resource["capabilities"] = json!({"Voice": can.voice, "SMS": can.sms, "MMS": can.mms});
    resource
}
