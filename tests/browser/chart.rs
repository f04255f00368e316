//! The chart tells the truth: in the reader's zone, from the first sample to now, whatever the counts.

use serde_json::json;

use crate::chrome::{Chrome, Taste};
use crate::window::HOME;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_reaches_from_its_first_sample_to_now_in_the_readers_own_zone() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    world.sql(
        "INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold)
         SELECT date_trunc('minute', clock_timestamp() - n * interval '7 minutes', 'UTC'), 20 + n, 1500 + n, 0, 0, 10
           FROM generate_series(1, 7) n ON CONFLICT DO NOTHING",
    );
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.cdp("Emulation.setTimezoneOverride", json!({"timezoneId": "America/Los_Angeles"})).await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("{HOME}?hours=1")).await;
    window.find(".uplot").await;
    let words = window.text("#chart figcaption").await;
    assert!(words.contains("3 available now, ") && words.contains(" at the lowest"), "{words}");
    assert!(!words.contains("20 at the lowest"), "now is part of it: {words}");
    assert!(words.contains("America/Los_Angeles ("), "{words}");
    assert!(["GMT-8", "GMT-7", "PST", "PDT"].iter().any(|zone| words.contains(zone)), "{words}");
    let document = daemon.get("/admin/phones/dashboard/chart?hours=1").ok();
    let first = document["samples"][0]["at"].as_str().unwrap().to_owned();
    let from = window.says_of("#chart", "data-from").await;
    assert_eq!(from[..19], first[..19], "the first point stands at its own time");
    let until = window.says_of("#chart", "data-until").await;
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let apart = at(document["now"]["at"].as_str().unwrap()) - at(&until);
    assert!(apart.abs() < chrono::TimeDelta::minutes(2), "the last point is now: {until}");
    daemon.assign("ann").ok();
    window
        .until("now moves with the stock", async || window.text("#chart figcaption").await.contains("2 available now"))
        .await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_chart_says_that_its_times_are_utc() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.sql(
        "INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold)
         SELECT date_trunc('minute', clock_timestamp() - n * interval '1 day', 'UTC'), 20, 1500, 0, 0, 10
           FROM generate_series(1, 6) n ON CONFLICT DO NOTHING",
    );
    let chrome = Chrome::start().await;
    let window = chrome.window_like(Taste { no_script: true }).await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("{HOME}?hours=168")).await;
    let words = window.text("#chart figcaption").await;
    assert!(words.contains("Times in UTC") && words.contains("0 at the lowest"), "{words}");
    let labels = window.count("#chart .ticks text").await;
    assert!((6..=7).contains(&labels), "{labels} midnights of a week");
    assert_eq!(window.text("#chart .top-label.right").await, "1,500");
    window.close().await;
}
