//! Buying: the plan first, then the progress, by mouse and by keyboard.

use thirtyfour::prelude::*;

use crate::chrome::Chrome;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_shows_its_plan_before_and_its_progress_while_it_runs() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.fill("#buy [name=count]", "8").await;
    window.fill("#buy [name=area_code]", "415").await;
    assert!(!window.shows("#preview button").await, "nothing can be bought before the plan is shown");
    window.click("#buy button").await;
    let button = window.find("#preview button").await;
    assert_eq!(button.text().await.unwrap(), "Buy 8 numbers for USD 9.20 a month");
    let plan = window.text("#preview").await;
    assert!(plan.contains("8 numbers at USD 1.15 each") && plan.contains("Only in area code 415"), "{plan}");
    assert!(plan.contains("allow 100 more this hour and 300 more today"), "{plan}");
    // Another wish, another plan: the old button is gone.
    window.fill("#buy [name=count]", "6").await;
    assert!(!window.shows("#preview button").await, "a plan for another count is still there");
    window.click("#buy button").await;
    assert_eq!(world.bought(), 0, "a plan buys nothing");
    // Each step lasts until it was seen.
    world.twilio.set_latency_on(twilio_simulator::On::Create, std::time::Duration::from_secs(4));
    window.click("#preview button").await;
    window.says("The purchase of 6 numbers has begun").await;
    window.until("a bar shows how far it is", async || window.count("#orders tbody progress").await == 1).await;
    window
        .until("some are bought and some not yet", async || {
            matches!(
                window.text("#orders tbody .count").await.as_str(),
                "1 of 6" | "2 of 6" | "3 of 6" | "4 of 6" | "5 of 6"
            )
        })
        .await;
    world.twilio.set_latency(std::time::Duration::ZERO);
    window.until("the order is done", async || window.text("#orders tbody .pill").await == "done").await;
    assert_eq!(window.text("#orders tbody .count").await, "6 of 6");
    window.until("all are in stock", async || window.figure("available").await == Some(6)).await;
    window.until("and listed", async || window.count("#pool tbody tr").await == 6).await;
    assert_eq!(world.bought(), 6);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_order_could_not_get_stands_beside_it() {
    let world = World::new().quiet();
    world.twilio.set_stock("US", "415", 0);
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.fill("#buy [name=count]", "2").await;
    window.fill("#buy [name=area_code]", "415").await;
    window.click("#buy button").await;
    window.click("#preview button").await;
    window.until("the order has ended", async || window.text("#orders tbody .pill").await == "nothing bought").await;
    let error = window.text("#orders tbody .error").await;
    assert!(!error.is_empty(), "the order says why it bought nothing");
    assert_eq!(world.bought(), 0);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_is_enough_to_buy() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    // From here on the page replaces nothing under the focus.
    window.is_live().await;
    // Tab walks to the field, which shows that it has the focus.
    let mut steps = 0;
    loop {
        window.press(Key::Tab + "").await;
        let here = window.driver.active_element().await.unwrap();
        if here.attr("name").await.unwrap().as_deref() == Some("count") {
            break;
        }
        steps += 1;
        assert!(steps < 40, "the form is not reached by Tab");
    }
    let outline = window.driver.active_element().await.unwrap().css_value("outline-style").await.unwrap();
    assert_eq!(outline, "solid", "the focus is seen");
    window.press("\u{e009}a").await;
    window.press(Key::Null + "3").await;
    window.press(Key::Enter + "").await;
    window.find("#preview button").await;
    for _step in 0..12 {
        window.press(Key::Tab + "").await;
        let text = window.driver.active_element().await.unwrap().text().await.unwrap();
        if text.starts_with("Buy 3 numbers") {
            window.press(Key::Enter + "").await;
            window.until("the order is done", async || window.text("#orders tbody .pill").await == "done").await;
            assert_eq!(world.bought(), 3);
            window.close().await;
            return;
        }
    }
    panic!("the button is not reached by Tab");
}
