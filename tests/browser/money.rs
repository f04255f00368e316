//! What numbers cost: drawn, in words beside it, readable by everybody, and acted on.

use crate::accessible::faults_of;
use crate::chrome::Chrome;
use crate::window::{HOME, Window};
use crate::world::{World, eventually};

/// A pool of idle numbers, and another one.
fn world() -> World {
    let mut world = World::new()
        .quiet()
        .set("pool.replenishment_batch_size", 2)
        .set("pools.east.country", "US")
        .set("pools.east.threshold_low", 0)
        .set("foresight.mode", "off")
        .set("recycling.mode", "suggest")
        .set("recycling.by_touch", true)
        .set("ALERT_WEBHOOK_SECRET", "whsec_ZGVtbyBvZiBjYWxsYnVua2VyLCBub3QgYSBzZWNyZXQ=");
    let notices = format!("{}/notices", world.far().url());
    world.change("recycling.notice_url", notices);
    world
}

async fn is_readable(window: &Window, name: &str) {
    assert_eq!(faults_of(window, name).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_days_cost_is_drawn_and_told_and_what_could_go_back_does() {
    let world = world();
    let daemon = world.daemon();
    daemon.purchase(8).ok();
    for user in ["silent", "quiet"] {
        daemon.assign(user).ok();
    }
    daemon.get("/admin/phones/api/cost").ok();
    // One of the charges was another pool's; all are of one day, whatever the clock said meanwhile.
    world.sql(
        "SET session_replication_role = replica; UPDATE charges SET charged_on = (SELECT min(charged_on) FROM charges);
         UPDATE charges SET pool = 'east' WHERE number_id = (SELECT max(number_id) FROM charges)",
    );
    let month = world.sql("SELECT to_char(min(charged_on), 'YYYY-MM') FROM charges");
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;

    window.open(&daemon, &format!("{HOME}/cost?month={month}")).await;
    assert_eq!(window.count("#cost-days rect").await, 2, "one day, two pools");
    let words = window.says_of("#cost-days svg[role=img]", "aria-label").await;
    assert!(words.contains("9.20 USD"), "eight numbers: {words}");
    assert_ne!(window.says_of("#cost-days rect.p0", "fill").await, window.says_of("#cost-days rect.p1", "fill").await);
    assert!(window.text("#cost-days figcaption").await.contains("east"));
    window.click("#cost-days + details summary").await;
    assert_eq!(window.count("#cost-by-day tbody tr").await, 2);
    is_readable(&window, "cost").await;
    window.pictures("cost").await;

    // What could go back does so by the question of the number's own page.
    assert_eq!(window.count("#cost-savings tbody tr").await, 4, "six are idle, and a batch stays");
    let spare = window.text("#cost-savings tbody tr:first-child td:first-child").await;
    window.click("#cost-savings tbody tr:first-child a.button").await;
    window.find("dialog .danger").await;
    window.fill("dialog [name=confirm]", &spare[spare.len() - 4..]).await;
    window.click("dialog .danger").await;
    window.says("was given back to Twilio").await;
    assert_eq!(window.path().await, format!("{HOME}/cost"), "it is told where it was asked");
    eventually("it is gone", || world.twilio.truth().owned.len() == 7);
    assert_eq!(window.count("#cost-savings tbody tr").await, 3);
    window.close().await;
}
