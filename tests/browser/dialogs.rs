//! Questions and results as people meet them: what has the focus, what Enter does, where one is afterwards, and what became of
//! what was asked for.

use std::time::Duration;

use thirtyfour::prelude::*;
use twilio_simulator::ForeignNumber;

use crate::chrome::{Chrome, Taste};
use crate::window::{HOME, Window};
use crate::world::World;
use crate::world::comparing::{rename, stocked};
use crate::world::session::Session;

async fn focused(window: &Window) -> String {
    let element = window.driver.active_element().await.expect("something has the focus");
    element.tag_name().await.expect("a tag")
}

fn page_of(number: &str) -> String {
    format!("{HOME}/numbers/%2B{}", &number[1..])
}

fn shown(number: &str) -> String {
    format!("+1 {} {} {}", &number[2..5], &number[5..8], &number[8..])
}

async fn title(window: &Window) -> String {
    window.driver.title().await.expect("a title")
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_and_enter_again_give_nothing_back() {
    let (world, daemon, numbers) = stocked(1);
    let number = &numbers[0];
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, &page_of(number)).await;
    window.find("a[href*='release-to-twilio']").await.focus().await.unwrap();
    window.press(Key::Enter + "").await;
    window.find("dialog .danger").await;
    window.until("the heading has the focus", async || focused(&window).await == "h1").await;
    assert!(window.text("dialog").await.contains("Nobody has it: it is in stock."));
    window.press(Key::Enter + "").await;
    // What is required is missing: the browser itself holds it back.
    window.click("dialog .danger").await;
    assert_eq!(world.twilio.truth().owned.len(), 1, "nothing was given back");
    window.fill("dialog [name=confirm]", "0000").await;
    window.press(Key::Enter + "").await;
    window.until("it is refused", async || window.text("#fault").await.contains("Nothing was done")).await;
    assert_eq!(world.twilio.truth().owned.len(), 1, "nothing was given back");
    window.fill("[name=confirm]", &number[8..]).await;
    window.click("main .danger").await;
    window.says("was given back to Twilio").await;
    assert!(world.twilio.truth().owned.is_empty());
    // Back where it was asked, with the result under the focus and in the title.
    let at = window.driver.current_url().await.unwrap();
    assert!(at.as_str().ends_with(&page_of(number)), "{at}");
    assert_eq!(title(&window).await, format!("Done · {} · callbunker", shown(number)));
    window
        .until("the result has the focus", async || {
            let element = window.driver.active_element().await.unwrap();
            element.id().await.unwrap().as_deref() == Some("said")
        })
        .await;
    window.close_but(&["422"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_number_is_given_back_by_whoever_types_its_digits() {
    let (world, daemon, numbers) = stocked(1);
    let number = &numbers[0];
    let chrome = Chrome::start().await;
    let window = chrome.window_like(Taste { no_script: true }).await;
    window.log_in(&daemon).await;
    window.open(&daemon, &page_of(number)).await;
    window.click("a[href*='release-to-twilio']").await;
    window.until("the question is a page", async || window.text("h1").await.starts_with("Give ")).await;
    assert_eq!(title(&window).await, format!("Give {} back to Twilio? · callbunker", shown(number)));
    window.fill("[name=confirm]", "0000").await;
    window.click("main .danger").await;
    window.until("it is refused", async || window.text("#fault").await.contains("Nothing was done")).await;
    window.fill("[name=confirm]", &number[8..]).await;
    window.click("main .danger").await;
    window.says("Done. ").await;
    assert!(world.twilio.truth().owned.is_empty());
    let at = window.driver.current_url().await.unwrap();
    assert!(at.as_str().ends_with(&page_of(number)), "{at}");
    window.close_but(&["422"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_number_with_stagings_tag_is_taken_back_from_the_card_and_stays_theirs() {
    let (world, daemon, _) = stocked(1);
    let number = daemon.assign("user-2").ok()["phone_number"].as_str().unwrap().to_owned();
    rename(&world, &number, "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e");
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.click("#comparison a[href*='/adopt?']").await;
    window.find("dialog [name=confirm]").await;
    window.until("the heading has the focus", async || focused(&window).await == "h1").await;
    let asked = window.text("dialog").await;
    assert!(asked.contains("It stays with user-2.") && asked.contains("Staging loses it."), "{asked}");
    window.fill("dialog [name=confirm]", "staging").await;
    window.click("dialog .danger").await;
    window.says("stays with user-2, and carries our tag. Staging has lost it.").await;
    assert_eq!(window.path().await, HOME);
    window.until("nobody is asked again", async || window.count("#comparison a[href*='/adopt?']").await == 0).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ordered_is_told_at_its_end_where_it_was_ordered() {
    let world = World::new().quiet();
    world.twilio.set_stock("US", "415", 0);
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.fill("#buy [name=count]", "2").await;
    window.fill("#buy [name=area_code]", "415").await;
    window.click("#buy button").await;
    window.click("#preview button").await;
    window.says("Ordered. The purchase of 2 numbers has begun").await;
    assert!(title(&window).await.starts_with("Ordered · (0)"), "{}", title(&window).await);
    window.says("So far: 0 of 2 bought.").await;
    drop(session);
    window.says("Nothing bought. 0 of 2 bought.").await;
    assert!(window.text(".said").await.len() > "Nothing bought. 0 of 2 bought.".len(), "it says why");
    window.until("the title says it", async || title(&window).await.starts_with("Nothing bought · (0)")).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_cancelled_from_the_list_which_stays_where_it_was() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let headers = [
        ("X-Admin-API-Key", crate::world::ADMIN_KEY),
        ("Content-Type", "application/json"),
        ("Prefer", "respond-async"),
    ];
    daemon.send("POST", "/admin/phones/api/purchase", &headers, Some(br#"{"count":3}"#));
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("{HOME}/orders?trigger=manual")).await;
    window.click("a[href*='/acts/cancel']").await;
    window.find("dialog .danger").await;
    window.until("the heading has the focus", async || focused(&window).await == "h1").await;
    window.click("dialog .danger").await;
    window.says("Done. The order is cancelled, with 0 of 3 bought.").await;
    let at = window.driver.current_url().await.unwrap();
    assert!(at.as_str().ends_with("/orders?trigger=manual"), "{at}");
    assert_eq!(window.count("a[href*='/acts/cancel']").await, 0);
    drop(session);
    assert_eq!(world.bought(), 0);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_is_told_in_the_dialog_and_the_form_is_kept() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.open(&daemon, &format!("{HOME}/numbers")).await;
    window.open(&daemon, &format!("{HOME}/acts/pause")).await;
    window.fill("[name=reason]", "ask Dana").await;
    world.sql("DELETE FROM sessions");
    window.click("main form button").await;
    window
        .until("the login says why", async || {
            window.text(".said").await == "Your session ended; nothing was done. Log in to go on."
        })
        .await;
    window.fill("[name=api_key]", crate::world::ADMIN_KEY).await;
    window.press(Key::Enter + "").await;
    window.until("the question is back", async || window.path().await.ends_with("/acts/pause")).await;
    let reason = window.find("[name=reason]").await.prop("value").await.unwrap();
    assert_eq!(reason.as_deref(), Some("ask Dana"), "what was typed is still there");
    window.click("main form button").await;
    window.says("Done. Automatic buying is paused").await;
    assert_eq!(daemon.status()["paused"]["reason"], "ask Dana");
    // The question itself meets the end of a session.
    window.is_live().await;
    world.sql("DELETE FROM sessions");
    window.click(".acts a[href$='reconcile']").await;
    window
        .until("the dialog says why", async || {
            window.text("dialog h1").await == "Your session ended; nothing was done."
        })
        .await;
    window.click("dialog a.go").await;
    window.until("the login is there", async || window.path().await == "/admin/login").await;
    window.fill("[name=api_key]", crate::world::ADMIN_KEY).await;
    window.press(Key::Enter + "").await;
    window.until("it goes on", async || window.path().await.ends_with("/acts/reconcile")).await;
    window.click(".out button").await;
    window.until("the way out is told", async || window.text(".said").await == "You are logged out.").await;
    window.close_but(&["401", "events"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_says_that_its_question_is_on_the_way() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.own(ForeignNumber::new("+14155550142").friendly_name("the old service"));
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    // Whose it is, Twilio is asked.
    world.twilio.set_latency(Duration::from_secs(3));
    let adopt = "#comparison a[href*='/adopt?']";
    window.click(adopt).await;
    window.until("it says so", async || window.text(adopt).await == "Asking…").await;
    window.find("dialog[open] .danger").await;
    window.until("it is as before", async || window.text(adopt).await == "Adopt…").await;
    window.click("dialog [data-close]").await;
    window.close().await;
}
