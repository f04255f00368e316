//! Several pools, as operators meet them: the switch, a line for each, one that is halted, and all of it readable.

use serde_json::json;
use twilio_simulator::{AddressOrder, BundleOrder, NumberKind};

use crate::accessible::faults_of;
use crate::chrome::Chrome;
use crate::window::HOME;
use crate::world::{World, eventually};

const ADDRESS: &str = "AD0123456789abcdef0123456789abcdef";
const BUNDLE: &str = "BU0123456789abcdef0123456789abcdef";

/// US local numbers, and British ones whose bundle nobody has made yet.
fn world() -> World {
    let world = World::new()
        .set("pool.threshold_low", 4)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 4)
        .set("pools.gb.country", "GB")
        .set("pools.gb.address_sid", ADDRESS)
        .set("pools.gb.bundle_sid", BUNDLE)
        .set("pools.gb.threshold_low", 3)
        .set("pools.gb.replenishment_batch_size", 3)
        .set("pools.east.country", "US")
        .set("pools.east.threshold_low", 0);
    world.twilio.address(AddressOrder::new("GB").sid(ADDRESS).city("London"));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halted_pool_says_what_it_needs_and_goes_on_by_its_button() {
    let world = world();
    let daemon = world.daemon();
    eventually("the default pool is filled, and gb is halted", || {
        let pools = daemon.status()["pools"].clone();
        pools[0]["available"] == 4 && pools[2]["halted"]["needs"] == "pools.gb.bundle_sid"
    });
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    let line = "#pools tr[data-pool=gb]";
    let told = window.text(line).await;
    assert!(told.contains("GB, local") && told.contains("Halted needs pools.gb.bundle_sid"), "{told}");
    assert_eq!(window.text("#verdict").await, "gb: Halted");
    window.pictures("pools-halted").await;
    // The bundle is made at Twilio, and the pool resumed where it says so.
    world.twilio.bundle(BundleOrder::new("GB", NumberKind::Local).sid(BUNDLE));
    window.click(&format!("{line} a.button")).await;
    window.click("dialog button.go").await;
    window.says("gb is not halted any more").await;
    window.until("it fills up while one looks", async || window.text(line).await.contains("3 of 3")).await;
    window
        .until("its state is another one", async || window.text(&format!("{line} .pill")).await == "Enough in stock")
        .await;
    window.until("so is that of all", async || window.text("#verdict").await == "Enough in stock").await;
    // A signup of one pool changes its line, and no other.
    daemon.signup("/signup/api/assign", &json!({"user_id": "gwen", "country": "GB"})).ok();
    window.until("gwen is counted", async || window.text(&format!("{line} [data-of=assigned]")).await == "1").await;
    assert_eq!(window.text("#pools tr[data-pool=default] [data-of=assigned]").await, "0");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_chooses_a_pool_and_the_choice_stays() {
    let world = world();
    world.twilio.bundle(BundleOrder::new("GB", NumberKind::Local).sid(BUNDLE));
    let daemon = world.daemon();
    eventually("both are filled", || daemon.status()["available"] == 7);
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    assert_eq!(window.figure("available").await, Some(7));
    window.click("nav.pools a[href$='pool=gb']").await;
    window.until("it is about gb", async || window.text("nav.pools a[aria-current]").await == "gb").await;
    window.is_live().await;
    assert_eq!((window.figure("available").await, window.count("#pool tbody tr").await), (Some(3), 3));
    assert!(window.driver.title().await.unwrap().starts_with("(3)"));
    // What becomes of the others changes nothing here.
    daemon.assign("ann").ok();
    daemon.signup("/signup/api/assign", &json!({"user_id": "gwen", "country": "GB"})).ok();
    window.until("gwen is listed", async || window.text("#assignments tbody").await.contains("gwen")).await;
    assert!(!window.text("#assignments tbody").await.contains("ann"));
    window.until("gb alone is counted", async || window.figure("assigned").await == Some(1)).await;
    window.pictures("pools-one").await;
    // An area code is asked for only where there are any.
    assert_eq!(window.says_of("#buy select[name=pool] option[selected]", "value").await, "gb");
    window.until("Britain has none", async || !window.shows("#buy [name=area_code]").await).await;
    window.click("#buy select[name=pool] option[value=east]").await;
    window.until("the US have", async || window.shows("#buy [name=area_code]").await).await;
    window.click("nav[aria-label=Pages] a[href*='/numbers']").await;
    window.until("the list is gb's", async || window.count(".lined tbody tr").await >= 3).await;
    assert!(window.driver.current_url().await.unwrap().query().unwrap_or_default().contains("pool=gb"));
    assert!(!window.text(".lined tbody").await.contains("+1 "), "a number of another pool");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_about_pools_can_be_read_by_everybody() {
    let world = world();
    let daemon = world.daemon();
    eventually("the default pool is filled, and gb is halted", || {
        let pools = daemon.status()["pools"].clone();
        pools[0]["available"] == 4 && pools[2]["halted"]["needs"] == "pools.gb.bundle_sid"
    });
    let number = daemon.assign("ann").ok()["phone_number"].as_str().expect("a number")[1..].to_owned();
    world.sql("UPDATE numbers SET pool = 'gone' WHERE id = (SELECT number_id FROM leases WHERE user_id IS NULL ORDER BY number_id LIMIT 1)");
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    let mut found = Vec::new();
    for (name, path) in [
        ("pools", HOME.to_owned()),
        ("pools-gb", format!("{HOME}?pool=gb")),
        ("pools-numbers", format!("{HOME}/numbers")),
        ("pools-orders", format!("{HOME}/orders")),
        ("pools-checks", format!("{HOME}/passes?pool=gb")),
        ("pools-number", format!("{HOME}/numbers/%2B{number}")),
        ("pools-found", format!("{HOME}/search?q=%2B{}", &number[..4])),
        ("pools-move", format!("{HOME}/acts/move?phone_number=%2B{number}")),
        ("pools-resume", format!("{HOME}/acts/resume?pool=gb")),
        ("pools-replenish", format!("{HOME}/acts/replenish")),
    ] {
        window.open(&daemon, &path).await;
        window.find("main").await;
        found.extend(faults_of(&window, name).await);
    }
    assert_eq!(found, Vec::<String>::new());
    window.open(&daemon, HOME).await;
    window.pictures("pools").await;
    window.open(&daemon, &format!("{HOME}/numbers")).await;
    window.pictures("pools-numbers").await;
    window.open(&daemon, &format!("{HOME}/numbers/%2B{number}")).await;
    window.pictures("pools-number").await;
    window.close().await;
}
