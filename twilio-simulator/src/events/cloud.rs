//! The form of an event: a CloudEvent of version 1.0, as Twilio fills it.
//!
//! Invariants: the envelope's `id` stays over all tries; `updateddate` and `timestamp` are milliseconds of when it became so.
//!
//! How to get it wrong: `data.id`, which is another one.

use serde_json::{Value, json};

use super::notice::{Notice, NoticeKind};
use super::{EventOptions, EventRecord};

/// What a notice has as `data`.
pub(super) fn data(notice: &Notice, account_sid: &str, id: &str, options: &EventOptions) -> Value {
    let millis = notice.at.timestamp_millis();
    let has_plus = options.plus.unwrap_or(false);
    let phone_number =
        if has_plus { notice.phone_number.as_str() } else { notice.phone_number.trim_start_matches('+') };
    let mut data = json!({
        "accountsid": account_sid,
        "campaignsid": notice.campaign_sid,
        "externalstatus": notice.kind.status(),
        "id": id,
        "messagingservicesid": notice.service_sid,
        "phonenumber": phone_number,
        "phonenumbersid": notice.phone_number_sid,
        "timestamp": millis,
        "updateddate": millis,
    });
    if notice.kind == NoticeKind::DeregistrationSuccessful
        && let Some(fields) = data.as_object_mut()
    {
        fields.remove("campaignsid");
    }
    if let Some(code) = notice.reason {
        let spelling = options.reason_spelling.as_deref().unwrap_or("failureReason");
        data[spelling] = format!("https://www.twilio.com/docs/api/errors/{code}").into();
    }
    data
}

/// The event in its envelope.
pub(super) fn envelope(record: &EventRecord, schema_version: u32, options: &EventOptions) -> Value {
    let name = record.event_type.trim_start_matches("com.twilio.").replace(['.', '-'], "_");
    let data =
        if options.data_as_text == Some(true) { Value::from(record.data.to_string()) } else { record.data.clone() };
    json!({
        "data": data,
        "datacontenttype": "application/json",
        "dataschema": format!("https://events-schemas.twilio.com/{name}/{schema_version}"),
        "id": record.id,
        "source": "/2010-04-01/Accounts",
        "specversion": "1.0",
        "time": record.at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "type": record.event_type,
    })
}
