//! Pages of one thing, lists, the search and its shortcut, times and copying, as people meet them.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::chrome::{Chrome, Taste};
use crate::window::HOME;
use crate::world::World;
use crate::world::comparing::{reconcile, stocked};

const LISTS: &str = "/admin/phones/dashboard/numbers";

/// Sets the browser's zone from the next page on.
async fn live_in(window: &crate::window::Window, zone: &str) {
    window.cdp("Emulation.setTimezoneOverride", json!({"timezoneId": zone})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_presses_slash_types_four_digits_and_is_at_the_number_and_from_there_at_its_order() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = daemon.post("/admin/phones/api/purchase", &json!({"count": 2, "area_code": "415"})).ok();
    let number = daemon.assign("ann@example.com").ok()["phone_number"].as_str().unwrap().to_owned();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.press("/").await;
    let focused = window.driver.active_element().await.unwrap();
    assert_eq!(focused.attr("id").await.unwrap().as_deref(), Some("find"), "the search has the focus");
    window.press(number[8..].to_owned() + Key::Enter).await;
    window.until("the number's page is there", async || window.text("h1").await.contains(&number[8..])).await;
    // In the search box a slash is a slash.
    window.click("#find").await;
    window.press("a/b").await;
    assert_eq!(window.find("#find").await.prop("value").await.unwrap().as_deref(), Some("a/b"));
    let facts = window.text(".facts").await;
    for words in [
        "ann@example.com",
        "https://app.example.com/twilio/voice",
        "callbunker:default:",
        "USD 1.15 a month",
        "voice, sms",
    ] {
        assert!(facts.contains(words), "{words}: {facts}");
    }
    window.pictures("number-in-full").await;
    window.click(".facts a[href*='/orders/']").await;
    window.until("the order's page is there", async || window.text("h1").await.starts_with("Order …")).await;
    let told = window.text("main").await;
    for words in
        ["2 of 2 bought", "An operator ordered it.", "USD 2.30 a month", order["purchase_id"].as_str().unwrap()]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    window.pictures("order").await;
    window.click("#h-numbers ~ .scroll a").await;
    window.until("it leads to a number", async || window.path().await.contains("/dashboard/numbers/")).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_button_copies_and_stands_only_where_a_script_made_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let number = daemon.purchase(1).ok()["numbers"][0]["phone_number"].as_str().unwrap().to_owned();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("{LISTS}/{number}")).await;
    window.click("h1 + .copy").await;
    window.until("it says so", async || window.text("h1 + .copy").await == "Copied").await;
    window.click("#find").await;
    let field = window.find("#find").await;
    field.send_keys(Key::Control + "v").await.unwrap();
    let pasted = field.prop("value").await.unwrap();
    assert_eq!(pasted.as_deref(), Some(number.as_str()));
    window.close().await;
    let plain = chrome.window_like(Taste { no_script: true }).await;
    plain.log_in(&daemon).await;
    plain.open(&daemon, &format!("{LISTS}/{number}")).await;
    assert!(plain.text("h1").await.ends_with(&number[8..]));
    assert_eq!(plain.count(".copy").await, 0);
    assert!(plain.text(".events").await.contains("UTC"), "without a script the zone is said as well");
    plain.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_of_the_browsers_zone_with_utc_in_the_tooltip() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("ann").ok();
    world.sql("UPDATE numbers SET purchased_at = '2026-01-02T03:04:05Z'");
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    live_in(&window, "America/Los_Angeles").await;
    window.log_in(&daemon).await;
    window.open(&daemon, LISTS).await;
    let old = window.find("td[data-label=Bought] time").await;
    assert_eq!(old.text().await.unwrap(), "Jan 1, 2026, 19:04 PST", "from a day on, the date");
    assert_eq!(old.attr("title").await.unwrap().as_deref(), Some("2026-01-02 03:04:05 UTC"));
    window.open(&daemon, "/admin/phones/dashboard/assignments").await;
    window
        .until("the time is that of the reader's zone", async || {
            let fresh = window.text("td[data-label=Assigned] time").await;
            (fresh.contains("PST") || fresh.contains("PDT")) && fresh.ends_with(" ago")
        })
        .await;
    // In a sentence, too; and in rows that came while one looked.
    let number = daemon.assign("ann").ok()["phone_number"].as_str().unwrap().to_owned();
    window.open(&daemon, &format!("{LISTS}/{number}")).await;
    window.until("a sentence has it, too", async || window.text(".advice time").await.ends_with(" ago")).await;
    window.open(&daemon, HOME).await;
    window.is_live().await;
    daemon.purchase(1).ok();
    daemon.assign("bob").ok();
    window.until("bob is listed", async || window.count("#assignments tbody tr").await == 2).await;
    window
        .until("the tooltip is UTC", async || {
            window.says_of("#assignments tbody tr time", "title").await.ends_with(" UTC")
        })
        .await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_narrowed_and_read_in_both_directions_without_a_script() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.post("/admin/phones/api/purchase", &json!({"count": 25, "area_code": "415"})).ok();
    daemon.post("/admin/phones/api/purchase", &json!({"count": 2, "area_code": "907"})).ok();
    daemon.assign("ann").ok();
    let chrome = Chrome::start().await;
    let window = chrome.window_like(Taste { no_script: true }).await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("{LISTS}?size=20")).await;
    assert_eq!((window.text(".range").await, window.count("tbody tr").await), ("1–20 of 27".to_owned(), 20));
    window.click("[rel=next]").await;
    window.until("the rest is there", async || window.text(".range").await == "21–27 of 27").await;
    window.click("[rel=prev]").await;
    window.until("one is back", async || window.text(".range").await == "1–20 of 27").await;
    window.fill("[name=area_code]", "907").await;
    window.click(".filters button").await;
    window.until("it is narrowed", async || window.text(".range").await == "1–2 of 2").await;
    window.open(&daemon, &format!("{LISTS}?status=assigned")).await;
    window.pictures("numbers-narrowed").await;
    window.click("tbody a[href*='/users?user_id=']").await;
    window.until("the user is there", async || window.text("h1").await == "ann").await;
    window.open(&daemon, &format!("{LISTS}?colour=red")).await;
    assert!(window.text("main").await.contains("colour is no parameter here"));
    window.close_but(&["422"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whose_number_is_gone_is_shown_in_red_and_freed() {
    let (world, daemon, _) = stocked(2);
    let number = daemon.assign("ann").ok()["phone_number"].as_str().unwrap().to_owned();
    assert!(world.twilio.disown(&number));
    reconcile(&daemon);
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, "/admin/phones/dashboard/users/ann").await;
    assert!(window.text(".banner.bad").await.contains("Gone at Twilio since"));
    window.pictures("user-gone").await;
    window.open(&daemon, &format!("{LISTS}/{number}")).await;
    assert!(window.text(".advice").await.starts_with("Gone at Twilio since "));
    window.pictures("number-gone").await;
    window.open(&daemon, "/admin/phones/dashboard/users/ann").await;
    window.click(".banner.bad [data-ask]").await;
    window.find("dialog button").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_number_has_a_page_and_undo_brings_it_back() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.own(twilio_simulator::ForeignNumber::new("+14155550142").friendly_name("the old service"));
    daemon.post("/admin/phones/api/numbers/+14155550142/ignore", &json!({})).ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.fill("#find", "555-0142").await;
    window.click(".find button").await;
    window.until("it is found", async || window.text("main").await.contains("Ignored since")).await;
    window.pictures("ignored").await;
    window.click("a[href*='/unignore?']").await;
    window.click("dialog button").await;
    window.says("+1 415 555 0142 is ignored no more").await;
    // Nothing at an address is a page, too.
    window.open(&daemon, "/admin/phones/dashboard/nowhere").await;
    assert!(window.text("main").await.contains("There is no page at this address"));
    window.open(&daemon, "/").await;
    window.until("the root leads to the dashboard", async || window.path().await == HOME).await;
    window.close_but(&["404"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_goes_on_is_followed_on_its_page() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    world.twilio.set_latency_on(twilio_simulator::On::Create, std::time::Duration::from_millis(1500));
    let reply = daemon.post_with("/admin/phones/api/purchase", &json!({"count": 4}), &[("Prefer", "respond-async")]);
    let id = reply.body["purchase_id"].as_str().unwrap().to_owned();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("/admin/phones/dashboard/orders/{id}")).await;
    window.until("it has ended on the page", async || window.text("main").await.contains("4 of 4 bought")).await;
    window.until("its numbers are there", async || window.count("#h-numbers ~ .scroll tbody tr").await == 4).await;
    assert!(window.text(".facts").await.contains("Ended"));
    window.close().await;
}
