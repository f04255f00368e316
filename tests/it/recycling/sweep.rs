//! Walks over the account's calls and messages: what they see, and that one which dies, or loses its way, goes on or proves nothing.

use chrono::{TimeDelta, Utc};
use twilio_simulator::{Fault, FaultKind, On, Traffic, TrafficOrder};

use super::inactive;
use crate::world::{World, eventually};

/// A number that somebody has was used so many days ago.
fn used(world: &World, number: &str, what: Traffic, outbound: bool, days: i64) {
    let at = Some(Utc::now() - TimeDelta::days(days));
    world.twilio.traffic(TrafficOrder { phone_number: number.to_owned(), what, outbound, at, other: None });
}

#[test]
fn walks_see_every_use_once_and_go_on_where_they_were_when_their_daemon_died() {
    let mut world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(4).ok();
    let number = |user: &str| daemon.assign(user).ok()["phone_number"].as_str().unwrap().to_owned();
    let [called, texting, silent, _early] = ["called", "texting", "silent", "early"].map(number);
    assert_eq!(daemon.stop(), Some(0));
    world.assigned_days_ago(60);
    used(&world, &called, Traffic::Call, false, 3);
    used(&world, &called, Traffic::Message, false, 5);
    used(&world, &texting, Traffic::Message, true, 4);
    // Before it was theirs.
    used(&world, &silent, Traffic::Call, false, 70);
    let bulk = TrafficOrder {
        phone_number: texting.clone(),
        what: Traffic::Call,
        outbound: true,
        at: Some(Utc::now() - TimeDelta::days(20)),
        other: None,
    };
    world.twilio.traffic_in_bulk(&bulk, 2500, 9);

    // It dies right after the first page of three.
    world.change("recycling.sweep_cron", "* * * * * *");
    world.change("recycling.inactive_days", 30);
    let mut dying = world.daemon_with_failpoints("sweep_page_written=kill");
    dying.wait();
    assert_eq!(
        world.sql("SELECT state || ' ' || pages || ' ' || (next_page IS NOT NULL) FROM sweeps"),
        "running 1 true"
    );
    let asked = |world: &World| world.twilio.truth().requests_of(On::Calls);
    assert_eq!(asked(&world), 1);
    world.sql("UPDATE sweeps SET claimed_until = clock_timestamp()");
    // No other one begins meanwhile.
    world.change("recycling.sweep_cron", "0 0 0 1 1 *");
    let daemon = world.daemon();
    eventually("it goes on", || world.sql("SELECT state || ' ' || pages FROM sweeps") == "complete 3");
    assert_eq!(asked(&world), 3, "no page twice");
    let unknown = "nobody knows yet whether it was used: no walks over calls and messages cover the last 30 days";
    assert_eq!(
        inactive(&daemon, ""),
        ["early", "silent"].map(|user| format!("{user} {unknown}")),
        "messages are not known"
    );
    assert_eq!(daemon.stop(), Some(0));

    // Messages, too: a walk whose next page is lost begins anew, and one that Twilio refuses proves nothing, until the next one does.
    let bulk = TrafficOrder { what: Traffic::Message, ..bulk };
    world.twilio.traffic_in_bulk(&bulk, 1500, 5);
    world.twilio.fault(Fault::new(On::Messages, FaultKind::Refuse).status(400).code(21481).after(1));
    world.twilio.fault(Fault::new(On::Calls, FaultKind::Refuse).status(400).code(20001));
    world.change("recycling.sweep_cron", "* * * * * *");
    let daemon = world.daemon();
    eventually("all is known", || inactive(&daemon, "") == ["early -", "silent -"]);
    assert_eq!(world.uses(), ["called call", "texting message"]);
    let shown = daemon.get(&format!("/admin/phones/api/numbers/{called}")).ok();
    assert_eq!(shown["last_used_source"], "call");
    eventually("a refusal breaks a walk off", || {
        world.count("SELECT count(*) FROM sweeps WHERE state = 'broken'") == 1
    });
    assert_eq!(world.count("SELECT max(anew) FROM sweeps WHERE what = 'messages' AND state = 'complete'"), 1);
}
