//! Everybody can read every page: axe-core finds nothing, best practice included, in every state, wide and narrow, light and
//! dark; nothing runs out of a page of 320 px; what the system's own colours replace can still be seen.
//!
//! axe-core is fetched by `scripts/install-deps --browser`, and is no part of the repository.
//! How to get it wrong: a rule that is switched off because one page breaks it. The page is mended.

use std::path::PathBuf;

use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::{Value, json};
use twilio_simulator::{AccountStatus, ForeignNumber, Webhooks};

use crate::chrome::Chrome;
use crate::pages::Things;
use crate::window::{HOME, Window};
use crate::world::World;

/// Answers with the rules that were broken, and where.
const RUN: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
      rules: { 'target-size': { enabled: true } },
      resultTypes: ['violations'],
    }).then(
      ({ violations }) => done(violations.map((rule) => `${rule.id}: ${rule.help}: `
        + rule.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.failureSummary}`).join(' | '))),
      (error) => done([String(error)]));";

/// What reaches beyond the window's edge, outermost first, if the page is wider than the window; not what scrolls by itself.
const TOO_WIDE: &str = "
    const room = window.innerWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    return [...document.body.querySelectorAll('*')].filter((one) => !one.closest('.scroll') && one.getBoundingClientRect().right > room)
        .slice(0, 6).map((one) => one.cloneNode(false).outerHTML);";

fn axe() -> String {
    let tools = PathBuf::from(env!("CARGO_BIN_EXE_callbunker")).ancestors().nth(2).expect("target").join("tools");
    let folders = std::fs::read_dir(&tools).into_iter().flatten().flatten().map(|entry| entry.path());
    let folder = folders
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("axe-core-")))
        .max()
        .unwrap_or_else(|| panic!("axe-core is not in {}: scripts/install-deps --browser", tools.display()));
    std::fs::read_to_string(folder.join("axe.min.js")).expect("axe-core")
}

/// Asks axe-core; again, when the page was loaded anew meanwhile, as that of a database away is every five seconds.
async fn run(window: &Window, axe: &str) -> Vec<String> {
    for _try in 0..5 {
        window.driver.execute(axe, vec![]).await.expect("axe-core runs");
        if let Ok(told) = window.driver.execute_async(RUN, vec![]).await {
            return told.convert().expect("a list of texts");
        }
    }
    panic!("the page is never at rest");
}

/// Wide and narrow, light and dark: both pairs of looks have all four, and pages take turns.
const LOOKS: [[(u32, bool); 2]; 2] = [[(1440, false), (390, true)], [(390, false), (1440, true)]];

/// What axe-core finds on the page as it stands, in both looks of its turn.
async fn faults(window: &Window, axe: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let turn = name.bytes().map(usize::from).sum::<usize>() % LOOKS.len();
    for (width, dark) in LOOKS[turn] {
        window.look(width, dark).await;
        let told = run(window, axe).await;
        let tone = if dark { "dark" } else { "light" };
        found.extend(told.into_iter().map(|fault| format!("{name}, {width} px, {tone}: {fault}")));
    }
    window.look(320, false).await;
    // The chart is drawn anew for its new width a moment later.
    let too_wide = async || window.driver.execute(TOO_WIDE, vec![]).await.expect("names").json().clone();
    for _try in 0..50 {
        if too_wide().await == json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let names = too_wide().await;
    if names != json!([]) {
        found.push(format!("{name} does not fit a window of 320 px: {names}"));
    }
    window.look(1440, false).await;
    found
}

/// The same with axe-core as it is installed.
pub async fn faults_of(window: &Window, name: &str) -> Vec<String> {
    faults(window, &axe(), name).await
}

/// What every page of the world as it stands breaks.
async fn faults_of_all(
    window: &Window,
    daemon: &crate::world::daemon::Daemon,
    things: &Things,
    state: &str,
) -> Vec<String> {
    let axe = axe();
    let mut found = Vec::new();
    for (name, path) in things.pages() {
        window.open(daemon, &path).await;
        if name.starts_with("home") {
            window.find("#tile-available").await;
        }
        found.extend(faults(window, &axe, &format!("{name} ({state})")).await);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_pool_at_work_can_be_read_by_everybody() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(12).ok();
    let things = Things::new(&daemon, "ann@example.com");
    for user in ["bob", "u-0190d6a2-77aa-7c31-9d2e-8f2f6c1e0b11"] {
        daemon.assign(user).ok();
    }
    daemon.release("bob").ok();
    for (number, name) in [("+14155550142", "the old service"), ("+14155550143", "somebody's test")] {
        world.twilio.own(ForeignNumber::new(number).friendly_name(name));
    }
    let drifted = world.twilio.truth().owned[3].phone_number.clone();
    let elsewhere =
        Webhooks { voice_url: Some("https://elsewhere.example.com/voice".to_owned()), ..Webhooks::default() };
    world.twilio.set_webhooks(&drifted, elsewhere);
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.open(&daemon, HOME).await;
    let mut found = faults(&window, &axe(), "login").await;
    window.log_in(&daemon).await;
    found.extend(faults_of_all(&window, &daemon, &things, "at work").await);
    // A question over the page, and a plan in it.
    window.open(&daemon, HOME).await;
    window.click("#act-pause a").await;
    window.find("dialog button").await;
    found.extend(faults(&window, &axe(), "dialog").await);
    window.open(&daemon, HOME).await;
    window.fill("#buy [name=count]", "3").await;
    window.click("#buy button").await;
    window.find("#preview button").await;
    found.extend(faults(&window, &axe(), "preview").await);
    window.click("#preview button").await;
    window.says("one.").await;
    found.extend(faults(&window, &axe(), "said").await);
    assert_eq!(found, Vec::<String>::new());
    window.close_but(&["404", "422"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_bad_morning_can_be_read_by_everybody() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster)
        .set("pool.threshold_low", 4)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 4);
    let daemon = world.daemon();
    crate::world::eventually("the pool is filled", || daemon.status()["available"] == 4);
    let things = Things::new(&daemon, "ann");
    world.twilio.set_account_status(AccountStatus::Suspended);
    for user in 0..4 {
        daemon.assign(&format!("user-{user}"));
    }
    daemon.post_empty("/admin/phones/api/replenish");
    crate::world::eventually("buying is halted", || !daemon.status()["halted"].is_null());
    daemon.post("/admin/phones/api/pause", &json!({"reason": "ask Dana before resuming"})).ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    let mut found = faults_of_all(&window, &daemon, &things, "empty, halted, paused").await;
    // A bad hour is a few lines.
    world.sql("INSERT INTO passes (at, trigger, reason, purchased_count, error)
        SELECT now() - n * interval '1 minute', 'cron', 'twilio_unavailable', 0,
               'Twilio gave no proper answer to a search (status 503/20503: busy, Twilio''s request RQ' || n || '); try again later'
          FROM generate_series(1, 58) n");
    window.open(&daemon, HOME).await;
    window.look(390, false).await;
    let height =
        window.cdp("Page.getLayoutMetrics", json!({})).await["cssContentSize"]["height"].as_f64().unwrap_or(0.0);
    assert!(height < 5200.0, "a bad hour is {height} px tall");
    found.extend(faults(&window, &axe(), "bad hour").await);
    cluster.stop_fast().expect("a stop");
    window.open(&daemon, HOME).await;
    found.extend(faults(&window, &axe(), "database away").await);
    assert_eq!(found, Vec::<String>::new());
    window.close_but(&["503", "404", "422", "events"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_called_by_what_they_show() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let things = Things::new(&daemon, "ann");
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    assert_eq!(window.driver.title().await.unwrap(), "(1) callbunker");
    daemon.assign("bob").ok();
    window.until("the tab tells the stock", async || window.driver.title().await.unwrap() == "(0) callbunker").await;
    let number = &things.number;
    let shown = format!("+1 {} {} {}", &number[1..4], &number[4..7], &number[7..]);
    for (path, title) in [
        (format!("/admin/phones/dashboard/search?q=%2B{number}"), format!("{shown} · callbunker")),
        ("/admin/phones/dashboard/search?q=ann".to_owned(), "ann · callbunker".to_owned()),
        ("/admin/phones/dashboard/acts/pause".to_owned(), "Pause automatic buying? · callbunker".to_owned()),
        ("/admin/phones/dashboard/passes".to_owned(), "Checks · callbunker".to_owned()),
    ] {
        window.open(&daemon, &path).await;
        assert_eq!(window.driver.title().await.unwrap(), title, "{path}");
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_that_the_system_forces_leave_the_meters_and_states_visible() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    let media: Value = json!({"features": [{"name": "forced-colors", "value": "active"}]});
    window.cdp("Emulation.setEmulatedMedia", media).await;
    for css in [".meters progress", "#verdict"] {
        let width = window.says_of(css, "border-top-width").await;
        assert_eq!(width, "1px", "{css} has a border where grounds are gone");
    }
    window.close().await;
}
