//! Orders: the latest ones, and one of them with its numbers and what it did not get.
//!
//! How to get it wrong: calling an order done that bought nothing. What it asked for stands beside what it got.

use serde_json::{Value, json};
use uuid::Uuid;

use super::api_request::ApiRequest;
use super::args::{OrderCommand, OrdersArgs};
use super::client::Client;
use super::ending::{CommandError, Ending, say};
use super::lists::{print, walk};
use super::screen::Tone;
use super::tables::{Facts, list, text};

pub(super) fn orders(client: &Client, args: &OrdersArgs) -> Ending {
    match &args.command {
        None => listed(client, args),
        Some(_) if args.state.is_some() || args.pool.is_some() || args.length.is_given() => Err(CommandError::Usage(
            "--state, --pool, --limit and --all are for the list; leave them out for one order".to_owned(),
        )),
        Some(OrderCommand::Show { id }) => show(client, *id, args.remote.json),
    }
}

fn listed(client: &Client, args: &OrdersArgs) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["purchases"]).query("state", args.state.map(|state| state.as_str()));
        let call = call.query("pool", args.pool.as_ref());
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let columns = [
        ("ORDER", "purchase_id"),
        ("AT", "created_at"),
        ("OUTCOME", "outcome"),
        ("BOUGHT", "bought"),
        ("CAUSE", "trigger"),
        ("BY", "requested_by"),
        ("ERRORS", "errors"),
    ];
    let (text, mut page) = walk(args.length, page, |_| true)?;
    page.items.iter_mut().for_each(|order| order["bought"] = of_how_many(order));
    print((text, page), args.remote.json, &columns, "no orders")
}

/// `2 of 3`.
fn of_how_many(order: &Value) -> Value {
    json!(format!("{} of {}", text(&order["purchased_count"]), text(&order["requested_count"])))
}

fn show(client: &Client, id: Uuid, json: bool) -> Ending {
    let id = id.to_string();
    let answer = client.ask(&ApiRequest::get_api(&["purchases", &id]))?;
    if json {
        return say(&format!("{}\n", answer.text));
    }
    say(&shown(&answer.document))
}

fn shown(document: &Value) -> String {
    let mut facts = Facts::of(document);
    let (numbers, errors) = (facts.take("numbers"), facts.take("errors"));
    facts.show(&["purchase_id", "state"]);
    let is_short = document["purchased_count"].as_u64() < document["requested_count"].as_u64();
    let tone = if is_short && document["state"] == "done" { Tone::Bad } else { Tone::Plain };
    facts.toned("bought", text(&of_how_many(document)), tone);
    facts.show(&["explanation", "requested_by", "created_at", "started_at", "ended_at"]);
    facts.take("trigger");
    facts.take("requested_count");
    facts.take("purchased_count");
    let mut printed = facts.print();
    if let Some(numbers) = numbers.as_array().filter(|numbers| !numbers.is_empty()) {
        let columns = [("NUMBER", "phone_number"), ("SID", "sid"), ("WEBHOOKS", "webhook_status")];
        printed += &format!("\n{}", list(numbers, &columns));
    }
    if let Some(errors) = errors.as_array().filter(|errors| !errors.is_empty()) {
        let columns = [("COUNT", "count"), ("CODE", "code"), ("MESSAGE", "message"), ("REQUEST", "request_ids")];
        printed += &format!("\n{}", list(errors, &columns));
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_shown_with_its_numbers_and_what_it_did_not_get() {
        let document = json!({"purchase_id": "01a2", "state": "done", "requested_count": 2, "purchased_count": 1,
            "numbers": [{"phone_number": "+14155550100", "sid": "PN1", "webhook_status": "configured"}],
            "errors": [{"code": "no_stock", "twilio_code": null, "message": "none", "count": 1, "request_ids": []}],
            "requested_by": "ops"});
        assert_eq!(
            shown(&document),
            "purchase id   01a2\nstate         done\nbought        1 of 2\nrequested by  ops\n\n\
             NUMBER        SID  WEBHOOKS\n+14155550100  PN1  configured\n\n\
             COUNT  CODE      MESSAGE  REQUEST\n1      no_stock  none     none\n"
        );
    }
}
