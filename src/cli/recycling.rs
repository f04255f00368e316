//! Numbers of users that nobody is known to use.
//!
//! How to get it wrong: a table that hides why nothing is known. Whoever reads it would take silence for proof.

use super::api_request::ApiRequest;
use super::args::InactiveArgs;
use super::client::Client;
use super::ending::Ending;
use super::lists::{print, walk};

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
