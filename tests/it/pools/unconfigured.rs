//! What is left of a pool that the configuration does not name any more, and what one that comes wants.

use serde_json::{Value, json};

use crate::world::reloading::Reloading;
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

const DEFAULT: &str = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";
const GB: &str = "[pools.gb]\ncountry = \"US\"\nthreshold_low = 0\n";

fn with(pools: &str) -> String {
    format!("{DEFAULT}{pools}")
}

fn names(document: &Value) -> Vec<&str> {
    document["pools"].as_array().expect("a list").iter().filter_map(|pool| pool["pool"].as_str()).collect()
}

fn assign(reloading: &Reloading, user: &str) -> crate::world::daemon::Reply {
    reloading.daemon.signup("/signup/api/assign", &json!({"user_id": user, "pool": "gb"}))
}

#[test]
fn what_a_pool_wants_is_in_force_as_soon_as_it_comes() {
    let reloading = Reloading::new(DEFAULT);
    let status = || reloading.daemon.status();
    assert_eq!(names(&status()), ["default"]);
    reloading.write("callbunker.toml", &with(GB));
    reloading.reload();
    assert_eq!(names(&status()), ["default", "gb"]);
    assert_eq!(reloading.world.bought(), 0);
    // What it wants is in force at once, and its first fill is a warm start as any other.
    let more = format!("{GB}replenishment_batch_size = 1\n").replace("threshold_low = 0", "threshold_low = 2");
    reloading.write("callbunker.toml", &with(&more));
    reloading.reload();
    assert_eq!(status()["pools"][1]["threshold"], 2);
    eventually("it is filled", || status()["pools"][1]["available"] == 2);
    assert_eq!(reloading.world.sql("SELECT DISTINCT pool FROM numbers"), "gb");
    assign(&reloading, "u-1").ok();
    reloading.write("callbunker.toml", DEFAULT);
    reloading.reload();
    assert_eq!((names(&status()), &status()["unconfigured"][0]["assigned"]), (vec!["default"], &json!(1)));
    reloading.write("callbunker.toml", &with(GB));
    reloading.reload();
    assert_eq!((names(&status()), &status()["unconfigured"]), (vec!["default", "gb"], &json!([])));
}

#[test]
fn users_of_a_pool_that_is_gone_keep_their_numbers() {
    let reloading = Reloading::new(&with(GB));
    reloading.world.stock("gb", 1, 3);
    reloading.world.stock("default", 11, 1);
    let number = assign(&reloading, "u-1").ok()["phone_number"].clone();
    assign(&reloading, "u-2").ok();
    reloading.daemon.release("u-2").ok();
    reloading.write("callbunker.toml", DEFAULT);
    reloading.reload();
    let status = reloading.daemon.status();
    assert_eq!(status["unconfigured"], json!([{"pool": "gb", "available": 1, "assigned": 1, "quarantined": 1}]));
    // What users have is in the sums, and what is idle is not: it serves nobody.
    let sums = ["available", "assigned", "total", "quarantined", "resting", "owned"].map(|name| status[name].as_u64());
    assert_eq!(sums, [1, 1, 2, 1, 1, 4].map(Some));
    assert_eq!((names(&status), &status["pools"][0]["assigned"]), (vec!["default"], &json!(0)));
    reloading.daemon.get("/admin/phones/api/status?pool=gb").problem(404, "not_found");
    let again = reloading.daemon.assign("u-1").ok();
    assert_eq!((&again["phone_number"], &again["pool"]), (&number, &json!("gb")));
    assert_eq!(reloading.daemon.assign("u-3").ok()["pool"], "default");
    assert_eq!(reloading.world.bought(), 0);
    // Whoever watches hears of it.
    let ready = reloading.daemon.send("GET", "/readyz", &[], None).ok();
    let warning = "pool_unconfigured: numbers belong to pool gb, which the configuration does not name";
    assert!(ready["warnings"].as_array().is_some_and(|warnings| warnings.contains(&json!(warning))), "{ready}");
    let items = reloading.daemon.get("/admin/phones/api/attention").ok();
    let left = items["items"].as_array().expect("a list").iter().find(|item| item["kind"] == "pool_unconfigured");
    let left = left.unwrap_or_else(|| panic!("{items}"));
    assert_eq!((&left["pool"], &left["severity"], &left["count"]), (&json!("gb"), &json!("warning"), &json!(3)));
    eventually("the metrics tell it", || Scrape::of(&reloading.daemon).get("callbunker_pool_unconfigured", &[]) == 1.0);
    // Whose pool it is, it stays: a series of its own, which wants nothing.
    let seen = Scrape::of(&reloading.daemon);
    assert_eq!(seen.get("callbunker_numbers", &[("pool", "gb"), ("state", "assigned")]), 1.0);
    assert!(!seen.text.contains("pool=\"other\""), "{}", seen.text);
}

#[test]
fn pools_are_labels_and_reloads_leave_no_more_than_they_name() {
    let reloading = Reloading::in_world(World::new(), DEFAULT);
    reloading.world.stock("stray", 1, 2);
    for round in 0..3 {
        let pools: String =
            (0..5).map(|pool| format!("[pools.p{round}_{pool}]\ncountry = \"US\"\nthreshold_low = 0\n")).collect();
        reloading.write("callbunker.toml", &with(&pools));
        reloading.reload();
    }
    eventually("stock is seen", || Scrape::of(&reloading.daemon).get("callbunker_pool_unconfigured", &[]) == 1.0);
    let seen = Scrape::of(&reloading.daemon);
    let labels = seen.text.lines().filter(|line| line.starts_with("callbunker_threshold{"));
    // Those that were ever in force, and one for whatever was never.
    assert_eq!(labels.count(), 1 + 3 * 5 + 1, "{}", seen.text);
    assert_eq!(seen.get("callbunker_numbers", &[("pool", "other"), ("state", "available")]), 2.0);
    assert!(!seen.text.contains("stray"), "{}", seen.text);
}
