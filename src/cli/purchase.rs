//! `callbunker purchase`: an order by hand, placed once, whatever becomes of the connection.
//!
//! Invariants: a person at a terminal is told the price and asked, a script never; every order has an Idempotency-Key, and is only ever repeated with the same key and the same body.
//! How to get it wrong: a fresh key for a repeated order, which buys again.

use std::borrow::Cow;
use std::time::Instant;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::PurchaseArgs;
use super::client::{ApiError, Client};
use super::ctrl_c::AtCtrlC;
use super::ending::{CommandError, Ending, both, numbers, say, warn};
use super::follow::{AWAY_AT_MOST, Known, follow};
use super::question::{agreed, somebody_is_there};
use super::tables::{items, list, text};
use crate::api::purchases::{Document, ErrorView};
use crate::domain::{OrderOutcome, OrderState};

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
        Some(id) => {
            AtCtrlC::say(goes_on(&id.to_string()))?;
            id.to_string()
        }
        None => {
            if !args.yes && somebody_is_there(&args.remote) {
                confirm(client, args)?;
            }
            place(client, args)?
        }
    };
    let (answer, order) = follow(client, &id, if args.follow.is_none() { Known::Placed } else { Known::Nothing })?;
    let printed = match args.remote.json {
        true => say(&format!("{}\n", answer.text)),
        false => say(&bought(&order, items(&answer.document, "numbers"))),
    };
    both(printed, shortfall(&order))
}

/// Shows what the order would buy at which price, and asks.
fn confirm(client: &Client, args: &PurchaseArgs) -> Ending {
    let call = ApiRequest::get_api(&["plan"]).query("count", args.count).query("area_code", args.area_code);
    let call = call.query("override_caps", args.override_caps.then_some(true)).query("pool", args.pool.as_ref());
    let plan = client.ask(&call.query("country", args.country))?.document;
    match agreed(&question(args, &plan))? {
        true => Ok(()),
        false => Err(CommandError::Failed("nothing was bought".to_owned())),
    }
}

fn question(args: &PurchaseArgs, plan: &Value) -> String {
    let count = args.count.unwrap_or_default();
    let place = match (args.area_code, args.country) {
        (Some(area_code), _) if args.fallback => format!(" of area code {area_code}, or of others"),
        (Some(area_code), _) => format!(" of area code {area_code}"),
        (None, Some(country)) => format!(" of {country}"),
        (None, None) => String::new(),
    };
    let place = match &args.pool {
        Some(pool) => format!("{place} for the pool {pool}"),
        None => place,
    };
    let mut lines = Vec::new();
    let possible = plan["would_purchase"].as_u64().filter(|possible| *possible < u64::from(count));
    if let Some(possible) = possible.filter(|_| !args.override_caps) {
        lines.push(format!("Only {possible} of {count} can be bought now: {}.", text(&plan["explanation"])));
    }
    if args.override_caps {
        lines.push("This order goes beyond the spend caps.".to_owned());
    }
    let unit = text(&plan["price_unit"]);
    let price = plan["unit_price"].as_str().and_then(|price| price.parse::<Decimal>().ok());
    let priced = price.map(|price| price.checked_mul(Decimal::from(count)).map(|sum| (price, sum)));
    lines.push(match priced.flatten() {
        Some((price, sum)) => {
            format!(
                "{}{place}: {price} {unit} each, {sum} {unit} a month, until they are given back.",
                numbers(count as usize)
            )
        }
        None => format!(
            "{}{place}, at a price that is not known now: {}.",
            numbers(count as usize),
            text(&plan["price_error"])
        ),
    });
    if plan["balance"].is_object() {
        let balance = &plan["balance"];
        lines.push(format!("Twilio's balance: {} {}.", text(&balance["amount"]), text(&balance["currency"])));
    }
    lines.extend(items(plan, "warnings").iter().map(|warning| format!("Careful: {}", text(warning))));
    lines.push("Buy?".to_owned());
    lines.join("\n")
}

/// Places the order and gives its id, which is told at once: whatever becomes of this command, it is on the screen.
fn place(client: &Client, args: &PurchaseArgs) -> Result<String, CommandError> {
    let fresh = uuid::Uuid::new_v4().to_string();
    let key = args.idempotency_key.as_deref().unwrap_or(&fresh);
    let at_ctrl_c = AtCtrlC::say(format!(
        "the order may have been placed, and goes on then; the same command with --idempotency-key {} finds it and buys \
         nothing twice",
        pasted(key)
    ))?;
    let id = placed(client, args, key)?;
    at_ctrl_c.now(goes_on(&id));
    warn(&format!("callbunker: purchase {id} is placed; `callbunker purchase --follow {id}` looks it up"));
    Ok(id)
}

/// What is true of a placed order when its command ends early.
fn goes_on(id: &str) -> String {
    format!(
        "the order goes on; `callbunker purchase --follow {id}` shows it, `callbunker purchase --cancel {id}` ends it"
    )
}

/// What every version of the daemon says of an order that it has placed.
#[derive(serde::Deserialize)]
struct Named {
    purchase_id: uuid::Uuid,
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
                let placed = answer.read::<Named>().map_err(|_| nameless(key))?;
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
    if let Some(pool) = &args.pool {
        order["pool"] = json!(pool);
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

/// What an order bought, and the word for what came of it where that is not all.
pub(super) fn bought(order: &Document, numbers: &[Value]) -> String {
    let Document { purchase_id, requested_count, purchased_count, outcome, .. } = order;
    let word = if *outcome == OrderOutcome::Done { String::new() } else { format!(" {}.", sentence_of(*outcome)) };
    let headline = format!("Bought {purchased_count} of {requested_count}; purchase {purchase_id}.{word}\n");
    match numbers {
        [] => headline,
        numbers => {
            headline + &list(numbers, &[("NUMBER", "phone_number"), ("SID", "sid"), ("WEBHOOKS", "webhook_status")])
        }
    }
}

/// An outcome as the beginning of a sentence.
fn sentence_of(outcome: OrderOutcome) -> String {
    let words = outcome.as_str().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
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
    for error in errors {
        let ErrorView { code, message, count, .. } = error;
        let ours = message.is_empty() || told_by_us(code) && !error.is_of_a_halted_pool();
        let message = if ours { remedy(code) } else { message };
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
    fn a_person_is_told_how_many_at_which_price_and_what_is_in_the_way() {
        use clap::Parser as _;
        let args = |words: &[&str]| {
            let all = ["callbunker", "purchase"].iter().chain(words);
            let command = super::super::Cli::try_parse_from(all).unwrap().command;
            let super::super::Command::Purchase(args) = command else { panic!("{command:?}") };
            args
        };
        let mut plan = json!({"would_purchase": 3, "explanation": "as asked", "unit_price": "1.15", "price_unit": "USD",
            "balance": {"amount": "20.00", "currency": "USD"}, "warnings": []});
        assert_eq!(
            question(&args(&["-n", "3", "-a", "415"]), &plan),
            "3 numbers of area code 415: 1.15 USD each, 3.45 USD a month, until they are given back.\n\
             Twilio's balance: 20.00 USD.\nBuy?"
        );
        plan["would_purchase"] = json!(1);
        plan["warnings"] = json!(["bought by hand all the same"]);
        let told = question(&args(&["-n", "2", "--country", "ca"]), &plan);
        assert!(told.starts_with("Only 1 of 2 can be bought now: as asked.\n2 numbers of CA: "), "{told}");
        assert!(told.contains("Careful: bought by hand"), "{told}");
        plan["unit_price"] = Value::Null;
        plan["price_error"] = json!("Twilio is busy");
        let told = question(&args(&["-n", "2", "--override-caps"]), &plan);
        assert!(told.contains("beyond the spend caps") && told.contains("not known now: Twilio is busy"), "{told}");
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
        let all = [
            ["--count", "3"].as_slice(),
            &["--area-code", "415", "--country", "CA", "--pool", "ca", "--fallback", "--override-caps"],
        ]
        .concat();
        let expected = json!({"count": 3, "area_code": "415", "country": "CA", "pool": "ca", "fallback": true,
            "override_caps": true});
        assert_eq!(body(&all), expected);
    }
}
