//! With scripts switched off everything is shown, and every act works.

use crate::chrome::{Chrome, Taste};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_is_shown_and_a_purchase_works() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    daemon.assign("ann").ok();
    world.sql(
        "INSERT INTO stock_samples SELECT date_trunc('minute', clock_timestamp() - n * interval '10 minutes', 'UTC'), n, 1, 0, 0, 2
           FROM generate_series(1, 20) n ON CONFLICT DO NOTHING",
    );
    let chrome = Chrome::start().await;
    let window = chrome.window_like(Taste { no_script: true }).await;
    window.log_in(&daemon).await;
    assert_eq!(window.figure("available").await, Some(2));
    assert!(window.shows("#chart svg path.line").await, "the chart is drawn by the server");
    for (list, rows) in [("#orders", 1), ("#assignments", 1), ("#pool", 2)] {
        assert_eq!(window.count(&format!("{list} tbody tr")).await, rows, "{list}");
    }
    assert!(window.text("#h-runway").await.contains("Runway"));
    window.fill("#buy [name=count]", "2").await;
    window.click("#buy button").await;
    window.until("the question is a page", async || window.text("h1").await == "Buy 2 numbers?").await;
    assert!(window.text("main").await.contains("2 numbers at USD 1.15 each: USD 2.30 a month"));
    assert_eq!(world.bought(), 3, "a question buys nothing");
    window.click("main form button").await;
    window.says("The purchase of 2 numbers has begun").await;
    crate::world::eventually("they are bought", || world.bought() == 5);
    window.click("#act-pause a").await;
    window.fill("[name=reason]", "no script").await;
    window.click("main form button").await;
    window.until("the reason is told", async || window.text("#paused").await.contains("no script")).await;
    window.click("#paused a").await;
    // The dashboard has forms with buttons of its own.
    window.until("the question is a page", async || window.path().await.ends_with("/acts/resume")).await;
    window.click("main form button").await;
    window.until("it is resumed", async || !window.shows("#paused").await).await;
    window.close().await;
}
