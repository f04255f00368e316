//! Pools with tens of thousands of numbers: what grows with them, and what must not.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use twilio_simulator::{ForeignNumber, On};

use crate::world::command::{Ended, program};
use crate::world::comparing::{stocked, stocked_in};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World, eventually};

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
    assert_eq!(world.sql("SELECT unconfirming FROM pools WHERE name = 'default'"), "f");
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

/// Sessions tell what they read when they end, which is after whoever used them went on.
fn earlier_sessions_have_told(world: &World) {
    eventually("earlier sessions have told what they read", || {
        world.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
                AND pid <> pg_backend_pid()",
        ) == 0
    });
}

/// Rows of leases that PostgreSQL has read, in an index or one after the other.
const LEASES_READ: &str =
    "SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'callbunker' AND relname = 'leases')
     + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'callbunker' AND relname = 'leases')";

#[test]
fn an_order_of_many_waves_does_not_count_what_lies_in_stock() {
    let world = World::new().quiet();
    assert_eq!(world.daemon().stop(), Some(0));
    fill(&world, "active", 40_000);
    world.sql("VACUUM leases");
    earlier_sessions_have_told(&world);
    let daemon = world.daemon();
    let before = world.count(LEASES_READ);
    daemon.purchase(40).ok();
    std::thread::sleep(Duration::from_secs(2));
    let read = world.count(LEASES_READ) - before;
    // Whoever shows people the stock, or notes it down once a minute, counts it.
    assert!(read < 4 * 40_000, "{read} leases were read");
    assert_eq!(world.bought(), 40);
}

#[test]
fn a_change_of_tens_of_thousands_of_numbers_follows_each_and_reads_no_other() {
    let world = World::new().quiet();
    assert_eq!(world.daemon().stop(), Some(0));
    fill(&world, "active", 40_000);
    let one_by_one =
        "SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'callbunker' AND relname = 'leases'";
    earlier_sessions_have_told(&world);
    let before = world.count(one_by_one);
    // In one session, whose plans were made for many rows when one changes.
    world.sql(
        "UPDATE numbers SET webhook_status = 'drifted' WHERE id % 2 = 0;
         UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict' WHERE id % 4 = 0;
         UPDATE numbers SET status = 'active', quarantine_reason = NULL WHERE quarantine_reason = 'tag_conflict' AND id % 8 = 0;
         UPDATE numbers SET webhook_status = 'configured' WHERE id = (SELECT min(id) FROM numbers WHERE id % 8 = 0);
         UPDATE numbers SET webhook_status = 'drifted' WHERE id = (SELECT min(id) FROM numbers WHERE id % 8 = 0);
         SELECT pg_stat_force_next_flush()",
    );
    assert_eq!(world.count(one_by_one) - before, 0, "leases are looked up in their key");
    assert_eq!(
        world.sql("SELECT count(*) FILTER (WHERE ready), count(*) FILTER (WHERE NOT ready) FROM leases"),
        "20000|15000"
    );
    assert_eq!(world.count("SELECT sum(more) FROM owned_changes"), 40_000);
}

#[test]
fn what_is_owned_stays_known_over_many_small_changes_at_once() {
    let world = World::new().quiet();
    assert_eq!(world.daemon().stop(), Some(0));
    fill(&world, "active", 600);
    std::thread::scope(|scope| {
        for part in 0..3 {
            let world = &world;
            scope.spawn(move || {
                world.sql(&format!(
                    "DO $do$ DECLARE one bigint; BEGIN
                         FOR one IN SELECT id FROM numbers WHERE id % 3 = {part} ORDER BY id LOOP
                             UPDATE numbers SET missing_since = now() WHERE id = one;
                             COMMIT;
                             UPDATE numbers SET missing_since = NULL WHERE id = one AND id % 2 = 0;
                             COMMIT;
                         END LOOP; END $do$"
                ))
            });
        }
    });
    assert_eq!(world.count("SELECT sum(more) FROM owned_changes"), 300);
    assert!(world.count("SELECT count(*) FROM owned_changes") < 200, "they are folded");
}

/// A file of so many numbers, every third of which is somebody's, in no order.
fn export(path: &std::path::Path, count: u64) {
    let mut text = "Phone Number;User ID;Notes\n".to_owned();
    for n in 0..count {
        // Each once, because 7,919 is prime.
        let n = n * 7_919 % count;
        let user = if n.is_multiple_of(3) { format!("user-{n}@example.com") } else { String::new() };
        text += &format!("+1415{n:07};{user};note {n}\n", n = 2_000_000 + n);
    }
    std::fs::write(path, text).expect("a file");
}

/// Runs an import to its end; what it printed, and the most memory that it held, in KiB.
fn watched(daemon: &Daemon, arguments: &[&str]) -> (serde_json::Value, u64) {
    let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY)];
    let mut command = program(&env, &[&["import", "--json"], arguments].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("it is ours").is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    let ended: Ended = child.wait_with_output().expect("it ends").into();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (serde_json::from_str(&ended.stdout).expect("one document"), peak)
}

/// 5,000 rows, a hundred thousand in `make torture`; beside a tenth of them.
#[test]
fn a_file_of_many_rows_costs_the_command_no_memory_and_twilio_few_looks() {
    let count: u32 = if crate::torture::is_long() { 100_000 } else { 5_000 };
    let world = World::new().quiet();
    for n in 0..count {
        world.twilio.own(ForeignNumber::new(format!("+1415{:07}", 2_000_000 + n)).friendly_name("earlier"));
    }
    let daemon = world.daemon();
    let file = |name: &str| std::env::temp_dir().join(format!("callbunker-large-{name}-{}.csv", std::process::id()));
    let (few, many) = (file("few"), file("many"));
    export(&few, u64::from(count) / 10);
    export(&many, u64::from(count));
    let at = |path: &std::path::Path| path.to_str().expect("its path").to_owned();
    let (_, of_few) = watched(&daemon, &[&at(&few), "--dry-run"]);
    let before = world.twilio.truth().requests_of(On::List);
    let (report, of_many) = watched(&daemon, &[&at(&many), "--dry-run"]);
    let looks = world.twilio.truth().requests_of(On::List) - before;
    assert_eq!((&report["imported"], &report["assigned"]), (&json!(count), &json!(count.div_ceil(3))), "{report}");
    println!("{of_few} KiB for a tenth, {of_many} KiB for {count} rows; {looks} requests");
    // A row that is held takes some 500 bytes; the 4 MiB are the allocator's.
    let most = of_few + 4 * 1024 + u64::from(count) * 120 / 1024;
    assert!(of_many < most, "{of_few} KiB for a tenth, {of_many} KiB for {count} rows");
    assert!(looks < u64::from(count / 1000) * 20, "{looks} requests for {} pages", count / 1000);
    // Moved in, and moved in once more.
    export(&few, 2_000);
    let (report, _) = watched(&daemon, &[&at(&few)]);
    assert_eq!((&report["imported"], &report["assigned"]), (&json!(2_000), &json!(667)), "{report}");
    let updates = world.twilio.truth().updates;
    let (again, _) = watched(&daemon, &[&at(&few)]);
    assert_eq!((&again["imported"], &again["already_imported"]), (&json!(0), &json!(2_000)), "{again}");
    assert_eq!((world.twilio.truth().updates, world.count("SELECT count(*) FROM numbers")), (updates, 2_000));
    for path in [few, many] {
        let _ = std::fs::remove_file(path);
    }
}
