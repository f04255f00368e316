//! What a pool needs, by its own past: advice, and what would have been.
//!
//! How to get it wrong: rounding a share to a percent. What is asked for is one in a thousand.

use serde_json::Value;

use super::api_request::ApiRequest;
use super::args::{AdviceArgs, WhatIfArgs};
use super::client::Client;
use super::ending::{Ending, say};
use super::tables::{Facts, text};

pub(super) fn advice(client: &Client, args: &AdviceArgs) -> Ending {
    let answer = client.ask(&ApiRequest::get_api(&["advice"]).query("pool", args.pool.as_ref()))?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    say(&advised(&answer.document))
}

fn advised(document: &Value) -> String {
    let mut facts = Facts::of(document);
    facts.show(&["pool", "threshold", "batch", "because"]);
    let day = facts.take("accuracy");
    for (share, cost, with) in [
        ("share_waiting_now", "monthly_cost_now", "with the threshold in force"),
        ("share_waiting_then", "monthly_cost_then", "with the one advised"),
    ] {
        let (share, cost) = (facts.take(share), facts.take(cost));
        facts.line(with, format!("{} would have waited, idle stock costs {}", percent(&share), money(&cost)));
    }
    let binding = facts.take("binding");
    facts.line("bound by", text(&binding).replace('_', " "));
    facts.show(&["confidence", "history_days"]);
    if day.is_object() {
        let (needed, waited) = (text(&day["needed"]), text(&day["waited"]));
        let told = format!(
            "{}: {} advised, a stock of {needed} needed, {waited} would have waited",
            text(&day["day"]),
            text(&day["advised"])
        );
        facts.line("in hindsight", told);
    }
    facts.print()
}

pub(super) fn what_if(client: &Client, args: &WhatIfArgs) -> Ending {
    let call = ApiRequest::get_api(&["what-if"]).query("pool", args.pool.as_ref());
    let call = call.query("threshold", args.threshold).query("batch", args.batch).query("lead_secs", args.lead_secs);
    let answer = client.ask(&call.query("rate", args.rate).query("growth", args.growth))?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    say(&supposed(&answer.document))
}

fn supposed(document: &Value) -> String {
    let mut facts = Facts::of(document);
    facts.show(&["pool", "signups"]);
    let (waiting, share) = (facts.take("waiting"), facts.take("share_waiting"));
    facts.line("would have waited", format!("{} ({})", text(&waiting), percent(&share)));
    for (name, label) in [("wait_p50_secs", "half of them at most"), ("wait_p95_secs", "95 % of them at most")] {
        let secs = facts.take(name);
        if let Some(secs) = secs.as_f64() {
            facts.line(label, format!("{secs:.1} s"));
        }
    }
    let mean = facts.take("stock_mean");
    facts.line("ready on the average", mean.as_f64().map_or_else(|| text(&mean), |mean| format!("{mean:.1}")));
    let most = facts.take("stock_max");
    facts.line("ready at most", text(&most));
    facts.show(&["purchases", "emergencies"]);
    let cost = facts.take("monthly_cost");
    facts.line("idle stock costs", money(&cost));
    facts.show(&["history_days"]);
    facts.print()
}

/// `0.08 %`, and as many digits as it takes.
fn percent(share: &Value) -> String {
    let Some(share) = share.as_f64() else { return text(share) };
    let told = format!("{:.4}", share * 100.0);
    format!("{} %", told.trim_end_matches('0').trim_end_matches('.'))
}

fn money(cost: &Value) -> String {
    if cost.is_null() { "an unknown amount".to_owned() } else { format!("{} a month", text(cost)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_keep_their_digits_and_what_is_not_known_is_called_so() {
        assert_eq!(percent(&json!(0.0008)), "0.08 %");
        assert_eq!(percent(&json!(0.0)), "0 %");
        assert_eq!(percent(&json!(0.021_36)), "2.136 %");
        assert_eq!(money(&json!(null)), "an unknown amount");
        assert_eq!(money(&json!("43.12")), "43.12 a month");
    }
}
