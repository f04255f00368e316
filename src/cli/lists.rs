//! Lists, over as many pages as asked for.
//!
//! Invariant: `--json` gives one document, the daemon's own when one page is enough.
//! How to get it wrong: stopping without a word while there is more.

use serde_json::Value;

use super::api_request::ApiRequest;
use super::args::{Length, ListArgs, NumbersArgs, PoolListArgs};
use super::client::{ApiAnswer, Client};
use super::ending::{CommandError, Ending, say, say_bytes, warn};
use super::tables::list;
use crate::api::lists::Page;
use crate::domain::PoolName;

/// The largest page that the daemon gives.
const PAGE_MAX: usize = 200;
/// Lines when nobody says how many.
const LIMIT_DEFAULT: u32 = 50;

pub(super) fn numbers(client: &Client, args: &NumbersArgs) -> Ending {
    if args.ignored {
        return ignored(client, args);
    }
    if args.csv {
        return file(client, args);
    }
    // A script gets the daemon's own list; people want the newest first, and not what is gone for good.
    let is_for_people = !args.remote.json;
    let held = args.held.then_some("held");
    let leaves_out = is_for_people && args.status.is_none() && !args.length.all;
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["numbers"])
            .query("status", args.status.map(|status| status.as_str()).or(held))
            .query("area_code", args.area_code)
            .query("pool", args.pool.as_ref())
            .query("order", is_for_people.then_some("newest"));
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let columns = [
        ("NUMBER", "phone_number"),
        ("STATUS", "status"),
        if args.held { ("HELD BECAUSE", "quarantine_reason") } else { ("WEBHOOKS", "webhook_status") },
        ("COUNTRY", "country"),
        ("USER", "user_id"),
        ("PURCHASED", "purchased_at"),
    ];
    let keep = |number: &Value| !leaves_out || number["status"] != "released";
    print(walk(args.length, page, keep)?, args.remote.json, &columns, "no numbers")
}

/// The dashboard's own file, which `import` reads.
fn file(client: &Client, args: &NumbersArgs) -> Ending {
    let call = ApiRequest::get(&["admin", "phones", "dashboard", "numbers.csv"])
        .query("status", args.status.map(|status| status.as_str()).or(args.held.then_some("held")))
        .query("area_code", args.area_code)
        .query("pool", args.pool.as_ref());
    client.download(&call.takes_long(), say_bytes)
}

fn ignored(client: &Client, args: &NumbersArgs) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        client.ask(&ApiRequest::get_api(&["ignored-numbers"]).query("limit", Some(limit)).query("cursor", cursor))
    };
    let columns = [("NUMBER", "phone_number"), ("SID", "sid"), ("BY", "ignored_by"), ("IGNORED", "ignored_at")];
    print(walk(args.length, page, |_| true)?, args.remote.json, &columns, "no number is ignored")
}

pub(super) fn passes(client: &Client, args: &PoolListArgs) -> Ending {
    let columns = [
        ("AT", "at"),
        ("TRIGGER", "trigger"),
        ("BOUGHT", "purchased_count"),
        ("REASON", "reason"),
        ("EXPLANATION", "explanation"),
        ("ERROR", "error"),
    ];
    history(client, &args.list, ("passes", args.pool.as_ref()), &columns, "nobody looked at the pool yet")
}

pub(super) fn audit(client: &Client, args: &ListArgs) -> Ending {
    let columns = [
        ("AT", "at"),
        ("WHO", "who"),
        ("FROM", "address"),
        ("ACTION", "action"),
        ("RESULT", "outcome"),
        ("DETAIL", "summary"),
        ("REQUEST", "request_id"),
    ];
    history(client, args, ("audit", None), &columns, "nothing was done yet")
}

/// A list, of one pool perhaps, newest first.
fn history(
    client: &Client,
    args: &ListArgs,
    (name, pool): (&str, Option<&PoolName>),
    columns: &[(&str, &str)],
    none: &str,
) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&[name]).query("pool", pool);
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    print(walk(args.length, page, |_| true)?, args.remote.json, columns, none)
}

/// Asks for pages until there are enough lines that are kept, or no more; what came, as text, and as one page.
pub(super) fn walk(
    length: Length,
    mut ask: impl FnMut(usize, Option<&str>) -> Result<ApiAnswer, CommandError>,
    keep: impl Fn(&Value) -> bool,
) -> Result<(String, Page<Value>), CommandError> {
    let wanted = if length.all {
        usize::MAX
    } else {
        usize::try_from(length.limit.unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX)
    };
    let answer = ask(wanted.min(PAGE_MAX), None)?;
    let mut all: Page<Value> = answer.read()?;
    all.items.retain(&keep);
    let mut is_one_page = true;
    while let Some(cursor) = all.next_cursor.clone() {
        if all.items.len() >= wanted {
            break;
        }
        let next: Page<Value> = ask((wanted - all.items.len()).min(PAGE_MAX), Some(&cursor))?.read()?;
        if next.next_cursor.as_ref() == Some(&cursor) {
            return Err(CommandError::Failed("the daemon's list goes in a circle; please report it".to_owned()));
        }
        all.items.extend(next.items.into_iter().filter(&keep));
        all.next_cursor = next.next_cursor;
        is_one_page = false;
    }
    let text = if is_one_page { Ok(answer.text) } else { serde_json::to_string(&all) };
    // Proof: it was read from JSON.
    Ok((text.expect("a page of JSON values is JSON"), all))
}

/// Where there is more than the one pool that everybody has, each line says its own.
pub(super) fn with_pools<'c>(columns: &[(&'c str, &'c str)], lines: &[Value]) -> Vec<(&'c str, &'c str)> {
    let tells = lines.iter().any(|line| line["pool"].as_str().is_some_and(|pool| pool != PoolName::DEFAULT));
    let mut columns = columns.to_vec();
    if tells {
        columns.insert(1, ("POOL", "pool"));
    }
    columns
}

pub(super) fn print((text, page): (String, Page<Value>), json: bool, columns: &[(&str, &str)], none: &str) -> Ending {
    if json {
        return say(&format!("{text}\n"));
    }
    match page.items.as_slice() {
        [] => warn(&format!("callbunker: {none}")),
        lines => say(&list(lines, &with_pools(columns, lines)))?,
    }
    if page.next_cursor.is_some() {
        warn("callbunker: there are more; --all shows them");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_names_its_pool_where_there_are_several() {
        let columns = [("NUMBER", "phone_number"), ("USER", "user_id")];
        assert_eq!(with_pools(&columns, &[json!({"pool": "default"}), json!({})]), columns);
        let several = with_pools(&columns, &[json!({"pool": "default"}), json!({"pool": "gb"})]);
        assert_eq!(several, [columns[0], ("POOL", "pool"), columns[1]]);
    }
}
