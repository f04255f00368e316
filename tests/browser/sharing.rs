//! One stream for all tabs, and a page that knows when nobody speaks to it any more.

use nix::sys::signal::Signal;
use serde_json::json;
use thirtyfour::prelude::*;

use crate::chrome::Chrome;
use crate::window::{HOME, Window};
use crate::world::{ADMIN_KEY, World};

const TABS: usize = 10;

async fn figure(window: &Window, tab: &WindowHandle) -> Option<u32> {
    window.driver.switch_to_window(tab.clone()).await.expect("a tab");
    window.figure("available").await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_tabs_share_one_stream_and_all_of_them_are_live_and_lead_on() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    for _ in 1..TABS {
        window.driver.new_tab().await.expect("a tab");
        let tabs = window.driver.windows().await.expect("tabs");
        window.driver.switch_to_window(tabs.last().expect("a tab").clone()).await.expect("the new tab");
        window.open(&daemon, HOME).await;
        window.is_live().await;
    }
    let tabs = window.driver.windows().await.expect("tabs");
    assert_eq!(tabs.len(), TABS);
    daemon.purchase(3).ok();
    for tab in &tabs {
        window.until("it counts what was bought", async || figure(&window, tab).await == Some(3)).await;
    }
    let streams = daemon.log_text().matches("\"path\":\"/admin/phones/api/events\"").count();
    assert!(streams <= 1, "a stream is logged when it ends, and one goes on: {streams}");
    // Every one of them leads on at once, and back.
    for tab in &tabs {
        window.driver.switch_to_window(tab.clone()).await.expect("a tab");
        window.click("nav a[href$='/numbers']").await;
        window.until("the list is there", async || window.path().await.ends_with("/numbers")).await;
    }
    for tab in &tabs {
        window.driver.switch_to_window(tab.clone()).await.expect("a tab");
        window.open(&daemon, HOME).await;
        window.is_live().await;
    }
    daemon.purchase(1).ok();
    for tab in &tabs {
        window.until("it counts the other one", async || figure(&window, tab).await == Some(4)).await;
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_daemon_turns_the_page_red_until_it_speaks_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    daemon.signal(Signal::SIGSTOP);
    let says = async || window.text("#live").await;
    // The first 35 seconds are nothing to wait for with a bound of 30.
    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
    window.until("it says so", async || says().await.starts_with("Last word ")).await;
    assert_eq!(window.count("#live.off").await, 1);
    window.until("it stands on top", async || window.text("#silent").await.contains("does not speak any more")).await;
    window.pictures("frozen").await;
    daemon.signal(Signal::SIGCONT);
    window.is_live().await;
    window.until("it is over", async || window.count("#silent").await == 0).await;
    assert_eq!(window.count("#live.on").await, 1);
    window.close_but(&["events"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_green_while_the_database_is_away() {
    let cluster = postgres_fixture::Cluster::start(postgres_fixture::ClusterOptions::default()).expect("a cluster");
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    cluster.stop_fast().expect("it stops");
    window.until("it is told", async || window.shows("#away").await).await;
    window.until("it is not green", async || window.count("#live.away").await == 1).await;
    assert!(window.text("#live").await.contains("the database does not answer"));
    cluster.start_again().expect("it starts");
    window.until("it is green again", async || window.count("#live.on").await == 1).await;
    window.close_but(&["503"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_that_no_event_tells_of_renew_themselves() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    // A minute of the page passes in a moment.
    window.stretch_timers(0.01).await;
    window.log_in(&daemon).await;
    window.is_live().await;
    window.driver.execute("document.body.dataset.mark = 'same page'", vec![]).await.unwrap();
    let foreign = twilio_simulator::ForeignNumber::new("+14155550123").friendly_name("desk");
    world.twilio.own(foreign);
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    window.until("the comparison is shown", async || window.text("#comparison").await.contains("555 0123")).await;
    window.until("the act is shown", async || window.text("#audit").await.contains("reconcile")).await;
    let mark = window.driver.execute("return document.body.dataset.mark ?? ''", vec![]).await.unwrap();
    assert_eq!(mark.json(), &json!("same page"));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tabs_share_nothing_a_page_that_nobody_sees_lets_go_of_its_stream() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    let source = "delete window.SharedWorker; window.see = (seen) => {
        Object.defineProperty(document, 'hidden', {configurable: true, get: () => !seen});
        document.dispatchEvent(new Event('visibilitychange'));
    };";
    window.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await;
    window.log_in(&daemon).await;
    window.is_live().await;
    daemon.purchase(1).ok();
    window.until("it counts", async || window.figure("available").await == Some(1)).await;
    window.driver.execute("window.see(false)", vec![]).await.unwrap();
    daemon.purchase(1).ok();
    // A look later it would have been told.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(window.figure("available").await, Some(1), "it goes on to listen");
    window.driver.execute("window.see(true)", vec![]).await.unwrap();
    window.until("it counts again", async || window.figure("available").await == Some(2)).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_path_pages_are_live_and_ask_and_lead_on() {
    let world = World::new().quiet().set("http.base_path", "/callbunker");
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    let home = format!("/callbunker{HOME}");
    window.open(&daemon, "/callbunker").await;
    window.find("[name=api_key]").await.send_keys(ADMIN_KEY + Key::Enter).await.expect("typing");
    window.until("the dashboard is there", async || window.path().await == home).await;
    window.is_live().await;
    daemon.purchase(3).ok();
    window.until("it counts what was bought", async || window.figure("available").await == Some(3)).await;
    window.click("a[href$='/acts/pause']").await;
    window.until("it is asked first", async || window.count("#dialog[open] #question").await == 1).await;
    window.click("#dialog [data-close]").await;
    window.click("nav a[href$='/numbers']").await;
    window.until("the list is there", async || window.path().await == format!("{home}/numbers")).await;
    window.close().await;
}
