//! Checklist 36 and 40: usage records out of what the account had, by the simulator's own calendar, and traffic in bulk.

use std::collections::BTreeSet;

use chrono::{NaiveDate, Utc};
use serde_json::{Value, json};
use twilio_simulator::{
    ExtraUsage, Fault, FaultKind, ForeignNumber, NumberKind, On, Traffic, TrafficOrder, UsageOrder,
};

use crate::client::{Client, start};

fn rows(client: &Client, path: &str) -> Vec<Value> {
    client.get(&format!("/Usage/{path}")).json()["usage_records"].as_array().unwrap().clone()
}

/// Count and price of a category in these days.
fn used(client: &Client, category: &str, first: &str, last: &str) -> (String, String) {
    let query = format!("Category={category}&StartDate={first}&EndDate={last}&IncludeSubaccounts=false");
    let rows = rows(client, &format!("Records.json?{query}"));
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["start_date"], &rows[0]["end_date"]), (&json!(first), &json!(last)));
    let text = |name: &str| rows[0][name].as_str().unwrap().to_owned();
    (text("count"), text("price"))
}

fn pair(count: &str, price: &str) -> (String, String) {
    (count.to_owned(), price.to_owned())
}

#[test]
fn a_number_is_rented_and_set_up_when_it_is_bought_and_rented_again_each_month() {
    let (simulator, client) = start();
    let since = |number: &str, at: &str| simulator.own(ForeignNumber::new(number).date_created(at.parse().unwrap()));
    since("+14155550100", "2024-01-31T12:00:00Z");
    since("+14155550101", "2024-02-10T23:59:59Z");
    simulator.set_price("US", NumberKind::Local, "1.15");
    for (first, last, rentals, setups) in [
        ("2024-01-01", "2024-01-31", pair("1", "1.15"), "1"),
        ("2024-02-01", "2024-02-29", pair("2", "2.30"), "1"),
        ("2024-03-01", "2024-03-31", pair("2", "2.30"), "0"),
        ("2024-03-29", "2024-03-29", pair("1", "1.15"), "0"),
        ("2024-03-31", "2024-03-31", pair("0", "0.00"), "0"),
        ("2023-01-01", "2023-12-31", pair("0", "0.00"), "0"),
    ] {
        assert_eq!(used(&client, "phonenumbers-local", first, last), rentals, "{first}");
        assert_eq!(used(&client, "phonenumbers", first, last), rentals, "{first}");
        assert_eq!(used(&client, "phonenumbers-setups", first, last), pair(setups, "0.00"), "{first}");
    }
    assert_eq!(used(&client, "totalprice", "2024-02-01", "2024-02-29").1, "2.30");
    let monthly =
        rows(&client, "Records/Monthly.json?Category=phonenumbers-local&StartDate=2024-01-01&EndDate=2024-03-31");
    let told: Vec<(&str, &str)> =
        monthly.iter().map(|row| (row["start_date"].as_str().unwrap(), row["count"].as_str().unwrap())).collect();
    assert_eq!(told, [("2024-03-01", "2"), ("2024-02-01", "2"), ("2024-01-01", "1")]);
    let daily =
        rows(&client, "Records/Daily.json?Category=phonenumbers-setups&StartDate=2024-02-09&EndDate=2024-02-11");
    assert_eq!(daily.iter().map(|row| row["count"].as_str().unwrap()).collect::<Vec<_>>(), ["0", "1", "0"]);
    let lines = simulator.usage_lines("2024-02-01".parse().unwrap(), "2024-02-29".parse().unwrap());
    let days: Vec<String> = lines.iter().map(|line| format!("{} {}", line.day, line.category)).collect();
    assert_eq!(
        days,
        ["2024-02-10 phonenumbers-local", "2024-02-10 phonenumbers-setups", "2024-02-29 phonenumbers-local"]
    );
}

#[test]
fn what_was_bought_today_is_told_today_also_when_it_has_left() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let sid = client.buy(&number).json()["sid"].as_str().unwrap().to_owned();
    let today = |category: &str| rows(&client, &format!("Records/Today.json?Category={category}"))[0]["count"].clone();
    assert_eq!((today("phonenumbers-local"), today("phonenumbers-setups")), (json!("1"), json!("1")));
    assert_eq!(client.delete(&sid).status, 204);
    assert_eq!((today("phonenumbers-local"), today("phonenumbers-tollfree")), (json!("1"), json!("0")));
    let month = &rows(&client, "Records/ThisMonth.json?Category=phonenumbers")[0];
    assert_eq!(
        (&month["count"], &month["count_unit"], &month["price_unit"]),
        (&json!("1"), &json!("numbers"), &json!("usd"))
    );
    let all = &rows(&client, "Records/AllTime.json?Category=phonenumbers-setups")[0];
    assert_eq!((&all["count"], &all["count_unit"]), (&json!("1"), &json!("number-setups")));
    assert_eq!(rows(&client, "Records/LastMonth.json?Category=phonenumbers")[0]["count"], "0");
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn every_category_has_a_row_and_one_page_has_not_all_of_them() {
    let (simulator, client) = start();
    let account = simulator.account_sid();
    let mut path = format!("/2010-04-01/Accounts/{account}/Usage/Records.json");
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let page = client.send("GET", &path, None).unwrap().json();
        for row in page["usage_records"].as_array().unwrap() {
            assert!(seen.insert(row["category"].as_str().unwrap().to_owned()), "{row} twice");
        }
        pages += 1;
        let Some(next) = page["next_page_uri"].as_str() else { break };
        path = next.to_owned();
    }
    assert!(pages > 1 && seen.len() > 50, "{pages} {}", seen.len());
    for category in ["phonenumbers", "phonenumbers-local", "phonenumbers-mobile", "phonenumbers-setups", "totalprice"] {
        assert!(seen.contains(category), "{category}");
    }
    for (query, status) in [
        ("Category=phonenumbers_local", 400),
        ("StartDate=soon", 400),
        ("IncludeSubaccounts=perhaps", 400),
        ("PageSize=1001", 400),
        ("StartDate=-30days&EndDate=2030-01-01&IncludeSubaccounts=true&PageSize=1000", 200),
    ] {
        assert_eq!(client.get(&format!("/Usage/Records.json?{query}")).status, status, "{query}");
    }
    assert_eq!(client.get("/Usage/Records/Hourly.json").status, 404);
}

#[test]
fn records_lag_lines_are_made_up_and_requests_fail_as_a_test_says() {
    let (simulator, client) = start();
    let yesterday = Utc::now() - chrono::TimeDelta::hours(30);
    simulator.own(ForeignNumber::new("+14155550100").date_created(yesterday));
    let day = |at: chrono::DateTime<Utc>| at.date_naive().to_string();
    let counted = || used(&client, "phonenumbers-local", &day(yesterday), &day(Utc::now())).0;
    assert_eq!(counted(), "1");
    simulator.usage(UsageOrder { lag_hours: Some(48), ..UsageOrder::default() });
    assert_eq!(counted(), "0");
    let as_of = rows(&client, "Records.json?Category=calls")[0]["as_of"].as_str().unwrap().to_owned();
    let as_of: chrono::DateTime<Utc> = as_of.parse().unwrap();
    assert!(Utc::now() - as_of >= chrono::TimeDelta::hours(48));
    let order =
        json!({"extra": {"day": "2024-05-05", "category": "phonenumbers-tollfree", "count": 2, "price": "4.30"}});
    assert_eq!(client.control("usage", &order.to_string()).status, 200);
    assert_eq!(used(&client, "phonenumbers", "2024-05-01", "2024-05-31"), pair("2", "4.30"));
    let lines = client.send("GET", "/__sim/usage", None).unwrap().json()["lines"].clone();
    assert_eq!(
        lines,
        json!([{"day": "2024-05-05", "category": "phonenumbers-tollfree", "count": 2, "price": "4.30", "phone_number": null}])
    );
    for (field, value) in
        [("category", json!("phonenumbers")), ("category", json!("numbers")), ("price", json!("free"))]
    {
        let mut bad = order.clone();
        bad["extra"][field] = value;
        assert_eq!(client.control("usage", &bad.to_string()).status, 400, "{bad}");
    }
    let extra =
        ExtraUsage { day: NaiveDate::MIN, category: "phonenumbers-local".into(), count: -1, price: "-1.15".into() };
    simulator
        .usage(UsageOrder { lag_hours: Some(0), extra: Some(ExtraUsage { day: yesterday.date_naive(), ..extra }) });
    assert_eq!(used(&client, "phonenumbers-local", &day(yesterday), &day(Utc::now())), pair("0", "0.00"));
    simulator.fault(Fault::new(On::Usage, FaultKind::OddRow).field("count").times(1));
    assert_eq!(rows(&client, "Records.json?Category=phonenumbers-local")[0]["count"], Value::Null);
    simulator.fault(Fault::new(On::Usage, FaultKind::Error503).times(1));
    assert_eq!(client.get("/Usage/Records.json").status, 503);
    client.get("/Usage/Records.json?category=calls");
    assert_eq!(simulator.truth().ignored_parameters["usage.category"], 1);
}

#[test]
fn many_calls_come_at_once_spread_over_days() {
    let (simulator, client) = start();
    simulator.own(ForeignNumber::new("+14155550100"));
    let order = json!({
        "phone_number": "+14155550100", "what": "call", "at": "2024-03-31T12:00:00Z", "count": 300, "over_days": 30,
    });
    assert_eq!(client.control("traffic", &order.to_string()).json(), json!({"count": 300}));
    let calls = |query: &str| client.get(&format!("/Calls.json?{query}")).json()["calls"].as_array().unwrap().len();
    assert_eq!((calls("StartTime=2024-03-15&PageSize=1000"), calls("PageSize=1000")), (10, 300));
    assert_eq!(calls("StartTime%3E=2024-03-31&PageSize=1000"), 6);
    let text = TrafficOrder {
        phone_number: "+14155550100".into(),
        what: Traffic::Message,
        outbound: true,
        at: None,
        other: None,
    };
    simulator.traffic_in_bulk(&text, 3, 0);
    assert_eq!(client.get("/Messages.json").json()["messages"].as_array().unwrap().len(), 3);
    for (count, hint) in [(json!(0), "between 1 and"), (json!(-1), "count: "), (json!("many"), "count: ")] {
        let mut bad = order.clone();
        bad["count"] = count;
        let answer = client.control("traffic", &bad.to_string());
        assert!(answer.status == 400 && answer.text.contains(hint), "{}", answer.text);
    }
}
