//! Each pool in a line: what it holds, what is there of what it wants, and what it lacks.
//!
//! How to get it wrong: judging a pool here. Whether it is low or halted, the daemon says.

use serde_json::{Value, json};

use super::api_request::ApiRequest;
use super::args::Remote;
use super::client::Client;
use super::ending::{Ending, say};
use super::pause::halt_of;
use super::tables::{items, list, text};

const COLUMNS: [(&str, &str); 8] = [
    ("POOL", "pool"),
    ("HOLDS", "holds"),
    ("AVAILABLE", "available"),
    ("ASSIGNED", "assigned"),
    ("WAITING", "waiting"),
    ("TODAY", "today"),
    ("PRICE", "price"),
    ("STATE", "state"),
];

pub(super) fn pools(client: &Client, remote: &Remote) -> Ending {
    let answer = client.ask(&ApiRequest::get_api(&["status"]))?;
    if remote.json {
        return say(&format!("{}\n", answer.text));
    }
    // What a number costs, the plan knows; without it the rest is told all the same.
    let plan = client.ask(&ApiRequest::get_api(&["plan"])).map(|answer| answer.document).unwrap_or_default();
    say(&list(&rows(&answer.document, &plan), &COLUMNS))
}

fn rows(status: &Value, plan: &Value) -> Vec<Value> {
    let configured = items(status, "pools").iter().map(|pool| {
        let cost = items(plan, "pools").iter().find(|planned| planned["pool"] == pool["pool"]);
        row(pool, status, cost.unwrap_or(&Value::Null))
    });
    let left = items(status, "unconfigured").iter().map(|pool| {
        json!({"pool": pool["pool"], "available": text(&pool["available"]), "assigned": pool["assigned"],
            "state": "not configured"})
    });
    configured.chain(left).collect()
}

fn row(pool: &Value, status: &Value, plan: &Value) -> Value {
    let of = |some: &Value, most: &Value| {
        if most.is_null() { text(some) } else { format!("{} of {}", text(some), text(most)) }
    };
    let day = &pool["spend"]["day"];
    let price = plan["unit_price"].as_str().map(|price| format!("{price} {}", text(&plan["price_unit"])));
    let holds = format!("{} {}", text(&pool["country"]), text(&pool["number_type"]).replace('_', "-"));
    json!({
        "pool": pool["pool"],
        "holds": holds,
        "available": of(&pool["available"], &pool["threshold"]),
        "assigned": pool["assigned"],
        "waiting": pool["waiting"],
        "today": of(&day["bought"], &day["max"]),
        "price": price,
        "state": state(pool, status) + &registering(pool),
    })
}

fn state(pool: &Value, status: &Value) -> String {
    match (&pool["halted"], &status["halted"]) {
        (halted, _) if halted.is_object() => halt_of(halted),
        (_, of_all) if of_all.is_object() => "halted".to_owned(),
        _ if pool["needs_replenishment"] == true => "low".to_owned(),
        _ => "ok".to_owned(),
    }
}

/// Of a pool that has less than it wants: what of it the carriers do not know yet.
fn registering(pool: &Value) -> String {
    let lacks = pool["needs_replenishment"] == true || pool["available"] == 0;
    match pool["registering"].as_u64() {
        Some(count @ 1..) if lacks => format!(", {count} registering"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pool_says_what_it_has_of_what_it_wants_and_what_it_lacks() {
        let pool = |name: &str, available: u32, halted: Value| {
            json!({"pool": name, "country": "GB", "number_type": "toll_free", "available": available, "assigned": 4,
                "threshold": 3, "needs_replenishment": available < 3, "waiting": 1, "halted": halted,
                "spend": {"hour": {"bought": 1, "max": null}, "day": {"bought": 5, "max": 20}}})
        };
        let needs = json!({"needs": "pools.gb.bundle_sid"});
        let status = json!({"halted": null, "pools": [pool("default", 3, Value::Null), pool("gb", 0, needs), pool("ca", 2, Value::Null)],
            "unconfigured": [{"pool": "old", "available": 2, "assigned": 7, "quarantined": 0}]});
        let plan = json!({"pools": [{"pool": "gb", "unit_price": "1.15", "price_unit": "USD"}]});
        let rows = rows(&status, &plan);
        let states: Vec<&str> = rows.iter().filter_map(|row| row["state"].as_str()).collect();
        assert_eq!(states, ["ok", "halted: needs pools.gb.bundle_sid", "low", "not configured"]);
        let gb = &rows[1];
        assert_eq!(
            (&gb["holds"], &gb["available"], &gb["today"]),
            (&json!("GB toll-free"), &json!("0 of 3"), &json!("5 of 20"))
        );
        assert_eq!((&gb["price"], &rows[0]["price"]), (&json!("1.15 USD"), &Value::Null));
        let mut waits = pool("text", 0, Value::Null);
        waits["registering"] = json!(3);
        let told = |pool: &Value| super::rows(&json!({"pools": [pool]}), &Value::Null)[0]["state"].clone();
        assert_eq!(told(&waits), "low, 3 registering");
        waits["available"] = json!(3);
        waits["needs_replenishment"] = json!(false);
        assert_eq!(told(&waits), "ok");
        let of_all = json!({"halted": {"message": "suspended"}, "pools": [pool("default", 3, Value::Null)]});
        assert_eq!(super::rows(&of_all, &Value::Null)[0]["state"], "halted");
    }
}
