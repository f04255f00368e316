//! Who did it: a comparison asks Twilio's journal about what differs or is gone, and is as good without it.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On, Webhooks, Who};

use crate::world::command::callbunker;
use crate::world::comparing::{lines, only, reconcile, rewire, stocked};
use crate::world::{World, eventually};

fn elsewhere() -> Webhooks {
    Webhooks { sms_url: Some("https://elsewhere.example/sms".to_owned()), ..Webhooks::default() }
}

/// The entries that the journal would show of it, but for ours.
fn asked(world: &World) -> u64 {
    world.twilio.truth().requests_of(On::Monitor)
}

#[test]
fn what_differs_or_is_gone_says_who_did_it_and_never_that_we_did() {
    let (world, daemon, numbers) = stocked(8);
    for user in ["u-1", "u-2"] {
        daemon.assign(user).ok();
    }
    assert!(world.twilio.change_as(Who::Console, &numbers[0], elsewhere()));
    assert!(world.twilio.change_as(Who::Twilio, &numbers[1], elsewhere()));
    assert!(world.twilio.delete_as(Who::Console, &numbers[2]));
    // What the comparison repairs is told as repaired, by us: nobody is asked about it.
    rewire(&world, &numbers[3]);
    let report = reconcile(&daemon);
    let by = |line: &Value| [line["changed_by"]["actor"].clone(), line["changed_by"]["source"].clone()];
    let console = |line: &Value| {
        let [actor, source] = by(line);
        actor.as_str().is_some_and(|actor| actor.starts_with("US")) && source == "web"
    };
    assert!(console(only(&report, "missing")), "{report}");
    let drift = lines(&report, "webhook_drift");
    let of = |number: &str| drift.iter().find(|line| line["phone_number"] == number).expect("it drifted");
    assert!(console(of(&numbers[0])), "{report}");
    assert_eq!(by(of(&numbers[1])), [json!("twilio-admin"), json!("twilio")]);
    assert!(of(&numbers[1])["changed_by"]["at"].is_string());
    assert!(only(&report, "repaired").get("changed_by").is_none(), "{report}");
    assert_eq!(asked(&world), 3);
    let stored =
        world.sql("SELECT report->'missing'->0->'changed_by'->>'source' FROM reconciliations ORDER BY id DESC LIMIT 1");
    assert_eq!(stored, "web");
    // People read it, too.
    for page in ["/admin/phones/dashboard", "/admin/phones/dashboard/comparison?list=missing"] {
        let shown = daemon.get(page).body.as_str().expect("a page").replace("&#39;", "'");
        assert!(shown.contains("in Twilio's console,"), "{page}: {shown}");
    }
    let printed = callbunker(&daemon, &["reconcile"]).stdout;
    assert!(printed.contains("CHANGED BY") && printed.contains("twilio-admin at Twilio, 20"), "{printed}");
}

#[test]
fn a_key_that_may_not_read_the_journal_is_asked_once_and_the_comparison_is_whole() {
    let (world, daemon, numbers) = stocked(3);
    for (user, number) in ["u-1", "u-2"].iter().zip(&numbers) {
        daemon.assign(user).ok();
        rewire(&world, number);
    }
    for status in [403, 404, 500] {
        let before = asked(&world);
        world.twilio.fault(Fault::new(On::Monitor, FaultKind::Refuse).status(status).forever());
        let report = reconcile(&daemon);
        assert_eq!((&report["complete"], &report["problem"]), (&json!(true), &json!(null)), "{report}");
        let drift = lines(&report, "webhook_drift");
        assert_eq!(drift.len(), 2, "{report}");
        assert!(drift.iter().all(|line| line["changed_by"].is_null() && line.get("changed_by").is_some()), "{report}");
        assert_eq!(asked(&world) - before, 1, "{status}");
        world.twilio.clear_faults();
    }
    eventually("it says so", || daemon.has_logged("who changed numbers is not told"));
    assert_eq!(daemon.status()["halted"], Value::Null, "it says nothing of the account");
}
