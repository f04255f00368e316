//! Thresholds that follow the advice: up at once, down after a day, written once however many instances judge.

use serde_json::json;

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

const CHANGES: &str = "SELECT string_agg(reason, ' ' ORDER BY id) FROM passes WHERE detail IS NOT NULL";
const IN_FORCE: &str = "SELECT in_force FROM pool_thresholds WHERE pool = 'default'";
const AUDITED: &str = "SELECT count(*) FROM audit WHERE action = 'threshold_set' AND who = 'foresight'";

fn threshold(daemon: &Daemon) -> u64 {
    daemon.status()["threshold"].as_u64().expect("a count")
}

#[test]
fn a_threshold_is_raised_at_once_lowered_after_a_day_and_changed_once_by_two_instances() {
    let mut world = World::new()
        .set("foresight.mode", "apply")
        .set("foresight.waiting_share_max", 0.01)
        .set("pool.threshold_low", 1)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 5);
    world.crowds("default", 10);
    // As if it had been decided and not told.
    world.sql("INSERT INTO advice_days (pool, day, advised, base_stock) VALUES ('default', (now() AT TIME ZONE 'UTC')::date - 1, 9, 9)");
    let (one, other) = (world.daemon(), world.daemon());
    eventually("both obey", || threshold(&one) > 1 && threshold(&one) == threshold(&other));
    let raised = threshold(&one);
    assert_eq!(world.count(IN_FORCE), i64::try_from(raised).unwrap());
    assert_eq!(one.status()["threshold_configured"], 1);
    eventually("it is bought for", || one.status()["available"].as_u64() >= Some(raised));
    assert_eq!((world.sql(CHANGES), world.count(AUDITED)), ("threshold_raised".to_owned(), 1));
    let passes = one.get("/admin/phones/api/passes").ok();
    let pass = passes["items"].as_array().expect("a list").iter().find(|pass| pass["reason"] == "threshold_raised");
    let said = pass.expect("it is told")["explanation"].as_str().expect("a sentence");
    assert!(
        said.starts_with(&format!("foresight raised the pool's threshold from 1 to {raised}: 1200 signups")),
        "{said}"
    );
    eventually("yesterday is looked back on", || {
        world.sql("SELECT needed > 0 AND signups > 100 FROM advice_days WHERE base_stock = 9 AND needed IS NOT NULL")
            == "t"
    });
    assert_eq!((one.stop(), other.stop()), (Some(0), Some(0)));

    // Nobody asks any more: not at once,
    world.sql("DELETE FROM demand");
    let daemon = world.daemon();
    eventually("it is seen", || world.count("SELECT count(*) FROM pool_thresholds WHERE lower_since IS NOT NULL") == 1);
    assert_eq!(threshold(&daemon), raised);
    assert_eq!(daemon.stop(), Some(0));
    // but after a day, to what is configured.
    world.sql(
        "UPDATE pool_thresholds SET lower_since = lower_since - interval '25 hours', changed_at = changed_at - interval '26 hours'",
    );
    let daemon = world.daemon();
    eventually("it is lowered", || threshold(&daemon) == 1);
    assert_eq!((world.sql(CHANGES), world.count(AUDITED)), ("threshold_raised threshold_lowered".to_owned(), 2));
    assert_eq!(daemon.stop(), Some(0));

    // Whoever only gives advice obeys nothing of it.
    world.sql("UPDATE pool_thresholds SET in_force = 30");
    world.change("foresight.mode", "advise");
    let daemon = world.daemon();
    assert_eq!(threshold(&daemon), 1);
    daemon.get("/admin/phones/api/advice").ok();
    assert_eq!(world.count(IN_FORCE), 30);
    assert_eq!(daemon.status()["pools"][0]["threshold_configured"], json!(1));
}
