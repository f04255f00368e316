//! Numbers of users that nobody is known to use.
//!
//! How to get it wrong: a table that hides why nothing is known. Whoever reads it would take silence for proof.

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::{InactiveArgs, RecycleArgs};
use super::client::Client;
use super::ending::{Ending, say};
use super::lists::{print, walk};
use super::tables::{items, list, text};

pub(super) fn inactive(client: &Client, args: &InactiveArgs) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["inactive"]).query("days", args.days);
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let columns = [
        ("NUMBER", "phone_number"),
        ("USER", "user_id"),
        ("LAST USED", "last_used_at"),
        ("KNOWN BY", "last_used_source"),
        ("PROTECTED", "protected"),
        ("NOT TAKEN BECAUSE", "why_not"),
    ];
    print(walk(args.length, page, |_| true)?, args.remote.json, &columns, "no number is inactive")
}

pub(super) fn recycle(client: &Client, args: &RecycleArgs) -> Ending {
    let call = ApiRequest::post_api(&["recycle"]).body(json!({ "phone_numbers": args.numbers })).takes_long();
    let answer = client.ask(&call)?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    let told = |name: &str, outcome: &str| {
        let line = |number: &Value| json!({"phone_number": number, "outcome": outcome});
        items(&answer.document, name).iter().map(line).collect::<Vec<Value>>()
    };
    let refused = items(&answer.document, "refused").iter().map(|one| {
        let outcome = format!("stays: {}", text(&one["code"]).replace('_', " "));
        json!({"phone_number": one["phone_number"], "outcome": outcome})
    });
    let lines = [told("noticed", "is told"), told("taken", "was taken"), refused.collect()].concat();
    say(&list(&lines, &[("NUMBER", "phone_number"), ("WHAT CAME OF IT", "outcome")]))
}
