//! `callbunker purchase`: an order by hand, placed once, whatever becomes of the connection.
//!
//! Invariant: every order has an Idempotency-Key, and is only ever repeated with the same key and the same body.
//! How to get it wrong: a fresh key for a repeated order, which buys again.

use std::time::Instant;

use serde_json::{Value, json};

use super::args::PurchaseArgs;
use super::call::Call;
use super::client::{CallError, Client};
use super::ending::{Ending, Failure, both, say, warn};
use super::follow::{AWAY_AT_MOST, follow};
use super::tables::{items, list, text};

const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

pub(super) fn purchase(client: &Client, args: &PurchaseArgs) -> Ending {
    if let (Some(country), Some(_)) = (args.country, args.area_code)
        && !country.has_area_codes()
    {
        return Err(Failure::Usage(format!("{country} has no area codes; leave --area-code out, or buy in US or CA")));
    }
    let id = match args.follow {
        Some(id) => id.to_string(),
        None => place(client, args)?,
    };
    let answer = follow(client, &id)?;
    let printed = match args.remote.json {
        true => say(&format!("{}\n", answer.text)),
        false => say(&bought(&answer.document)),
    };
    both(printed, shortfall(&answer.document))
}

/// Places the order and gives its id.
fn place(client: &Client, args: &PurchaseArgs) -> Result<String, Failure> {
    let fresh = uuid::Uuid::new_v4().to_string();
    let key = args.idempotency_key.as_deref().unwrap_or(&fresh);
    let call = Call::post_api(&["purchase"])
        .header("Idempotency-Key", key)
        .header("Prefer", "respond-async")
        .body(order(args));
    let mut lost: Option<Instant> = None;
    loop {
        let error = match client.call(&call) {
            Ok(answer) => return id_of(&answer.document),
            Err(error) => error,
        };
        let may_be_placed = lost.is_some() || matches!(error, CallError::Lost(_));
        let may_pass = match &error {
            CallError::Refused(refusal) => refusal.is_passing(),
            CallError::Away(_) | CallError::Lost(_) => true,
        };
        if !may_be_placed || (matches!(error, CallError::Refused(_)) && !may_pass) {
            return Err(error.into());
        }
        if lost.get_or_insert_with(Instant::now).elapsed() >= AWAY_AT_MOST {
            return Err(in_doubt(error, key));
        }
        std::thread::sleep(PAUSE);
    }
}

fn in_doubt(error: CallError, key: &str) -> Failure {
    let told = |sentence: String| {
        format!(
            "{sentence}; the order may have been placed: repeat the command with --idempotency-key {key}, which finds \
             it and buys nothing twice"
        )
    };
    match error {
        CallError::Away(sentence) | CallError::Lost(sentence) => Failure::Unreachable(told(sentence)),
        CallError::Refused(refusal) => refusal.failure(told(refusal.sentence())),
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

fn id_of(document: &Value) -> Result<String, Failure> {
    document["purchase_id"].as_str().map(str::to_owned).ok_or_else(|| {
        Failure::Failed(
            "the daemon's answer names no purchase; look with `callbunker status`, then upgrade it".to_owned(),
        )
    })
}

fn bought(document: &Value) -> String {
    let headline = format!(
        "Bought {} of {}; purchase {}.\n",
        text(&document["purchased_count"]),
        text(&document["requested_count"]),
        text(&document["purchase_id"])
    );
    match items(document, "numbers") {
        [] => headline,
        numbers => {
            headline + &list(numbers, &[("NUMBER", "phone_number"), ("SID", "sid"), ("WEBHOOKS", "webhook_status")])
        }
    }
}

/// Tells what an order did not get, and why.
fn shortfall(document: &Value) -> Ending {
    let (bought, wanted) = (document["purchased_count"].as_u64(), document["requested_count"].as_u64());
    let errors = items(document, "errors");
    if bought >= wanted && errors.is_empty() {
        return Ok(());
    }
    warn(&format!(
        "callbunker: {} of {} numbers were bought{}",
        text(&document["purchased_count"]),
        text(&document["requested_count"]),
        match document["state"].as_str() {
            Some("done") | None => String::new(),
            Some(state) => format!("; the order ended as {state}"),
        }
    ));
    for error in errors {
        let code = error["code"].as_str().unwrap_or("unknown");
        let message = match error["message"].as_str() {
            Some(message) if !message.is_empty() && !told_by_us(code) => message.to_owned(),
            _ => remedy(code).to_owned(),
        };
        warn(&format!("  {} × {code}: {message}", text(&error["count"])));
    }
    Err(Failure::Told)
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
    fn an_order_says_only_what_was_given() {
        use clap::Parser as _;
        let body = |arguments: &[&str]| {
            let all = ["callbunker", "purchase"].iter().chain(arguments);
            match super::super::Cli::try_parse_from(all).unwrap().command {
                super::super::Command::Purchase(args) => order(&args),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(body(&["--count", "3"]), json!({"count": 3}));
        let all = ["--count", "3", "--area-code", "415", "--country", "CA", "--fallback", "--override-caps"];
        let expected =
            json!({"count": 3, "area_code": "415", "country": "CA", "fallback": true, "override_caps": true});
        assert_eq!(body(&all), expected);
    }
}
