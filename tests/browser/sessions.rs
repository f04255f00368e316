//! In and out: the login, a wrong one, a session that ended meanwhile.

use std::time::Duration;

use thirtyfour::prelude::*;

use crate::chrome::Chrome;
use crate::window::HOME;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_and_a_right_one_leads_to_the_dashboard_and_out_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.open(&daemon, HOME).await;
    assert_eq!(window.path().await, "/admin/login");
    window.fill("[name=api_key]", "not-the-key-at-all").await;
    window.press(Key::Enter + "").await;
    window
        .until("the refusal is told", async || window.text("[role=alert]").await.contains("not a valid admin key"))
        .await;
    window.log_in(&daemon).await;
    window.until("the stock is shown", async || window.shows("#tile-available").await).await;
    window.click(".out button").await;
    window.until("the way is out", async || window.path().await == "/admin/login").await;
    window.open(&daemon, HOME).await;
    assert_eq!(window.path().await, "/admin/login", "the session has ended");
    window.close_but(&["401"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_fetches_by_itself_keeps_no_session_alive() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    world.sql("UPDATE sessions SET last_seen_at = last_seen_at - interval '20 minutes'");
    let before = world.sql("SELECT last_seen_at FROM sessions");
    daemon.purchase(2).ok();
    window.until("the page has fetched the pool", async || window.count("#pool tbody tr").await == 2).await;
    assert_eq!(world.sql("SELECT last_seen_at FROM sessions"), before);
    window.open(&daemon, HOME).await;
    assert_ne!(world.sql("SELECT last_seen_at FROM sessions"), before, "a person came");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_whose_session_ended_says_so_and_asks_no_more() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    // Minutes of the page pass in no time.
    window.stretch_timers(0.01).await;
    window.log_in(&daemon).await;
    window.is_live().await;
    assert!(!window.shows("#ended").await);
    world.sql("DELETE FROM sessions");
    window.until("the end is told", async || window.shows("#ended").await).await;
    assert!(window.text("#ended").await.contains("Your session ended"));
    assert_eq!(window.text("#live").await, "Not live");
    let asked = || daemon.log_text().matches("\"path\":\"/admin/phones/").count();
    // What was under way is logged in its own time: until a second was silent; then two, which are two hundred to the page.
    let mut before = asked();
    window
        .until("what was under way has ended", async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            std::mem::replace(&mut before, asked()) == asked()
        })
        .await;
    let before = asked();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(asked(), before, "the page goes on asking");
    window.close_but(&["401"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_a_login_only_can_bring_back_is_not_asked_for_again() {
    let world = World::new().quiet().on_a_port_of_its_own();
    let first = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&first).await;
    window.is_live().await;
    world.sql("DELETE FROM sessions");
    first.stop();
    let again = world.daemon();
    window.until("the end is told", async || window.shows("#ended").await).await;
    let asked = || again.log_text().matches("\"path\":\"/admin/phones/api/events\"").count();
    crate::world::eventually("the question is logged", || asked() >= 1);
    assert_eq!(asked(), 1, "asked once");
    window.click("#ended a").await;
    window.until("the login is asked for", async || window.path().await == "/admin/login").await;
    window.log_in(&again).await;
    window.is_live().await;
    window.close_but(&["401", "events", "CONNECTION_REFUSED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_meanwhile_leads_to_the_login_and_does_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, "/admin/phones/dashboard/acts/pause").await;
    world.sql("DELETE FROM sessions");
    window.click("main form button").await;
    window.until("the login is asked for", async || window.path().await == "/admin/login").await;
    assert_eq!(daemon.status()["paused"], serde_json::Value::Null, "nothing was done");
    window.close_but(&["401"]).await;
}
