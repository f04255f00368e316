//! Accounts of many numbers: page by page, in little memory.

use std::time::{Duration, Instant};

use serde_json::json;
use twilio_simulator::{ForeignNumber, On};

use crate::world::World;
use crate::world::comparing::{assert_found, forget_when_they_began, reconcile, rewire, with_our_webhooks};

/// Puts so many numbers of ours into the account and into the database.
pub fn fill(world: &World, count: u32) {
    let item = "6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";
    for n in 0..count {
        let tag = format!("callbunker:default:{item}");
        world.twilio.own(with_our_webhooks(&number(n), &tag).sid(format!("PN{n:032x}")));
    }
    world.sql(&format!(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', 'active', 'configured', true, now() - interval '1 hour'
           FROM generate_series(0, {count} - 1) AS n"
    ));
}

fn number(n: u32) -> String {
    format!("+1907{}", 2_000_000 + n)
}

#[test]
fn several_pages_are_compared_and_each_ones_differences_attended_to() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    fill(&world, 2500);
    for n in [3, 1200, 2400] {
        rewire(&world, &number(n));
    }
    for n in [10, 1700] {
        assert!(world.twilio.disown(&number(n)));
    }
    world.twilio.own(ForeignNumber::new("+14155550100"));
    let before = world.twilio.truth();
    let report = reconcile(&daemon);
    assert_found(&report, &[("repaired", 3), ("missing", 2)]);
    assert_eq!((&report["checked"], &report["foreign"]), (&json!(2499), &json!(1)));
    let after = world.twilio.truth();
    assert_eq!(after.requests_of(On::List) - before.requests_of(On::List), 3);
    let fetches = after.requests_of(On::Fetch) - before.requests_of(On::Fetch);
    assert_eq!((fetches, after.updates), (5, 3), "only what differs is asked for");
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
#[ignore = "takes minutes: a hundred thousand numbers"]
fn a_hundred_thousand_numbers_are_compared_in_little_memory() {
    let world = World::new().quiet();
    world.daemon().stop();
    fill(&world, 100_000);
    world.sql("VACUUM ANALYZE numbers");
    forget_when_they_began(&world);
    let daemon = world.daemon_at_once();
    let idle = daemon.peak_memory_kib();
    let began = Instant::now();
    let deadline = began + Duration::from_secs(400);
    while !daemon.has_compared() {
        assert!(Instant::now() < deadline, "the comparison at start does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
    // Longer than a client of these tests waits for an answer: the row tells.
    let stored = world.sql("SELECT report->>'checked', report->>'complete', report->'missing', error IS NULL FROM reconciliations ORDER BY id DESC LIMIT 1");
    assert_eq!(stored, "100000|true|[]|t");
    let peak = daemon.peak_memory_kib();
    eprintln!("{idle} KiB before, {peak} KiB at most, {:?}", began.elapsed());
    assert!(peak < 100 * 1024, "{peak} KiB");
}
