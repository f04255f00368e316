//! Numbers change while somebody looks, without a reload, whoever caused it and on whatever instance.

use serde_json::json;

use crate::chrome::Chrome;
use crate::window::HOME;
use crate::world::World;

/// A page that a script marked, so that a reload would show.
const MARK: &str = "document.body.dataset.mark = 'same page'";
const MARKED: &str = "return document.body.dataset.mark ?? ''";

#[tokio::test(flavor = "multi_thread")]
async fn signups_show_at_once_in_every_browser_on_every_instance() {
    let world = World::new().quiet();
    let (here, there) = (world.daemon(), world.daemon());
    here.purchase(5).ok();
    let chrome = Chrome::start().await;
    let (one, two) = (chrome.window().await, chrome.window().await);
    one.log_in(&here).await;
    two.log_in(&there).await;
    for window in [&one, &two] {
        window.until("the stock is shown", async || window.figure("available").await == Some(5)).await;
        window.is_live().await;
        window.driver.execute(MARK, vec![]).await.unwrap();
    }
    for user in ["ann", "bob", "cem"] {
        there.assign(user).ok();
    }
    for window in [&one, &two] {
        window.until("the signups are counted", async || window.figure("available").await == Some(2)).await;
        assert_eq!(window.figure("assigned").await, Some(3));
        window.until("the signups are listed", async || window.count("#assignments tbody tr").await == 3).await;
        assert!(window.text("#assignments").await.contains("cem"));
        window.until("what was given left the pool", async || window.count("#pool tbody tr").await == 2).await;
    }
    there.release("bob").ok();
    for window in [&one, &two] {
        let bob = "#assignments tr[data-assignment^='bob'] .pill.calm";
        window.until("the release is told", async || window.text(bob).await == "released").await;
        window.until("the number rests", async || window.figure("resting").await == Some(1)).await;
        let mark = window.driver.execute(MARKED, vec![]).await.unwrap();
        assert_eq!(mark.json(), &json!("same page"), "the page was loaded again");
    }
    one.close().await;
    two.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_bought_for_a_user_is_never_shown_in_the_pool() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    daemon.assign("ann").ok();
    window.until("the order is shown", async || window.text("#orders tbody .pill").await == "done").await;
    window.until("the signup is listed", async || window.count("#assignments tbody tr").await == 1).await;
    assert_eq!(window.count("#pool tbody tr").await, 0, "a user's number stands in the pool");
    // What is bought for stock is.
    daemon.purchase(2).ok();
    window.until("the stock is listed", async || window.count("#pool tbody tr").await == 2).await;
    assert!(!window.shows("#no-pool").await);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_and_goes_on_within_seconds_alarms_nobody() {
    let world = World::new().quiet().on_a_port_of_its_own();
    let first = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    // However long the restart takes here, it is a moment to the page.
    window.stretch_timers(100.0).await;
    window.log_in(&first).await;
    window.is_live().await;
    let script = "window.told = []; const live = document.getElementById('live');
        new MutationObserver(() => window.told.push(live.textContent)).observe(live, {childList: true, subtree: true});";
    window.driver.execute(script, vec![]).await.unwrap();
    first.stop();
    let again = world.daemon();
    crate::world::eventually("the page watches again", || again.log_text().contains("/admin/phones/api/events"));
    again.purchase(1).ok();
    window.until("the new number is counted", async || window.figure("available").await == Some(1)).await;
    let told = window.driver.execute("return window.told", vec![]).await.unwrap();
    assert_eq!(told.json(), &json!([]), "a short break was told");
    window.close_but(&["events", "CONNECTION_REFUSED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_comes_back_is_watched_again_by_itself() {
    let world = World::new().quiet().on_a_port_of_its_own();
    let first = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&first).await;
    window.is_live().await;
    assert_eq!(first.stop(), Some(0), "an open stream holds no stop back");
    window.until("the page says that it is not live", async || window.text("#live").await.contains("Not live")).await;
    let again = world.daemon();
    window.is_live().await;
    again.purchase(1).ok();
    window.until("the new number is counted", async || window.figure("available").await == Some(1)).await;
    assert_eq!(window.path().await, HOME);
    window.close_but(&["events"]).await;
}
