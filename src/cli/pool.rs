//! The pools as a whole: plan, replenish.
//!
//! Invariant: a pass that had no reason to buy ended well; one that met an error ends with 1.
//! How to get it wrong: computing a figure here. The daemon counts, under one snapshot.

use serde_json::Value;

use super::api_request::ApiRequest;
use super::args::{PlanArgs, ReplenishArgs};
use super::client::Client;
use super::ending::{CommandError, Ending, both, say, warn};
use super::follow::spinner;
use super::tables::{Facts, items, list, text};
use crate::api::replenish::{RUNNING, Replenished};
use crate::domain::{PoolName, needs_told};

pub(super) fn plan(client: &Client, args: &PlanArgs) -> Ending {
    let call = ApiRequest::get_api(&["plan"]).query("count", args.count).query("area_code", args.area_code);
    let answer = client.ask(&call.query("country", args.country).query("pool", args.pool.as_ref()))?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    say(&planned(&answer.document))
}

fn planned(document: &Value) -> String {
    let mut facts = Facts::of(document);
    let (pool, pools) = (facts.take("pool"), facts.take("pools"));
    if pool.is_string() {
        facts.line("pool", text(&pool));
    }
    facts.show(&["would_purchase", "for_waiting_signups"]);
    for name in ["why", "binding_cap"] {
        let code = facts.take(name);
        facts.line(&name.replace('_', " "), text(&code).replace('_', " "));
        if name == "why" {
            facts.show(&["explanation"]);
        }
    }
    let unit = facts.take("price_unit");
    for name in ["unit_price", "monthly_cost"] {
        let money = facts.take(name);
        let told = if money.is_null() { "unknown".to_owned() } else { format!("{} {}", text(&money), text(&unit)) };
        facts.line(&name.replace('_', " "), told);
    }
    facts.show(&["price_error"]);
    let balance = facts.take("balance");
    if balance.is_object() {
        facts.line("balance", format!("{} {}", text(&balance["amount"]), text(&balance["currency"])));
    }
    let caps = facts.take("caps");
    for (name, label) in [
        ("hour_left", "left this hour"),
        ("day_left", "left this day"),
        ("available_room", "room for idle numbers"),
        ("owned_room", "room for owned numbers"),
    ] {
        facts.line(label, text(&caps[name]));
    }
    let stock = facts.take("stock");
    for (name, count) in stock.as_object().into_iter().flatten() {
        facts.line(counted(name).unwrap_or(&format!("stock {}", name.replace('_', " "))), text(count));
    }
    match pools.as_array().map(Vec::as_slice) {
        Some(pools @ [_, _, ..]) => format!("{}\n{}", facts.print(), list(pools, &PLANS)),
        _ => facts.print(),
    }
}

/// What each of several pools would buy.
const PLANS: [(&str, &str); 5] = [
    ("POOL", "pool"),
    ("WOULD BUY", "would_purchase"),
    ("FOR WAITING SIGNUPS", "for_waiting_signups"),
    ("WHY", "explanation"),
    ("A MONTH", "monthly_cost"),
];

/// What a count of the stock is called.
fn counted(name: &str) -> Option<&'static str> {
    Some(match name {
        "available" => "in stock",
        "unready" => "webhooks pending",
        "registering" => "registering",
        "unfit" => "missing capability",
        "registration_failed" => "registration failed",
        "assigned" => "assigned",
        "quarantined" => "resting or on hold",
        "due" => "back in stock soon",
        "purchasing" => "on their way",
        "unsettled" => "unconfirmed purchases",
        "doubted" => "may turn up yet",
        "waiting" => "waiting signups",
        "unserved" => "of them, nothing on its way for",
        _ => return None,
    })
}

pub(super) fn replenish(client: &Client, args: &ReplenishArgs) -> Ending {
    let bar = spinner("replenishing");
    let answer = client.ask(&ApiRequest::post_api(&["replenish"]).query("pool", args.pool.as_ref()).takes_long());
    bar.finish_and_clear();
    let answer = answer?;
    let report: Replenished = answer.read()?;
    let printed = if args.remote.json {
        say(&format!("{}\n", answer.text))
    } else {
        let (bought, reason) = (report.purchased_count, report.reason.as_deref());
        let headline = match report.replenished {
            _ if reason == Some(RUNNING) => {
                format!("Bought {bought} so far; the check goes on: look with `callbunker status`.")
            }
            true => format!("Bought {bought}."),
            false => format!("Nothing was bought: {}.", reason_of(&report)),
        };
        let counts = |name: &str, label: &str| {
            let mut counts = answer.document[name].clone();
            counts["when"] = label.into();
            counts
        };
        let rows = [counts("previous_status", "before"), counts("new_status", "after")];
        let columns = [("", "when"), ("AVAILABLE", "available"), ("ASSIGNED", "assigned"), ("TOTAL", "total")];
        let each = match items(&answer.document, "pools") {
            pools @ [_, _, ..] => format!("\n{}", list(pools, &EACH)),
            _ => String::new(),
        };
        say(&format!("{headline}\n{}{each}", list(&rows, &columns)))
    };
    let told = match report.error {
        Some(error) => {
            warn(&format!("callbunker: {error}"));
            Err(CommandError::AlreadyTold)
        }
        None => Ok(()),
    };
    both(printed, told)
}

/// What the look did for each of several pools.
const EACH: [(&str, &str); 4] =
    [("POOL", "pool"), ("BOUGHT", "purchased_count"), ("REASON", "reason"), ("ERROR", "error")];

/// Why nothing was bought, as the pool says it whose reason it is.
fn reason_of(report: &Replenished) -> String {
    let Some(reason) = &report.reason else { return "no reason given".to_owned() };
    let its = report.pools.iter().find(|pool| pool.reason.as_ref() == Some(reason));
    let needs = its.and_then(|pool| needs_told(pool.error.as_deref()?));
    match (its, needs) {
        (Some(pool), Some(needs)) => format!("{reason} ({} needs {needs})", pool.pool),
        (Some(pool), None) => why_not(&pool.pool, reason),
        (None, _) => why_not(&PoolName::default_pool(), reason),
    }
}

/// A reason's code and what to make of it; a code that is not known stands for itself.
fn why_not(pool: &PoolName, reason: &str) -> String {
    let full = |key: &str| format!("{reason} ({} allows no more)", pool.key(key));
    let meaning = match reason {
        "above_threshold" => "the pool has enough",
        "locked" => "another purchase is running",
        "paused" => "an operator paused it; `callbunker resume` lets it go on",
        "halted" => "Twilio refuses the account; `callbunker status` says why",
        "spend_cap" => "the purchases of this hour or day are used up",
        "available_max" | "owned_max" => return full(reason),
        "no_stock" => "Twilio has no such numbers; try another area code or country",
        other => return other.to_owned(),
    };
    format!("{reason} ({meaning})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plan_shows_what_why_and_what_it_costs() {
        let mut plan = json!({"would_purchase": 3, "why": "by_hand", "explanation": "as asked",
            "binding_cap": null, "unit_price": "1.15",
            "price_unit": "USD", "monthly_cost": "3.45", "caps": {"hour_left": 100}, "stock": {"available": 7, "on_their_way": 0}, "new": true});
        assert_eq!(
            planned(&plan),
            "would purchase          3\nwhy                     by hand\nexplanation             as asked\n\
             binding cap             -\nunit price              1.15 USD\nmonthly cost            3.45 USD\n\
             left this hour          100\nleft this day           -\nroom for idle numbers   -\n\
             room for owned numbers  -\nin stock                7\nstock on their way      0\nnew                     yes\n"
        );
        plan["unit_price"] = Value::Null;
        assert!(planned(&plan).contains("unit price              unknown\n"), "{}", planned(&plan));
        assert!(planned(&json!({})).contains("unknown"));
    }

    #[test]
    fn a_reason_that_is_not_known_stands_for_itself() {
        let gb = "gb".parse().unwrap();
        assert_eq!(why_not(&gb, "twilio_21404"), "twilio_21404");
        assert_eq!(why_not(&gb, "locked"), "locked (another purchase is running)");
        assert_eq!(why_not(&gb, "owned_max"), "owned_max (pools.gb.owned_max allows no more)");
    }
}
