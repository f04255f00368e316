//! `callbunker purchase`: an order by hand, placed once, whatever becomes of the connection.
//!
//! Invariant: every order has an Idempotency-Key, and is only ever repeated with the same key and the same body.
//! How to get it wrong: a fresh key for a repeated order, which buys again.

use std::borrow::Cow;
use std::time::Instant;

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::PurchaseArgs;
use super::client::{ApiError, Client};
use super::ending::{CommandError, Ending, both, say, warn};
use super::follow::{AWAY_AT_MOST, follow};
use super::tables::{items, list};
use crate::api::purchases::{Document, ErrorView};
use crate::domain::OrderState;

const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

pub(super) fn purchase(client: &Client, args: &PurchaseArgs) -> Ending {
    if let (Some(country), Some(_)) = (args.country, args.area_code)
        && !country.has_area_codes()
    {
        return Err(CommandError::Usage(format!(
            "{country} has no area codes; leave --area-code out, or buy in US or CA"
        )));
    }
    let id = match args.follow {
        Some(id) => id.to_string(),
        None => place(client, args)?,
    };
    let (answer, order) = follow(client, &id, args.follow.is_none())?;
    let printed = match args.remote.json {
        true => say(&format!("{}\n", answer.text)),
        false => say(&bought(&order, items(&answer.document, "numbers"))),
    };
    both(printed, shortfall(&order))
}

/// Places the order and gives its id, which is told at once: whatever becomes of this command, it is on the screen.
fn place(client: &Client, args: &PurchaseArgs) -> Result<String, CommandError> {
    let fresh = uuid::Uuid::new_v4().to_string();
    let id = placed(client, args, args.idempotency_key.as_deref().unwrap_or(&fresh))?;
    warn(&format!("callbunker: purchase {id} is placed; `callbunker purchase --follow {id}` looks it up"));
    Ok(id)
}

fn placed(client: &Client, args: &PurchaseArgs, key: &str) -> Result<String, CommandError> {
    let call = ApiRequest::post_api(&["purchase"])
        .header("Idempotency-Key", key)
        .header("Prefer", "respond-async")
        .body(order(args));
    // Since when the order may be placed without our knowing it.
    let mut doubtful: Option<Instant> = None;
    loop {
        let error = match client.call(&call) {
            Ok(answer) => {
                let placed = answer.read::<Document>().map_err(|_| nameless(key))?;
                return Ok(placed.purchase_id.to_string());
            }
            Err(error) => error,
        };
        let (doubts, passes) = match &error {
            ApiError::Away(_) => (false, true),
            ApiError::Lost(_) => (true, true),
            ApiError::Refused(refusal) => {
                if let Some(id) = refusal.purchase_id() {
                    return Ok(id.to_owned());
                }
                if refusal.bought_nothing() {
                    return Err(error.into());
                }
                (refusal.is_doubtful(), refusal.is_passing())
            }
        };
        let is_first_doubt = doubts && doubtful.is_none();
        if is_first_doubt {
            doubtful = Some(Instant::now());
        }
        match doubtful {
            None => return Err(error.into()),
            Some(since) if !passes || since.elapsed() >= AWAY_AT_MOST => return Err(in_doubt(error, key)),
            Some(_) if is_first_doubt => warn(&format!(
                "callbunker: no clear answer, and the order may be placed; asking again with the same --idempotency-key {}",
                pasted(key)
            )),
            Some(_) => {}
        }
        std::thread::sleep(PAUSE);
    }
}

fn in_doubt(error: ApiError, key: &str) -> CommandError {
    let told = |sentence: String| {
        format!(
            "{sentence}; the order may have been placed: repeat the command with --idempotency-key {}, which finds it and \
             buys nothing twice",
            pasted(key)
        )
    };
    match error {
        ApiError::Away(sentence) | ApiError::Lost(sentence) => CommandError::Unreachable(told(sentence)),
        ApiError::Refused(refusal) => refusal.failure(told(refusal.sentence())),
    }
}

/// The body; what is not given is left to the daemon.
fn order(args: &PurchaseArgs) -> Value {
    let mut order = json!({ "count": args.count });
    if let Some(area_code) = args.area_code {
        order["area_code"] = json!(area_code);
    }
    if let Some(country) = args.country {
        order["country"] = json!(country);
    }
    if args.fallback {
        order["fallback"] = json!(true);
    }
    if args.override_caps {
        order["override_caps"] = json!(true);
    }
    order
}

fn nameless(key: &str) -> CommandError {
    CommandError::Failed(format!(
        "the daemon's answer names no purchase; look with `callbunker status`, upgrade the daemon, and repeat the command \
         with --idempotency-key {}, which buys nothing twice",
        pasted(key)
    ))
}

/// A key as a shell reads it.
fn pasted(key: &str) -> Cow<'_, str> {
    match key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)) {
        true => key.into(),
        false => format!("'{}'", key.replace('\'', r"'\''")).into(),
    }
}

fn bought(order: &Document, numbers: &[Value]) -> String {
    let Document { purchase_id, requested_count, purchased_count, .. } = order;
    let headline = format!("Bought {purchased_count} of {requested_count}; purchase {purchase_id}.\n");
    match numbers {
        [] => headline,
        numbers => {
            headline + &list(numbers, &[("NUMBER", "phone_number"), ("SID", "sid"), ("WEBHOOKS", "webhook_status")])
        }
    }
}

/// Tells what an order did not get, and why.
fn shortfall(order: &Document) -> Ending {
    let Document { requested_count, purchased_count, errors, .. } = order;
    if *purchased_count >= *requested_count as usize && errors.is_empty() {
        return Ok(());
    }
    let end = match order.state {
        OrderState::Done => String::new(),
        state @ (OrderState::Queued
        | OrderState::Running
        | OrderState::Stopped
        | OrderState::Interrupted
        | OrderState::Halted) => format!("; the order ended as {state}"),
    };
    warn(&format!("callbunker: {purchased_count} of {requested_count} numbers were bought{end}"));
    for ErrorView { code, message, count, .. } in errors {
        let message = if message.is_empty() || told_by_us(code) { remedy(code) } else { message };
        warn(&format!("  {count} × {code}: {message}"));
    }
    Err(CommandError::AlreadyTold)
}

fn told_by_us(code: &str) -> bool {
    ["spend_cap", "halted"].contains(&code)
}

/// What to do, in commands.
fn remedy(code: &str) -> &'static str {
    match code {
        "spend_cap" => {
            "the purchases of this hour or day are used up; wait, raise the spend caps, or repeat with --override-caps"
        }
        "halted" => "Twilio refuses this account; `callbunker status` says why: mend it, then `callbunker resume`",
        "outcome_unknown" => {
            "Twilio's answer was lost and is being looked up; buy again only when `callbunker status` shows none unsettled"
        }
        _ => "look into the daemon's log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_so_that_a_shell_reads_it_back() {
        assert_eq!(pasted("0190d6a2-0000:a.b_c"), "0190d6a2-0000:a.b_c");
        assert_eq!(pasted("it's $5"), r"'it'\''s $5'");
    }

    #[test]
    fn an_order_says_only_what_was_given() {
        use clap::Parser as _;
        let body = |arguments: &[&str]| {
            let all = ["callbunker", "purchase"].iter().chain(arguments);
            let command = super::super::Cli::try_parse_from(all).unwrap().command;
            let super::super::Command::Purchase(args) = command else { panic!("{command:?}") };
            order(&args)
        };
        assert_eq!(body(&["--count", "3"]), json!({"count": 3}));
        let all = ["--count", "3", "--area-code", "415", "--country", "CA", "--fallback", "--override-caps"];
        let expected =
            json!({"count": 3, "area_code": "415", "country": "CA", "fallback": true, "override_caps": true});
        assert_eq!(body(&all), expected);
    }
}
