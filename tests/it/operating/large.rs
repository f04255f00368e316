//! Pools with tens of thousands of numbers: what grows with them, and what must not.

use std::time::Duration;

use serde_json::json;

use crate::world::World;
use crate::world::comparing::{stocked, stocked_in};

/// Rows of numbers that Twilio is not asked about, somebody's or nobody's.
fn fill(world: &World, status: &str, count: u32) {
    let stored = if status == "assigned" { "active" } else { status };
    let given = if status == "assigned" { "" } else { " LIMIT 0" };
    world.sql(&format!(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at)
         SELECT 'PN' || lpad(to_hex(n), 32, '0'), '+1907' || (2000000 + n), 'US', '907', '{stored}', 'configured', true, now()
           FROM generate_series(1, {count}) AS n;
         UPDATE leases SET user_id = 'old-' || number_id, source = 'pool', assigned_at = now(), assignment_id = nextval('assignment_ids')
          WHERE number_id IN (SELECT number_id FROM leases WHERE user_id IS NULL AND phone_number LIKE '+1907%'{given});
         ANALYZE numbers; ANALYZE leases"
    ));
}

#[test]
fn other_webhooks_for_tens_of_thousands_of_numbers_are_a_matter_of_seconds() {
    let (mut world, daemon, numbers) = stocked(2);
    drop(daemon);
    fill(&world, "assigned", 40_000);
    world.change("PUBLIC_APP_URL", "https://moved.example.com");
    let daemon = world.daemon_at_once();
    let answer = daemon.post("/admin/phones/api/configure-webhooks", &json!({"phone_numbers": [numbers[0]]})).ok();
    // Or the daemon's own care was quicker.
    assert_eq!((&answer["checked"], &answer["failed"]), (&json!(1), &json!([])), "{answer}");
    assert_eq!(
        world.sql(&format!("SELECT webhook_status FROM numbers WHERE phone_number = '{}'", numbers[0])),
        "configured"
    );
    assert_eq!(
        world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'pending' AND id IN (SELECT number_id FROM leases WHERE user_id IS NOT NULL)"),
        40_000
    );
    assert_eq!(world.sql("SELECT unconfirming FROM installation"), "f");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[0]));
}

#[test]
fn the_monitor_does_not_count_the_whole_table_again_and_again() {
    let world = World::new().quiet();
    let (mut world, daemon, _) = stocked_in(world, 30);
    (1..=10).for_each(|user| drop(daemon.assign(&format!("u-{user}")).ok()));
    drop(daemon);
    fill(&world, "released", 40_000);
    world.change("pool.threshold_low", 10);
    world.change("pool.total_min", 25);
    let daemon = world.daemon();
    // Idle between the threshold and pool.total_min: the usual state.
    let read = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'callbunker' AND relname = 'numbers'";
    std::thread::sleep(Duration::from_secs(2));
    let before = world.count(read);
    (11..=18).for_each(|user| drop(daemon.assign(&format!("u-{user}")).ok()));
    std::thread::sleep(Duration::from_secs(5));
    let rows = world.count(read) - before;
    assert!(rows < 4 * 40_000, "{rows} rows were read one after the other");
    assert_eq!(world.bought(), 30);
}
