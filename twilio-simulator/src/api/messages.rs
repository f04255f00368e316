//! Sending a text: POST `Messages.json`.
//!
//! Invariants: a text that is answered 201 is in the traffic before its answer leaves; nothing makes two POSTs one, as at
//! Twilio; a number in the account sends as the carriers let it, which shows in the list and never in the answer.
//!
//! How to get it wrong: answering with `delivered`. Twilio has taken a text then, and nobody has got it.

use chrono::Utc;
use serde_json::Value;

use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::applications::Traffic;
use crate::options::AccountType;
use crate::stock::numbering::{parse_e164, possible};
use crate::traffic::TrafficRecord;
use crate::world::World;

const BODY_CHARS_MAX: usize = 1_600;

/// A text as it was asked for.
struct Text<'a> {
    to: &'a str,
    from: &'a str,
    body: &'a str,
}

pub(crate) fn send(world: &mut World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let text = read(request)?;
    if !is_number(text.to) {
        return Err(no_such_number(text.to));
    }
    let error_code = match world.owned.by_number(text.from) {
        Some(number) if number.capabilities.sms => world.refusal_to_send(number),
        Some(_) => return Err(not_capable(text.from)),
        None if is_number(text.from) => {
            let message = format!("'From' {} is not a Twilio phone number or Short Code country mismatch", text.from);
            return Err(Refusal::new(400, 21659, message));
        }
        None if is_name_or_code(text.from) => None,
        None => return Err(not_a_sender(text.from)),
    };
    if world.account.kind == AccountType::Trial {
        let message = format!(
            "The number {} is unverified. Trial accounts cannot send messages to unverified numbers; verify {} at \
             twilio.com/user/account/phone-numbers/verified, or purchase a Twilio number to send messages to unverified numbers",
            text.to, text.to
        );
        return Err(Refusal::new(400, 21608, message));
    }
    let record = TrafficRecord {
        sid: world.new_sid("SM"),
        what: Traffic::Message,
        from: text.from.into(),
        to: text.to.into(),
        inbound: false,
        phone_number_sid: None,
        at: Utc::now(),
        error_code,
        body: Some(text.body.into()),
    };
    let reply = Reply::json(201, queued(&record, &world.credentials.account_sid));
    world.traffic.records.push(record);
    Ok(reply)
}

/// The same with the test credentials: nothing is sent, and each magic number has its answer.
pub(crate) fn magic(world: &mut World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let text = read(request)?;
    match text.from {
        "+15005550006" => {}
        "+15005550001" => return Err(not_a_sender(text.from)),
        _ => return Err(not_capable(text.from)),
    }
    let to = text.to;
    match to {
        "+15005550001" => return Err(no_such_number(to)),
        "+15005550002" => {
            let message =
                format!("The 'To' phone number: {to}, is not currently reachable using the 'From' phone number");
            return Err(Refusal::new(400, 21612, message));
        }
        "+15005550003" => {
            let message = format!(
                "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}"
            );
            return Err(Refusal::new(400, 21408, message));
        }
        "+15005550004" => return Err(Refusal::new(400, 21610, "Attempt to send to unsubscribed recipient")),
        "+15005550009" => {
            return Err(Refusal::new(400, 21614, format!("'To' number: {to} is not a valid mobile number")));
        }
        _ => {}
    }
    let record = TrafficRecord {
        sid: world.new_sid("SM"),
        what: Traffic::Message,
        from: text.from.into(),
        to: to.into(),
        inbound: false,
        phone_number_sid: None,
        at: Utc::now(),
        error_code: None,
        body: Some(text.body.into()),
    };
    Ok(Reply::json(201, queued(&record, &world.credentials.test_account_sid)))
}

fn read(request: &ApiRequest) -> Result<Text<'_>, Refusal> {
    let given = |name: &str, code: u32, message: &str| {
        let value = request.form.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::new(400, code, message))
    };
    let to = given("To", 21604, "A 'To' phone number is required.")?;
    let from = given("From", 21603, "A 'From' phone number is required.")?;
    let body = given("Body", 21602, "Message body is required.")?;
    if body.chars().count() > BODY_CHARS_MAX {
        return Err(Refusal::new(400, 21617, "The concatenated message body exceeds the 1600 character limit"));
    }
    if to == from {
        return Err(Refusal::new(400, 21266, format!("'To' and 'From' number cannot be the same: {to}")));
    }
    Ok(Text { to, from, body })
}

fn is_number(text: &str) -> bool {
    parse_e164(text).is_some_and(possible)
}

/// A short code, or a name, neither of which is in the list of numbers.
fn is_name_or_code(text: &str) -> bool {
    let is_code = matches!(text.len(), 5 | 6) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_code || is_name
}

fn no_such_number(to: &str) -> Refusal {
    Refusal::new(400, 21211, format!("The 'To' number {to} is not a valid phone number."))
}

fn not_a_sender(from: &str) -> Refusal {
    Refusal::new(
        400,
        21212,
        format!("The 'From' number {from} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    )
}

fn not_capable(from: &str) -> Refusal {
    let message = format!(
        "The 'From' phone number provided ({from}) is not a valid, message-capable Twilio phone number for this destination."
    );
    Refusal::new(400, 21606, message)
}

/// As Twilio answers: taken, and not sent yet.
fn queued(record: &TrafficRecord, account_sid: &str) -> Value {
    let mut resource = record.resource(account_sid);
    resource["status"] = "queued".into();
    for empty in ["date_sent", "error_code", "price", "price_unit"] {
        resource[empty] = Value::Null;
    }
    resource
}
