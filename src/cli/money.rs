//! What the numbers cost: the sums, and with `--csv` each charge that they add up.
//!
//! How to get it wrong: a sum computed here. The daemon's books are the only ones.

use serde_json::Value;

use super::api_request::ApiRequest;
use super::args::{CostArgs, Length};
use super::client::Client;
use super::ending::{CommandError, Ending, say, say_bytes};
use super::lists::walk;
use super::tables::{Facts, items, list, text};

const COLUMNS: [&str; 9] =
    ["date", "phone_number", "what", "pool", "country", "number_type", "amount", "currency", "price_source"];

pub(super) fn cost(client: &Client, args: &CostArgs) -> Ending {
    if args.csv {
        return charges(client, args);
    }
    let call = ApiRequest::get_api(&["cost"]).query("month", args.month).query("pool", args.pool.as_ref());
    let answer = client.ask(&call.takes_long())?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    say(&shown(&answer.document))
}

/// Each charge is a line of a file that a spreadsheet reads.
fn charges(client: &Client, args: &CostArgs) -> Ending {
    // Whoever asks for the charges of a month wants those of today, too: the cost is told when they are written.
    let cost = ApiRequest::get_api(&["cost"]).query("month", args.month).query("pool", args.pool.as_ref());
    let month = text(&client.ask(&cost.takes_long())?.document["month"]);
    let page = |limit: usize, cursor: Option<&str>| {
        let call = ApiRequest::get_api(&["charges"]).query("month", Some(&month)).query("pool", args.pool.as_ref());
        client.ask(&call.query("limit", Some(limit)).query("cursor", cursor))
    };
    let (_, all) = walk(Length { limit: None, all: true }, page, |_| true)?;
    say_bytes(&file(&all.items)?)
}

fn file(charges: &[Value]) -> Result<Vec<u8>, CommandError> {
    let failed = |error: csv::Error| CommandError::Failed(format!("the charges cannot be written as CSV: {error}"));
    let mut lines = csv::Writer::from_writer(Vec::new());
    lines.write_record(COLUMNS).map_err(failed)?;
    for charge in charges {
        // What is not known is empty: a dash would be a text.
        let cells = COLUMNS.map(|column| charge[column].as_str().unwrap_or_default().to_owned());
        lines.write_record(cells).map_err(failed)?;
    }
    lines.into_inner().map_err(|error| CommandError::Failed(format!("the charges cannot be written as CSV: {error}")))
}

fn shown(cost: &Value) -> String {
    let mut facts = Facts::of(cost);
    let (pools, ahead, savings) = (facts.take("pools"), facts.take("next_30_days"), facts.take("savings"));
    let (mut usage, why) = (facts.take("usage"), facts.take("why"));
    facts.show(&["month", "complete", "spent", "idle_cost", "cost_per_signup", "currency"]);
    let mut printed = facts.print();
    let mut block = |of: &Value, columns: &[(&str, &str)]| {
        if let Some(lines) = of.as_array().filter(|lines| !lines.is_empty()) {
            printed += "\n";
            printed += &list(lines, columns);
        }
    };
    block(
        &pools,
        &[
            ("POOL", "pool"),
            ("COUNTRY", "country"),
            ("TYPE", "number_type"),
            ("NUMBERS", "numbers"),
            ("IDLE", "idle"),
            ("PRICE", "unit_price"),
            ("BOUGHT", "purchases"),
            ("RENEWED", "renewals"),
            ("SPENT", "spent"),
            ("IDLE COST", "idle_cost"),
        ],
    );
    block(&ahead, &[("NEXT CHARGES", "date"), ("NUMBERS", "count"), ("AMOUNT", "amount")]);
    block(
        &savings,
        &[("COULD GO BACK", "phone_number"), ("POOL", "pool"), ("BY", "release_before"), ("SAVES A MONTH", "saves")],
    );
    if !usage.is_null() {
        printed += &format!(
            "\nTwilio counts {} numbers charged, {} of them bought, for {}, as of {}: {} more than here ({}).\n",
            text(&usage["rentals"]),
            text(&usage["setups"]),
            text(&usage["spent"]),
            text(&usage["as_of"]),
            text(&usage["difference_count"]),
            text(&usage["difference"]),
        );
        let because = usage["because"].take();
        if let Some(parts) = because.as_array().filter(|parts| !parts.is_empty()) {
            let columns =
                [("BECAUSE", "reason"), ("NUMBER", "phone_number"), ("CHARGES", "count"), ("AMOUNT", "amount")];
            printed += &list(parts, &columns);
        }
    }
    let lines: Vec<String> = items(&serde_json::json!({ "why": why }), "why").iter().map(text).collect();
    for line in lines {
        printed += &format!("\n{line}\n");
    }
    printed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cost_is_shown_with_what_it_is_made_of_and_why_something_lacks() {
        let cost = json!({"month": "2026-10", "currency": null, "complete": false, "spent": null, "idle_cost": "1.00",
            "cost_per_signup": null, "pools": [{"pool": "gb", "numbers": 3, "spent": null}], "next_30_days": [], "savings": [],
            "usage": {"rentals": 4, "setups": 1, "spent": "4.60", "difference_count": 1, "difference": null,
                "as_of": "2026-11-02T06:00:00Z", "because": [{"reason": "foreign", "phone_number": "+14155550199", "count": 1}]},
            "why": ["one amount is not known yet"]});
        let shown = shown(&cost);
        for part in
            ["2026-10", "gb", "foreign", "+14155550199", "one amount is not known yet", "Twilio counts 4 numbers"]
        {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
        assert!(!shown.contains("COULD GO BACK"), "{shown}");
    }

    #[test]
    fn a_file_has_a_line_for_each_charge_and_nothing_for_what_is_not_known() {
        let charge = json!({"date": "2026-10-03", "phone_number": "+14155550100", "what": "renewal", "pool": "default",
            "country": "US", "number_type": "local", "amount": null, "currency": null, "price_source": null});
        let file = String::from_utf8(file(&[charge]).expect("it is written")).expect("it is text");
        assert_eq!(file.lines().nth(1), Some("2026-10-03,+14155550100,renewal,default,US,local,,,"));
    }
}
