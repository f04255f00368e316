//! What an operator does beside buying: pause, resume, webhooks, search, comparing with Twilio, giving back.

use twilio_simulator::{ForeignNumber, Webhooks};

use crate::chrome::Chrome;
use crate::world::{ORIGIN, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_a_banner_with_its_reason_everywhere_until_somebody_resumes() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let (one, two) = (chrome.window().await, chrome.window().await);
    one.log_in(&daemon).await;
    two.log_in(&daemon).await;
    one.click("#act-pause a").await;
    one.fill("dialog [name=reason]", "moving to <another> account").await;
    one.click("dialog button").await;
    one.says("paused on all instances").await;
    for window in [&one, &two] {
        window.until("the banner is there", async || window.shows("#paused").await).await;
        assert!(window.text("#paused").await.contains("moving to <another> account"), "the reason is told as it is");
        // The banner and the buttons come by events of their own.
        window
            .until("it can be resumed and not paused", async || {
                !window.shows("#act-pause").await && window.shows("#act-resume").await
            })
            .await;
    }
    two.click("#paused a").await;
    two.click("dialog button").await;
    for window in [&one, &two] {
        window.until("the banner is gone", async || !window.shows("#paused").await).await;
    }
    assert_eq!(daemon.status()["paused"], serde_json::Value::Null);
    one.close().await;
    two.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_in_the_dialog_does_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.click("#act-pause a").await;
    window.click("dialog [data-close]").await;
    window.until("the dialog is closed", async || !window.shows("#dialog").await).await;
    assert_eq!(daemon.status()["paused"], serde_json::Value::Null);
    window.close().await;
}

/// What somebody else has set.
fn elsewhere() -> Webhooks {
    Webhooks { voice_url: Some("https://elsewhere.example.com/voice".to_owned()), ..Webhooks::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_differ_are_set_after_a_question_that_names_the_address() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    let number = world.twilio.truth().owned[0].clone();
    world.twilio.set_webhooks(&number.phone_number, elsewhere());
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.click("a[href$='configure-webhooks']").await;
    window.find("dialog button").await;
    assert!(window.text("dialog").await.contains(&format!("{ORIGIN}/twilio/voice")));
    window.click("dialog button").await;
    window.says("Done. 1 number of 3 set; the others had the right webhooks already.").await;
    assert!(
        world
            .twilio
            .truth()
            .owned
            .iter()
            .all(|number| number.voice_url.as_ref().is_some_and(|url| url.starts_with(ORIGIN)))
    );
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_and_a_user_are_found_with_their_history() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let number = daemon.assign("ann@example.com").ok()["phone_number"].as_str().unwrap().to_owned();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    // As people paste it.
    let pasted = format!("({}) {}-{}", &number[2..5], &number[5..8], &number[8..]);
    window.fill("#find", &pasted).await;
    window.click(".find button").await;
    window.until("its page is there", async || window.text("h1").await.ends_with(&number[8..])).await;
    let page = window.text("main").await;
    assert!(
        page.contains("ann@example.com") && page.contains("not assignable") && page.contains("Bought from Twilio."),
        "{page}"
    );
    window.click(".facts a").await;
    window.until("the user's page is there", async || window.text("h1").await == "ann@example.com").await;
    window.click("[data-ask]").await;
    window.click("dialog button").await;
    window.says("no longer belongs to its user").await;
    window.fill("#find", "ann@example.com").await;
    window.click(".find button").await;
    window.until("the past is told", async || window.text("main").await.contains("Has no number now")).await;
    window.fill("#find", "nobody & co").await;
    window.click(".find button").await;
    window.until("nothing is found", async || window.text("h1").await == "Nothing found").await;
    window.close_but(&["404"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_finds_a_foreign_number_which_is_adopted_and_given_back() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.own(ForeignNumber::new("+14155550142").friendly_name("the old service"));
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.click(".acts a[href$='reconcile']").await;
    window.click("dialog button").await;
    window.says("1 foreign").await;
    window.click("a[href*='/adopt?']").await;
    window.find("dialog [name=user_id]").await;
    window.click("dialog button").await;
    window.says("+1 415 555 0142 belongs to the pool now").await;
    assert_eq!(
        world.sql("SELECT ready FROM leases WHERE phone_number = '+14155550142' AND user_id IS NULL").lines().last(),
        Some("t")
    );
    window.fill("#find", "+14155550142").await;
    window.click(".find button").await;
    window.click("a[href*='release-to-twilio']").await;
    window.find("dialog .danger").await;
    assert!(window.text("dialog").await.contains("cannot be undone"));
    window.fill("dialog [name=confirm]", "0142").await;
    window.click("dialog .danger").await;
    window.says("was given back to Twilio").await;
    assert!(world.twilio.truth().owned.is_empty());
    window.close().await;
}
