//! Open alerts on top of the dashboard: they come and go while somebody looks, and somebody says that they know.

use crate::chrome::Chrome;
use crate::world::World;
use crate::world::alerting::{cleared, raised, told};

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_comes_while_somebody_looks_is_acknowledged_and_goes() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // A pool without a number is no calm one.
    daemon.purchase(1).ok();
    let chrome = Chrome::start().await;
    let window = chrome.window().await;
    window.log_in(&daemon).await;
    window.is_live().await;
    assert!(window.shows("#calm").await);
    let alert = raised(&world, "balance.low", "", "critical", 5);
    told(&world, &alert, "slack", ("waiting", 2, Some("hooks.slack.com cannot be found")), 5);
    let line = format!("#alert-{alert}");
    window.until("it is there", async || window.count(&line).await == 1).await;
    window.until("nothing is calm any more", async || !window.shows("#calm").await).await;
    let says = window.text(&line).await;
    for words in
        ["It is balance.low.", "Because of that.", "Mend it.", "It reached nobody", "hooks.slack.com cannot be found"]
    {
        assert!(says.contains(words), "{words}: {says}");
    }
    window.pictures("alert").await;

    window.click(&format!("{line} a[data-ask]")).await;
    window.find("dialog button").await;
    assert!(window.text("dialog").await.contains("It is balance.low."));
    window.click("dialog button").await;
    window.says("not repeated").await;
    window.until("its button is gone", async || window.count(&format!("{line} a[data-ask]")).await == 0).await;
    assert!(window.text(&line).await.contains("Known to"));
    assert_eq!(world.count("SELECT count(*) FROM alerts WHERE acknowledged_by IS NOT NULL"), 1);

    cleared(&world, &alert);
    window.until("it is over", async || window.count(&line).await == 0).await;
    window.until("nothing needs anybody", async || window.shows("#calm").await).await;
    window.open(&daemon, "/admin/phones/dashboard/alerts").await;
    assert!(window.text("#alerts-list").await.contains("It is over."));
    assert!(window.text("main").await.contains("no channel is configured"));
    window.pictures("alerts").await;
    window.close().await;
}
