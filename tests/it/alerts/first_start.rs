//! The first start: nobody is told of pools that are being filled, and at once of those that cannot be.

use twilio_simulator::{BundleOrder, Fault, FaultKind, NumberKind, On};

use super::SIGNING;
use super::far::far;
use crate::world::session::Session;
use crate::world::{World, eventually};

#[test]
fn a_first_filling_is_no_emptiness_and_a_pool_that_halts_or_finds_nothing_is_told_by_mail() {
    let far = far();
    let world = World::new()
        .set("pool.threshold_low", 2)
        .set("pool.total_min", 0)
        .set("http.public_url", "https://numbers.example.com/phones")
        .set("alerts.for_secs", 1)
        .set("alerts.email.smtp_url", far.smtp_url())
        .set("alerts.email.from", "callbunker@example.com")
        .set("alerts.email.to", "ops@example.com")
        .set("alerts.webhook.url", format!("{}/hook", far.url()))
        .set("ALERT_WEBHOOK_SECRET", SIGNING);
    world.twilio.set_regulated("CA", false);
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).country("CA").forever());
    let bundle = world.twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile));
    world.twilio.bundle(BundleOrder::removal(&*bundle));
    let gb = [("country", "GB"), ("number_type", "mobile"), ("bundle_sid", &*bundle), ("threshold_low", "1")];
    let world = world.pools(&[("gb", &gb), ("ca", &[("country", "CA"), ("threshold_low", "1")])]);

    // Nothing can be bought yet, because an earlier service has the lock.
    let other = Session::holding_the_purchase_lock(&world);
    let daemon = world.daemon_at_once();
    let pending = "SELECT string_agg(subject || ' ' || phase, ', ' ORDER BY subject) FROM alert_conditions WHERE kind = 'pool.empty'";
    eventually("all three are empty, and nobody is told", || {
        world.sql(pending) == "ca pending, default pending, gb pending"
    });
    let since = world.now();
    eventually("somebody has looked again", || world.is_judged_since(&since));
    assert_eq!(world.count("SELECT count(*) FROM alerts WHERE kind = 'pool.empty'"), 0);
    drop(other);

    daemon.post_empty("/admin/phones/api/replenish");
    let expected = [
        "pool.empty ca critical",
        "pool.empty gb critical",
        "pool.halted gb critical",
        "pool.low ca warning",
        "pool.low gb warning",
    ];
    eventually("what cannot be filled is told", || {
        // What was low before the lock was free is so no more.
        world.alerts_open() == expected
    });
    assert_eq!(world.count("SELECT count(*) FROM alerts WHERE kind = 'pool.empty' AND subject = 'default'"), 0);

    // By mail, with what to do and where more stands.
    let mails = || far.got().mails.iter().filter_map(|mail| Some((mail.plain()?, mail.html()?))).collect::<Vec<_>>();
    let runbook = "https://numbers.example.com/phones/runbook";
    eventually("it is mailed", || {
        world.hurry();
        let text: String = mails().into_iter().map(|(plain, _)| plain).collect();
        ["pool.halted", "pool.empty"].iter().all(|kind| text.contains(&format!("{runbook}/{kind}")))
    });
    let (plain, html): (String, String) = mails().into_iter().unzip();
    for part in [
        "Buying for pool gb is halted: it needs pools.gb.bundle_sid.",
        "\nSince 20",
        "\nTo do: ",
        "https://numbers.example.com/phones/admin/phones/dashboard/alerts",
    ] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    assert!(html.contains(&format!("<a href=\"{runbook}/pool.halted\">")), "{html}");
    eventually("the webhook has its runbook, too", || {
        far.got()
            .requests_to("/hook")
            .iter()
            .any(|request| request.json()["data"]["runbook"] == format!("{runbook}/pool.halted"))
    });
}
