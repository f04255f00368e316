//! Two daemons keep the books of numbers that were bought on many days: they agree with Twilio's, and name what differs.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, Months, NaiveDate, Utc};
use serde_json::{Value, json};
use twilio_simulator::{ForeignNumber, UsageLine, Who};

use super::{cost, dated, on_one_day};
use crate::world::browser::Browser;
use crate::world::command::callbunker;
use crate::world::comparing::{reconcile, stocked};
use crate::world::daemon::Daemon;
use crate::world::scrape::Scrape;
use crate::world::{ADMIN_KEY, World};

const ADOPTED: &str = "+14155550101";
const FOREIGN: &str = "+14155550102";
const PASSING: &str = "+14155550103";
const MONTHS: u32 = 15;

/// What the simulator charged, rentals only.
fn rentals(world: &World) -> Vec<UsageLine> {
    let lines = world.twilio.usage_lines("2000-01-01".parse().expect("a day"), Utc::now().date_naive());
    lines.into_iter().filter(|line| line.category == "phonenumbers-local").collect()
}

fn month_of(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// Whose charges Twilio counts in a month and we do not.
fn named(usage: &Value) -> Vec<(String, String)> {
    let parts = usage["because"].as_array().expect("parts").iter();
    parts
        .map(|part| {
            let number = part["phone_number"].as_str().unwrap_or_default().to_owned();
            (part["reason"].as_str().unwrap_or_default().to_owned(), number)
        })
        .collect()
}

#[test]
fn two_daemons_charge_each_anniversary_once_and_agree_with_twilio_to_the_cent() {
    on_one_day(charged_once_and_agreed);
}

fn charged_once_and_agreed() {
    let today = Utc::now().date_naive();
    let (world, daemon, numbers) = stocked(7);
    // Charged this month already, whatever day it is.
    world.twilio.own(ForeignNumber::new(FOREIGN).date_created(Utc::now() - Months::new(2)));
    world.twilio.own(ForeignNumber::new(ADOPTED).date_created(Utc::now() - chrono::TimeDelta::days(100)));
    reconcile(&daemon);
    daemon.post(&format!("/admin/phones/api/numbers/{ADOPTED}/adopt"), &json!({})).ok();
    // Somebody else buys one and gives it back, and one of ours goes, after it was charged today.
    world.twilio.own(ForeignNumber::new(PASSING));
    assert!(world.twilio.delete_as(Who::Console, PASSING));
    daemon.post_empty(&format!("/admin/phones/api/numbers/{}/release-to-twilio", numbers[6])).ok();
    assert_eq!(daemon.stop(), Some(0));
    let last_of_a_long_month = (1..=13u32)
        .map(|months| today - Months::new(months))
        .find(|day| day.month() == 1 || day.month() == 3 || day.month() == 8)
        .and_then(|day| day.with_day(31))
        .expect("one of thirteen months");
    let days = [
        today,
        today - Days::new(1),
        today - Months::new(1),
        today - Months::new(2) - Days::new(3),
        last_of_a_long_month,
        (today - Months::new(13)).with_day(1).expect("a day"),
    ];
    for (number, day) in numbers.iter().zip(days) {
        dated(&world, number, &day.to_string());
    }
    let daemons = [world.daemon(), world.daemon()];
    // Both write what is due at once, and whoever looks waits for neither.
    std::thread::scope(|scope| {
        for daemon in &daemons {
            for _ in 0..3 {
                scope.spawn(|| cost(daemon, ""));
            }
        }
    });
    let ours: Vec<UsageLine> = rentals(&world)
        .into_iter()
        .filter(|line| numbers.contains(line.phone_number.as_ref().expect("a number")))
        .collect();
    let each = world.sql(
        "SELECT string_agg(n.phone_number || ' ' || c.charged_on, ',' ORDER BY c.charged_on, n.phone_number)
           FROM charges c JOIN numbers n ON n.id = c.number_id WHERE n.phone_number <> '+14155550101'",
    );
    let mut theirs: Vec<(NaiveDate, String)> =
        ours.iter().map(|line| (line.day, line.phone_number.clone().unwrap_or_default())).collect();
    theirs.sort();
    let theirs: Vec<String> = theirs.into_iter().map(|(day, number)| format!("{number} {day}")).collect();
    assert_eq!(each, theirs.join(","), "each anniversary once, as Twilio has it");
    months_agree(&world, &daemons, today);
    each_figure_has_a_second_command(&world, &daemons[0], &numbers, today);
}

fn each_figure_has_a_second_command(world: &World, reads: &Daemon, numbers: &[String], today: NaiveDate) {
    let this = month_of(today);
    let csv = callbunker(reads, &["cost", "--csv"]).table();
    let count = world.count(&format!("SELECT count(*) FROM charges WHERE to_char(charged_on, 'YYYY-MM') = '{this}'"));
    assert_eq!(csv.lines().count(), 1 + usize::try_from(count).expect("a count"), "{csv}");
    assert!(callbunker(reads, &["cost"]).table().contains(&this));
    let shown = reads.get(&format!("/admin/phones/api/numbers/{}", numbers[0])).ok();
    assert_eq!(shown["charges"][0]["date"], today.to_string(), "{shown}");
    assert_eq!(shown["charges"][0]["what"], "purchase");
    assert!(shown["next_charge_on"].is_string(), "{shown}");
    let gone = reads.get(&format!("/admin/phones/api/numbers/{}", numbers[6])).ok();
    assert_eq!((&gone["next_charge_on"], gone["charges"].as_array().map(Vec::len)), (&Value::Null, Some(1)), "{gone}");
    for (query, status, code) in [
        ("?month=2026-13", 422, "invalid_field"),
        ("?month=2999-01", 422, "invalid_field"),
        ("?pool=nobodys", 404, "not_found"),
    ] {
        reads.get(&format!("/admin/phones/api/cost{query}")).problem(status, code);
    }
    let browser = Browser::logged_in(reads, ADMIN_KEY);
    let page = browser.get(reads, "/admin/phones/dashboard/cost").ok().as_str().expect("a page").to_owned();
    for part in [this.as_str(), FOREIGN, PASSING, "own count", "somebody else bought it and gave it back"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let spent = Scrape::of(reads).get("callbunker_spent", &[("pool", "default"), ("currency", "USD")]);
    assert!(spent > 0.0, "{spent}");
}

/// Each month: the count and the sum are the simulator's but for what is named.
fn months_agree(world: &World, daemons: &[Daemon; 2], today: NaiveDate) {
    let mut by_month: BTreeMap<String, Vec<UsageLine>> = BTreeMap::new();
    for line in rentals(world) {
        by_month.entry(month_of(line.day)).or_default().push(line);
    }
    let adopted_today = |line: &UsageLine| line.phone_number.as_deref() == Some(ADOPTED) && line.day >= today;
    let mut reasons = Vec::new();
    for back in 0..MONTHS {
        let month = month_of(today - Months::new(back));
        let lines = by_month.remove(&month).unwrap_or_default();
        let cost = cost(&daemons[usize::try_from(back % 2).expect("one of two")], &format!("?month={month}"));
        let cents: i64 = lines.iter().map(|line| line.price.replace('.', "").parse::<i64>().expect("cents")).sum();
        let text = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let mut expected: Vec<(String, String)> = lines
            .iter()
            .filter(|line| !adopted_today(line))
            .filter_map(|line| {
                let number = line.phone_number.clone().expect("a number");
                let reason = match number.as_str() {
                    ADOPTED => "adopted",
                    FOREIGN => "foreign",
                    PASSING => "bought_and_released",
                    _ => return None,
                };
                Some((reason.to_owned(), number))
            })
            .collect();
        expected.sort();
        let usage = &cost["usage"];
        assert_eq!((&usage["rentals"], &usage["spent"]), (&json!(lines.len()), &json!(text(cents))), "{month}: {cost}");
        let mut told = named(usage);
        told.sort();
        assert_eq!(told, expected, "{month}: {cost}");
        assert_eq!(usage["difference_count"], json!(expected.len()), "{month}: {cost}");
        let difference = i64::try_from(expected.len()).expect("few") * 115;
        assert_eq!(usage["difference"], json!(text(difference)), "{month}: {cost}");
        assert_eq!(cost["spent"], json!(text(cents - difference)), "{month}: {cost}");
        assert_eq!(cost["complete"], json!(back > 0), "{month}: {cost}");
        reasons.extend(expected.into_iter().map(|(reason, _)| reason));
    }
    assert!(by_month.is_empty(), "{by_month:?}");
    let mismatch = "SELECT detail->>'mismatch' FROM account_looks WHERE what = 'usage'";
    assert_eq!(world.sql(mismatch), "false", "all of the last month is explained");
    reasons.sort();
    reasons.dedup();
    assert_eq!(reasons, ["adopted", "bought_and_released", "foreign"], "all of them were there");
}
