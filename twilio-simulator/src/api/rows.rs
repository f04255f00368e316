//! Rows that are odd on purpose: a field that is null, missing, or of another type.
//!
//! Invariants: only the answer is bent, never the world; a plain row passes untouched. A part of `capabilities` is found
//! however the answer spells it.
//!
//! How to get it wrong: looking for a row by its number after another fault took the number away; the positions are settled
//! first.

use serde_json::{Value, json};

use crate::fault::queue::Plan;
use crate::fault::{ABSENT, Fault, FaultKind, On};

/// Under which name the newer hosts, and the lists that are no numbers, have their rows.
const LISTS: &[&str] = &[
    "phone_numbers",
    "services",
    "compliance",
    "verifications",
    "sinks",
    "subscriptions",
    "types",
    "results",
    "events",
    "applications",
    "calls",
    "messages",
    "usage_records",
];

/// Bends the rows of an answer to a request of kind `on`.
pub(crate) fn bend(on: On, plan: &Plan, body: &mut Value) {
    let odd: Vec<&Fault> = plan.all(FaultKind::OddRow).collect();
    if odd.is_empty() {
        return;
    }
    let rows: &mut [Value] = match on {
        On::Search => list(body, "available_phone_numbers"),
        On::List => list(body, "incoming_phone_numbers"),
        On::Address if body.get("addresses").is_some() => list(body, "addresses"),
        On::Address if body.get("dependent_phone_numbers").is_some() => list(body, "dependent_phone_numbers"),
        On::Regulation | On::Bundle if body.get("results").is_some() => list(body, "results"),
        _ if LISTS.iter().any(|name| body.get(*name).is_some_and(Value::is_array)) => {
            let name = LISTS.iter().find(|name| body.get(**name).is_some_and(Value::is_array));
            list(body, name.copied().unwrap_or_default())
        }
        On::Create
        | On::Fetch
        | On::Update
        | On::Delete
        | On::Balance
        | On::Address
        | On::Regulation
        | On::Bundle
        | On::Pricing
        | On::Account
        | On::Countries
        | On::Attach
        | On::Member
        | On::Members
        | On::Detach
        | On::Service
        | On::Campaign
        | On::Assignment
        | On::Sink
        | On::Subscription
        | On::Monitor
        | On::Application
        | On::Calls
        | On::Messages
        | On::Text
        | On::Usage
        | On::EventDelivery
        | On::Other
        | On::Any => std::slice::from_mut(body),
    };
    let several = matches!(on, On::Search | On::List | On::Members);
    let position = |fault: &&Fault| match fault.phone_number.as_deref().filter(|_| several) {
        Some(wanted) => rows.iter().position(|row| row["phone_number"] == wanted),
        None => Some(0),
    };
    let positions: Vec<Option<usize>> = odd.iter().map(position).collect();
    for (fault, position) in odd.into_iter().zip(positions) {
        if let Some(row) = position.and_then(|position| rows.get_mut(position)) {
            bend_field(row, fault.field.as_deref(), fault.value.clone().unwrap_or_default());
        }
    }
}

fn list<'a>(body: &'a mut Value, name: &str) -> &'a mut [Value] {
    body.get_mut(name).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// Gives a field of a row another value, or takes it away.
pub(crate) fn bend_field(row: &mut Value, field: Option<&str>, value: Value) {
    let Some(path) = field else {
        *row = value;
        return;
    };
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut at = row;
    for part in parents.split('.').filter(|part| !part.is_empty()) {
        let key = key(at, part);
        at = &mut at[key];
    }
    let key = key(at, last);
    if value == ABSENT {
        if let Some(object) = at.as_object_mut() {
            object.remove(&key);
        }
    } else {
        at[key] = value;
    }
}

/// The name as this object spells it; what is no object becomes one.
fn key(at: &mut Value, name: &str) -> String {
    if !at.is_object() {
        *at = json!({});
    }
    let mut keys = at.as_object().into_iter().flatten().map(|(key, _)| key);
    keys.find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bent(on: On, faults: Vec<Fault>, mut body: Value) -> Value {
        bend(on, &Plan { fate: None, within: faults }, &mut body);
        body
    }

    fn odd() -> Fault {
        Fault::new(On::Any, FaultKind::OddRow)
    }

    #[test]
    fn a_field_is_null_missing_or_of_another_type() {
        let number = json!({"sid": "PN1", "capabilities": {"voice": true, "MMS": true}});
        let shown = |fault: Fault| bent(On::Fetch, vec![fault], number.clone());
        assert_eq!(shown(odd().field("sid"))["sid"], Value::Null);
        assert_eq!(shown(odd().field("sid").value(7))["sid"], 7);
        assert_eq!(shown(odd().field("sid").absent()), json!({"capabilities": {"voice": true, "MMS": true}}));
        assert_eq!(
            shown(odd().field("capabilities.mms"))["capabilities"],
            json!({"voice": true, "MMS": null}),
            "found as it is spelt"
        );
        assert_eq!(shown(odd().field("capabilities").value(json!(["SMS"])))["capabilities"], json!(["SMS"]));
        assert_eq!(shown(odd()), Value::Null);
        assert_eq!(bent(On::Fetch, Vec::new(), number.clone()), number);
    }

    #[test]
    fn one_row_of_many() {
        let body =
            json!({"incoming_phone_numbers": [{"phone_number": "+1", "sid": "a"}, {"phone_number": "+2", "sid": "b"}]});
        let shown = |faults: Vec<Fault>| bent(On::List, faults, body.clone())["incoming_phone_numbers"].clone();
        assert_eq!(shown(vec![odd().field("sid")])[0]["sid"], Value::Null);
        let second = || odd().phone_number("+2");
        assert_eq!(
            shown(vec![second().field("phone_number"), second().field("sid").value("c")]),
            json!([{"phone_number": "+1", "sid": "a"}, {"phone_number": null, "sid": "c"}])
        );
        assert_eq!(shown(vec![odd().phone_number("+3").field("sid")]), body["incoming_phone_numbers"]);
        assert_eq!(
            bent(On::List, vec![odd()], json!({"incoming_phone_numbers": []}))["incoming_phone_numbers"],
            json!([])
        );
    }
}
