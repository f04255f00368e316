//! The last check before buying: caps that shrink between plan and intent hold all the same, and somebody is told.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use twilio_simulator::On;

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// A world whose configuration file can change, with searches slow enough to change it between plan and intent.
fn reloading(name: &str, toml: &str) -> (World, PathBuf) {
    let world = World::new();
    let file = std::env::temp_dir().join(format!("callbunker-{name}-{}.toml", world.database.name()));
    std::fs::write(&file, toml).expect("a file");
    world.twilio.set_latency_on(On::Search, Duration::from_secs(3));
    (world.set("CALLBUNKER_CONFIG", file.display()), file)
}

fn shrink(world: &World, daemon: &Daemon, file: &PathBuf, toml: &str) {
    eventually("the plan is made and a search is on its way", || world.twilio.truth().requests_of(On::Search) == 1);
    std::fs::write(file, toml).expect("a file");
    daemon.signal(Signal::SIGHUP);
    eventually("the caps are smaller", || daemon.has_logged("the configuration was reloaded"));
    assert_eq!(world.bought(), 0, "the search is still on its way");
}

fn told(daemon: &Daemon, cap: &str) {
    eventually("somebody is told", || daemon.has_logged("the last check before buying held back"));
    let lines = daemon.log_lines();
    let told = lines
        .iter()
        .find(|line| {
            line["msg"].as_str().is_some_and(|text| text.starts_with("the last check before buying held back"))
        })
        .unwrap_or_else(|| panic!("nobody was told:\n{}", daemon.log_text()));
    assert_eq!(told["cap"], cap, "{told}");
    assert!(told["order"].is_string(), "{told}");
}

#[test]
fn a_spend_cap_that_shrinks_after_the_plan_holds_and_is_told() {
    let quiet = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";
    let (world, file) = reloading("spend", &format!("{quiet}[spend]\npurchases_per_hour_max = 100\n"));
    let daemon = world.daemon();
    let order = std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(5).ok());
        shrink(&world, &daemon, &file, &format!("{quiet}[spend]\npurchases_per_hour_max = 2\n"));
        order.join().unwrap()
    });
    assert_eq!((&order["purchased_count"], &order["errors"][0]["code"]), (&json!(2), &json!("spend_cap")), "{order}");
    assert_eq!((world.bought(), world.twilio.truth().creates.len()), (2, 2), "nothing beyond the cap");
    told(&daemon, "spend_cap");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn idle_stock_stays_below_an_available_max_that_shrinks_after_the_plan() {
    let pool = |max| {
        format!("[pool]\nthreshold_low = 3\ntotal_min = 0\nreplenishment_batch_size = 6\navailable_max = {max}\n")
    };
    let (world, file) = reloading("available", &pool(50));
    let daemon = world.daemon();
    shrink(&world, &daemon, &file, &pool(3));
    eventually("the batch ended", || world.count("SELECT count(*) FROM purchases WHERE ended_at IS NOT NULL") == 1);
    assert_eq!((world.bought(), world.twilio.truth().creates.len()), (3, 3), "nothing beyond the cap");
    told(&daemon, "available_max");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_cap_that_the_plan_knew_of_is_no_alarm() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 3);
    let daemon = world.daemon();
    assert_eq!(daemon.purchase(5).ok()["purchased_count"], 3);
    assert!(!daemon.has_logged("the last check before buying held back"));
}
