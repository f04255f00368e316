//! Boosts: in force while they last, bought for before they begin, and told when their numbers will not be there.

use chrono::{DateTime, TimeDelta, Utc};

use crate::world::reloading::Reloading;
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

fn boost(from: DateTime<Utc>, threshold: u32) -> String {
    let until = from + TimeDelta::hours(3);
    format!(
        "[pool]\nthreshold_low = 0\ntotal_min = 0\nreplenishment_batch_size = 1\n[spend]\npurchases_per_hour_max = 5\n\
         [[pool.boosts]]\nfrom = {}\nuntil = \"{}\"\nthreshold_low = {threshold}\n",
        from.format("%Y-%m-%dT%H:%M:%SZ"),
        until.to_rfc3339()
    )
}

#[test]
fn a_boost_is_in_force_while_it_lasts_and_one_that_cannot_be_reached_is_bought_for_at_once_and_told() {
    let now = Utc::now();
    let reloading = Reloading::in_world(World::new(), &boost(now - TimeDelta::hours(1), 2));
    let status = || reloading.daemon.status();
    eventually("it has its numbers", || status()["available"] == 2);
    let seen = status();
    assert_eq!((&seen["threshold"], &seen["threshold_configured"]), (&2.into(), &0.into()), "{seen}");

    // Three more this hour are all that the cap allows.
    reloading.write("callbunker.toml", &boost(now + TimeDelta::minutes(30), 8));
    let told = reloading.reload();
    assert!(told["changed"].as_str().is_some_and(|changed| changed.contains("pool.boosts")), "{told}");
    let ready = || reloading.daemon.get("/readyz").body["warnings"].to_string();
    eventually("it is told", || ready().contains("boost_unreachable: the boost of pool default to 8"));
    assert!(ready().contains("3 numbers: spend.purchases_per_hour_max is in the way"), "{}", ready());
    eventually("what can be bought is bought, though it has not begun", || {
        let status = reloading.daemon.status();
        status["threshold"] == 8 && status["available"] == 5
    });
    let items = reloading.daemon.get("/admin/phones/api/attention").ok();
    let is_told = |item: &serde_json::Value| item["kind"] == "boost_unreachable" && item["count"] == 3;
    assert!(items["items"].as_array().expect("a list").iter().any(is_told), "{items}");

    let lacking = || Scrape::of(&reloading.daemon).get("callbunker_boost_lacking", &[("pool", "default")]);
    eventually("machines see it", || lacking() == 3.0);

    // Without it nothing is left of it but the numbers.
    reloading.write("callbunker.toml", "[pool]\nthreshold_low = 0\ntotal_min = 0\n");
    reloading.reload();
    eventually("it is over", || !ready().contains("boost_unreachable"));
    let status = reloading.daemon.status();
    assert_eq!((&status["threshold"], &status["available"]), (&0.into(), &5.into()));
    eventually("nor do machines", || lacking() == 0.0);
}
