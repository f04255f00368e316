//! A picture of each state, wide and narrow, light and dark, in `target/screenshots`. What runs out of the page fails.

use std::time::Duration;

use postgres_fixture::{Cluster, ClusterOptions};
use twilio_simulator::{AccountStatus, ForeignNumber, Webhooks};

use crate::chrome::Chrome;
use crate::window::HOME;
use crate::world::World;

/// A day's samples: stock goes down and up again.
const A_DAY: &str = "INSERT INTO stock_samples
    SELECT date_trunc('minute', clock_timestamp() - n * interval '5 minutes', 'UTC'), 10 + (n + 9) % 31 / 3 + (n * 13 % 7) / 4, 1 + (288 - n) / 46, 1, 0, 8
      FROM generate_series(1, 288) n ON CONFLICT DO NOTHING";

#[tokio::test(flavor = "multi_thread")]
async fn the_states_of_a_pool() {
    let world = World::new().quiet().set("pool.threshold_low", 0);
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.open(&daemon, HOME).await;
    window.pictures("login").await;
    window.fill("[name=api_key]", "not-the-key-at-all").await;
    window.press(thirtyfour::Key::Enter + "").await;
    window.find("[role=alert]").await;
    window.pictures("login-error").await;
    window.log_in(&daemon).await;
    window.pictures("empty").await;

    daemon.purchase(24).ok();
    for user in
        ["ann@example.com", "bob", "u-0190d6a2-77aa-7c31-9d2e-8f2f6c1e0b11", "dora", "emil", "fay", "gus", "hal"]
    {
        daemon.assign(user).ok();
    }
    daemon.release("gus").ok();
    world.sql(A_DAY);
    world.sql("UPDATE installation SET created_at = created_at - interval '9 days'");
    window.open(&daemon, HOME).await;
    window.find(".uplot").await;
    window.pictures("normal").await;

    let number =
        daemon.assign("ann@example.com").ok()["phone_number"].as_str().unwrap().trim_start_matches('+').to_owned();
    window.open(&daemon, &format!("/admin/phones/dashboard/search?q=%2B{number}")).await;
    window.pictures("number").await;
    window.open(&daemon, "/admin/phones/dashboard/search?q=gus").await;
    window.pictures("user").await;
    window.open(&daemon, "/admin/phones/dashboard/numbers").await;
    window.pictures("numbers").await;

    for (number, name) in [("+14155550142", "the old service"), ("+14155550143", "somebody's test")] {
        world.twilio.own(ForeignNumber::new(number).friendly_name(name));
    }
    let drifted = world.twilio.truth().owned[3].phone_number.clone();
    let elsewhere =
        Webhooks { voice_url: Some("https://elsewhere.example.com/voice".to_owned()), ..Webhooks::default() };
    world.twilio.set_webhooks(&drifted, elsewhere);
    let held = world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL ORDER BY number_id DESC LIMIT 1");
    world.sql(&format!(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'unknown_item', held_since = now() - interval '1 hour'
          WHERE phone_number = '{held}' AND status = 'active'"
    ));
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    window.open(&daemon, HOME).await;
    window.find(".uplot").await;
    window.pictures("reconcile").await;
    window.open(&daemon, &format!("/admin/phones/dashboard/search?q=%2B{}", &held[1..])).await;
    window.pictures("number-held").await;
    window.open(&daemon, HOME).await;
    window.click("a[href*='/adopt?']").await;
    window.find("dialog button").await;
    window.pictures("confirm-dialog").await;
    window.open(&daemon, "/admin/phones/dashboard/acts/purchase?count=10&area_code=415").await;
    window.pictures("confirm").await;

    window.open(&daemon, HOME).await;
    window.find(".uplot").await;
    window.fill("#buy [name=count]", "10").await;
    window.click("#buy button").await;
    window.find("#preview button").await;
    window.pictures("preview").await;
    world.twilio.set_latency_on(twilio_simulator::On::Create, Duration::from_secs(4));
    window.click("#preview button").await;
    window.until("it is under way", async || window.count("#orders progress").await == 1).await;
    window.until("some are bought", async || !window.text("#orders .count").await.starts_with("0 ")).await;
    window.pictures("purchase-running").await;
    world.twilio.set_latency(Duration::ZERO);
    window.until("it is done", async || window.text("#orders tbody .pill").await == "done").await;

    daemon
        .post("/admin/phones/api/pause", &serde_json::json!({"reason": "moving to another Twilio account tonight"}))
        .ok();
    window.until("it is paused", async || window.shows("#paused").await).await;
    window.pictures("paused").await;
    daemon.post_empty("/admin/phones/api/resume").ok();
    window.open(&daemon, "/admin/phones/dashboard/audit").await;
    window.pictures("audit").await;
    window.open(&daemon, "/admin/phones/dashboard/passes").await;
    window.pictures("passes").await;
    window.open(&daemon, "/admin/phones/dashboard/orders").await;
    window.pictures("orders").await;

    window.close_but(&["401"]).await;

    let window = chrome.window().await;
    // The page asks for its chart again, and hears that there is no session.
    window.stretch_timers(0.1).await;
    window.log_in(&daemon).await;
    window.find(".uplot").await;
    world.sql("DELETE FROM sessions");
    window.until("the end of the session is told", async || window.shows("#ended").await).await;
    window.pictures("ended").await;
    window.close_but(&["401"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_states_of_trouble() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster)
        .set("pool.threshold_low", 8)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 10);
    let daemon = world.daemon();
    crate::world::eventually("the pool is filled", || daemon.status()["available"] == 10);
    world.sql(A_DAY);
    world.twilio.set_account_status(AccountStatus::Suspended);
    for user in 0..6 {
        daemon.assign(&format!("user-{user}")).ok();
    }
    crate::world::eventually("buying is halted", || !daemon.status()["halted"].is_null());
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.find(".uplot").await;
    window.until("the halt is told", async || window.shows("#halted").await).await;
    window.pictures("halted").await;
    world.sql("UPDATE buying_gate SET halted_since = NULL, halt_code = NULL, halt_message = NULL, paused_since = now(), paused_by = 'test'");
    world.sql("UPDATE buying_gate SET paused_since = NULL, paused_by = NULL");
    window.open(&daemon, HOME).await;
    window
        .until("it is low, or halted again", async || {
            window.text("#verdict").await.contains("Needs replenishment") || window.shows("#halted").await
        })
        .await;
    window.pictures("low").await;
    cluster.stop_fast().expect("a stop");
    window.until("the page says that the database is away", async || window.shows("#away").await).await;
    window.pictures("away-live").await;
    window.open(&daemon, HOME).await;
    assert!(window.text("main").await.contains("The database does not answer"));
    window.pictures("away").await;
    cluster.start_again().expect("a start");
    window.until("the page comes back by itself", async || window.shows("#tile-available").await).await;
    window.close_but(&["503", "events"]).await;
}
