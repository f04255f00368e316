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

/// Calls in pages of a thousand, and how often the account's list of them was asked for.
const PAGES: usize = 10;

#[test]
fn nobody_walks_while_twilio_refuses_the_account_and_a_walk_with_too_many_odd_rows_proves_nothing() {
    let mut world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(3).ok();
    let number = |user: &str| daemon.assign(user).ok()["phone_number"].as_str().unwrap().to_owned();
    let [called, busy, _silent] = ["called", "busy", "silent"].map(number);
    assert_eq!(daemon.stop(), Some(0));
    world.assigned_days_ago(60);
    // The newest row, which is odd, is not the one that matters.
    used(&world, &busy, Traffic::Call, true, 1);
    used(&world, &called, Traffic::Call, false, 3);
    let bulk = TrafficOrder {
        phone_number: busy,
        what: Traffic::Call,
        outbound: true,
        at: Some(Utc::now() - TimeDelta::days(20)),
        other: None,
    };
    world.twilio.traffic_in_bulk(&bulk, u32::try_from(PAGES * 1000 - 500).unwrap(), 9);
    let odd = |field: &str| Fault::new(On::Calls, FaultKind::OddRow).field(field).value("");
    world.twilio.fault(odd("from").times(1));
    world.twilio.fault(odd("to").times(1));

    // Walks are due, and overdue, which is told; that of messages after that of calls was looked at.
    world.sql(
        "UPDATE buying_gate SET halted_since = now(), halt_code = 20003, halt_message = 'suspended', next_probe_at = now() + interval '1 day';
         INSERT INTO sweeps (what, from_at, until_at, state, started_at, ended_at)
         SELECT what, now() - interval '90 days', now() - interval '40 days', 'complete', now() - interval '3 hours', now() - interval '3 hours'
           FROM (VALUES ('calls'), ('messages')) AS kinds (what)",
    );
    world.change("recycling.sweep_cron", "* * * * * *");
    world.change("recycling.inactive_days", 30);
    let daemon = world.daemon_at_once();
    let warns = || daemon.get("/readyz").body["warnings"].to_string();
    eventually("both are looked at", || warns().contains("the account's calls and messages came"));
    let asked = || world.twilio.truth().requests_of(On::Calls) + world.twilio.truth().requests_of(On::Messages);
    assert_eq!(asked(), 0, "nobody asks");
    assert_eq!(world.count("SELECT count(*) FROM sweeps WHERE state <> 'complete'"), 0, "nor begins to");

    // One odd row is passed over, and counted.
    daemon.post_empty("/admin/phones/api/resume").ok();
    let complete = "SELECT count(*) FROM sweeps WHERE what = 'calls' AND state = 'complete' AND unreadable = 1";
    eventually("calls are walked over", || world.count(complete) == 1);
    assert_eq!(world.uses(), ["busy call", "called call"]);
    eventually("nothing stands still", || !warns().contains("sweep_stuck"));

    // One on each page may hide the one use.
    world.twilio.fault(odd("from").forever());
    world.twilio.fault(odd("to").forever());
    world.sql("DELETE FROM sweeps WHERE what = 'calls'");
    let broken = "SELECT count(*) FROM sweeps WHERE what = 'calls' AND state = 'broken' AND error = 'too many rows could not be read'";
    eventually("a walk breaks off", || world.count(broken) > 0);
    let unknown = "nobody knows yet whether it was used: no walks over calls and messages cover the last 30 days";
    assert_eq!(inactive(&daemon, ""), [format!("silent {unknown}")]);
}
