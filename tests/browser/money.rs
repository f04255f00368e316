//! What numbers cost, how many must lie ready, and which nobody uses: drawn, in words beside it, readable by everybody, and acted on.

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

fn past(world: &World) {
    world.sql(
        "SET session_replication_role = replica;
         UPDATE leases SET assigned_at = assigned_at - interval '100 days' WHERE user_id IS NOT NULL;
         INSERT INTO touch_days (day) SELECT current_date - n FROM generate_series(0, 110) AS n ON CONFLICT DO NOTHING;
         INSERT INTO recyclings (id, number_id, assignment_id, state, unused_since, body, requested_by, noticed_at, take_after)
           SELECT gen_random_uuid(), number_id, assignment_id, 'noticed', clock_timestamp() - interval '100 days', '{}', 'dana',
                  clock_timestamp(), clock_timestamp() + interval '14 days' FROM leases WHERE user_id = 'silent'",
    );
}

/// Crowds, before the daemon reads the past.
fn crowds(world: &World) {
    world.sql(
        "INSERT INTO demand (pool, user_key, slot, asked_at)
           SELECT 'default', substring(sha256(convert_to(crowd || ' ' || number, 'UTF8')) FOR 8),
                  floor(extract(epoch FROM at) / 300)::bigint, at
             FROM generate_series(1, 40) AS crowd, generate_series(1, 5) AS number,
                  LATERAL (SELECT clock_timestamp() - crowd * interval '2 hours') AS crowds (at)",
    );
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

#[tokio::test(flavor = "multi_thread")]
async fn how_much_must_lie_ready_is_drawn_and_who_is_silent_is_listed_and_protected() {
    let world = world();
    crowds(&world);
    let daemon = world.daemon();
    daemon.purchase(8).ok();
    let told = daemon.assign("silent").ok()["phone_number"].as_str().expect("a number").to_owned();
    daemon.assign("quiet").ok();
    past(&world);
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;

    window.open(&daemon, &format!("{HOME}/foresight")).await;
    let words = window.says_of("#foresight-curve svg[role=img]", "aria-label").await;
    assert!(words.contains("the threshold in force") && words.contains("the advised one"), "{words}");
    for part in ["path.line", "path.cost", "line.now", "line.advised", "line.asked"] {
        assert_eq!(window.count(&format!("#foresight-curve {part}")).await, 1, "{part}");
    }
    assert!(window.count("#foresight tbody tr").await >= 4, "the same as a table");
    is_readable(&window, "foresight").await;
    window.pictures("foresight").await;

    window.open(&daemon, &format!("{HOME}/numbers")).await;
    window.click("a[href$='/dashboard/inactive']").await;
    window.until("the list is there", async || window.path().await == format!("{HOME}/inactive")).await;
    let list = window.text("main table").await;
    assert!(list.contains("silent") && list.contains("quiet") && list.contains("told; taken after"), "{list}");
    is_readable(&window, "inactive").await;
    window.pictures("inactive").await;
    window.fill("[name=days]", "200").await;
    window.click(".filters button").await;
    window.until("nobody was silent for so long", async || window.text("main .empty").await == "Nothing here.").await;

    window.open(&daemon, &format!("{HOME}/numbers/%2B{}", &told[1..])).await;
    let page = window.text("main").await;
    assert!(page.contains("it was told that nobody uses it; it is taken after"), "{page}");
    is_readable(&window, "number-noticed").await;
    // An operator's word ends it, and is taken back.
    window.click("a[href*='acts/protect']").await;
    window.click("dialog button.go").await;
    window.says("is protected").await;
    let page = window.text("main").await;
    assert!(
        page.contains("neither recycled nor given back to Twilio") && !page.contains("it is taken after"),
        "{page}"
    );
    assert_eq!(world.sql("SELECT state || ' ' || why FROM recyclings"), "ended protected");
    window.click("a[href*='acts/unprotect']").await;
    window.click("dialog button.go").await;
    window.says("is protected no more").await;
    window.close().await;
}
