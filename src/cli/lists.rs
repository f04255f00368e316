//! Lists, over as many pages as asked for.
//!
//! Invariant: `--json` gives one document, the daemon's own when one page is enough.
//! How to get it wrong: stopping without a word while there is more.

use serde_json::{Value, json};

use super::args::{Length, ListArgs, NumbersArgs};
use super::call::Call;
use super::client::{Answer, Client};
use super::ending::{Ending, Failure, say, warn};
use super::tables::{items, list};

/// The largest page that the daemon gives.
const PAGE_MAX: usize = 200;
/// Lines when nobody says how many.
const LIMIT_DEFAULT: u32 = 50;

pub(super) fn numbers(client: &Client, args: &NumbersArgs) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        let call = Call::get_api(&["numbers"])
            .query("status", args.status.map(|status| status.as_str()))
            .query("area_code", args.area_code);
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let columns = [
        ("NUMBER", "phone_number"),
        ("STATUS", "status"),
        ("WEBHOOKS", "webhook_status"),
        ("COUNTRY", "country"),
        ("USER", "user_id"),
        ("PURCHASED", "purchased_at"),
    ];
    print(&walk(args.length, page)?, args.remote.json, &columns, "no numbers")
}

pub(super) fn passes(client: &Client, args: &ListArgs) -> Ending {
    let columns = [
        ("AT", "at"),
        ("TRIGGER", "trigger"),
        ("BOUGHT", "purchased_count"),
        ("REASON", "reason"),
        ("EXPLANATION", "explanation"),
        ("ERROR", "error"),
    ];
    history(client, args, "passes", &columns, "nobody looked at the pool yet")
}

pub(super) fn audit(client: &Client, args: &ListArgs) -> Ending {
    let columns = [
        ("AT", "at"),
        ("WHO", "who"),
        ("FROM", "address"),
        ("ACTION", "action"),
        ("RESULT", "result"),
        ("REQUEST", "request_id"),
    ];
    history(client, args, "audit", &columns, "nothing was done yet")
}

/// A list without filters, newest first.
fn history(client: &Client, args: &ListArgs, name: &str, columns: &[(&str, &str)], none: &str) -> Ending {
    let page = |limit: usize, cursor: Option<&str>| {
        client.ask(&Call::get_api(&[name]).query("limit", Some(limit)).query("cursor", cursor))
    };
    print(&walk(args.length, page)?, args.remote.json, columns, none)
}

/// Asks for pages until there are enough lines or no more.
fn walk(
    length: Length,
    mut page: impl FnMut(usize, Option<&str>) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    let wanted = if length.all {
        usize::MAX
    } else {
        usize::try_from(length.limit.unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX)
    };
    let mut answer = page(wanted.min(PAGE_MAX), None)?;
    let mut all = items(&answer.document, "items").to_vec();
    let mut pages = 1;
    while let Some(cursor) = next_cursor(&answer.document) {
        if all.len() >= wanted {
            break;
        }
        answer = page((wanted - all.len()).min(PAGE_MAX), Some(&cursor))?;
        if next_cursor(&answer.document).as_deref() == Some(&cursor) {
            return Err(Failure::Failed("the daemon's list goes in a circle; please report it".to_owned()));
        }
        all.extend_from_slice(items(&answer.document, "items"));
        pages += 1;
    }
    if pages == 1 {
        return Ok(answer);
    }
    let document = json!({ "items": all, "next_cursor": answer.document["next_cursor"] });
    Ok(Answer { text: document.to_string(), document })
}

fn next_cursor(page: &Value) -> Option<String> {
    page["next_cursor"].as_str().map(str::to_owned)
}

fn print(answer: &Answer, json: bool, columns: &[(&str, &str)], none: &str) -> Ending {
    if json {
        return say(&format!("{}\n", answer.text));
    }
    match items(&answer.document, "items") {
        [] => warn(&format!("callbunker: {none}")),
        lines => say(&list(lines, columns))?,
    }
    if next_cursor(&answer.document).is_some() {
        warn("callbunker: there are more; --all shows them");
    }
    Ok(())
}
