//! "What needs you" on top of the dashboard: it says what is wrong, leads to what mends it, and goes away when it is mended,
//! while somebody looks.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::chrome::Chrome;
use crate::window::HOME;
use crate::world::comparing::stocked;
use crate::world::{World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_pool_is_on_top_with_its_reason_until_it_is_filled() {
    let world = World::new().set("pool.total_min", 0).set("purchase.emergency_wait_ms", 300);
    world.twilio.fault(Fault::new(On::Search, FaultKind::Error503).forever());
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    daemon.assign("ann").problem(503, "pool_empty");
    window.until("the refused signup is told", async || window.text("#pool_empty").await.contains("1 refused")).await;
    let told = window.text("#pool_empty").await;
    assert!(told.contains("The pool is empty: signups are refused.") && told.contains("Why: "), "{told}");
    window.until("the next try is told", async || window.count("#pool_empty .next").await == 1).await;
    assert!(!window.shows("#calm").await);
    assert_eq!(window.text("#runway .headline").await, "Empty");
    // Loaded again, and without a script's help, it is the same.
    window.open(&daemon, HOME).await;
    assert!(window.text("#pool_empty").await.contains("1 refused"));
    window.pictures("empty").await;

    // Asked before Twilio is well again: the pool's own next try may fill it, and the line would be gone.
    window.click("#pool_empty a").await;
    window.find("dialog button.go, dialog button[type=submit]").await;
    world.twilio.clear_faults();
    window.click("dialog button.go, dialog button[type=submit]").await;
    window.until("it is over", async || !window.shows("#pool_empty").await).await;
    window.until("what happened is told", async || window.shows("#signups_refused").await).await;
    world.sql("DELETE FROM signup_refusals");
    window.until("nothing needs anybody", async || window.shows("#calm").await).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn halt_and_pause_at_once_have_one_button_that_ends_both() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    assert!(window.shows("#calm").await);
    daemon.post("/admin/phones/api/pause", &json!({"reason": "ask Dana first"})).ok();
    world.twilio.fault(Fault::new(On::Any, FaultKind::Unauthorized).forever());
    daemon.purchase(1);
    window.until("both are told", async || window.shows("#halted").await && window.shows("#paused").await).await;
    assert!(window.text("#halted").await.contains("Twilio refuses the credentials (20003)"));
    assert!(window.text("#paused").await.contains("ask Dana first"));
    assert_eq!(window.count("#attention a[data-ask]").await, 1);
    assert_eq!(window.count("#halted a[href='https://www.twilio.com/docs/api/errors/20003']").await, 1);
    window.pictures("halted-and-paused").await;
    world.twilio.clear_faults();
    window.open(&daemon, HOME).await;
    window.click("#halted a[data-ask]").await;
    window.click("dialog button").await;
    window.until("both are over", async || window.shows("#calm").await).await;
    assert!(!window.shows("#halted").await && !window.shows("#paused").await);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_missing_number_stays_on_top_over_comparisons_and_leads_to_the_list() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("ann").ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    assert!(world.twilio.disown(&numbers[0]));
    for _comparison in 0..2 {
        daemon.post_empty("/admin/phones/api/reconcile").ok();
    }
    window.until("it is told", async || window.text("#missing_of_users").await.contains("1 user has a number")).await;
    window.until("it is counted", async || window.figure("missing").await == Some(1)).await;
    window.pictures("missing").await;
    window.open(&daemon, HOME).await;
    window.click("#missing_of_users a").await;
    window.until("the list is there", async || window.path().await.ends_with("/numbers")).await;
    window.until("ann is on it", async || window.text("main").await.contains("ann")).await;
    window.open(&daemon, HOME).await;
    window.is_live().await;
    daemon.release("ann").ok();
    window.until("it is mended", async || !window.shows("#missing_of_users").await).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_cap_says_when_it_is_free_again_and_what_is_owned_costs() {
    let world = World::new().set("pool.total_min", 0).set("spend.purchases_per_hour_max", 12);
    let daemon = world.daemon();
    eventually("the warm start has bought", || daemon.status()["available"] == 10);
    daemon.get("/admin/phones/api/plan").ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    assert_eq!((window.figure("owned").await, window.text("#monthly").await), (Some(10), "USD 11.50".to_owned()));
    for user in ["ann", "bob", "cem"] {
        daemon.assign(user).ok();
    }
    window.until("the cap is told", async || window.shows("#cap_binds").await).await;
    window.until("what is owned is told", async || window.text("#monthly").await == "USD 13.80").await;
    window.until("the meter says it", async || window.text("[data-window=hour]").await.contains("free again")).await;
    assert_eq!(window.count("[data-window=hour].used").await, 1);
    assert_eq!(window.count("[data-window=day].used").await, 0);
    window.pictures("capped").await;
    // Whoever means it says so, and is told so before the yes.
    window.fill("#buy [name=count]", "2").await;
    window.click("#buy [name=override_caps]").await;
    window.click("#buy button").await;
    window.until("the plan is told", async || window.text("#preview").await.contains("beyond the spend caps")).await;
    window.click("#preview button").await;
    eventually("both are bought", || world.bought() == 14);
    window.close().await;
}
