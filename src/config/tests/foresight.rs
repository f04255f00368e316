//! `[foresight]`, boosts, and what is in force of a pool's policy.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::{World, assert_holds};
use crate::config::{BoostConfig, Config, ForesightMode, PoolConfig, WebhooksConfig, describe_effective};
use crate::domain::PoolName;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn holds(toml: &str, parts: &[&str]) {
    let problems = World::new().toml(toml).problems().join("\n");
    assert_holds(&problems, parts);
}

#[test]
fn what_foresight_and_boosts_may_not_say() {
    for (toml, parts) in [
        ("[foresight]\nmode = \"always\"", &["foresight.mode", "off, advise or apply"][..]),
        ("[foresight]\nwaiting_share_max = 0", &["foresight.waiting_share_max", "0.00001 to 0.5"]),
        ("[foresight]\nwaiting_share_max = 0.6", &["foresight.waiting_share_max"]),
        ("[pool]\nboosts = 3", &["pool.boosts", "[[pool.boosts]]"]),
    ] {
        holds(toml, parts);
    }
    let boost = |from: &str, until: &str, threshold: u32| {
        format!("[[pool.boosts]]\nfrom = {from}\nuntil = {until}\nthreshold_low = {threshold}\n")
    };
    let (day, next) = ("2026-12-24T08:00:00Z", "2026-12-27T00:00:00+01:00");
    for (boosts, parts) in [
        (boost(next, day, 20), &["pool.boosts", "not after its from"][..]),
        (boost(day, day, 20), &["pool.boosts", "2026-12-24T08:00:00"]),
        (boost(day, next, 51), &["pool.boosts", "above available_max 50"]),
        (boost("2026-12-24T08:00:00", next, 20), &["pool.boosts", "have an offset"]),
        (boost("\"2026-12-24\"", next, 20), &["pool.boosts", "have an offset"]),
        (boost(day, next, 20).replace("threshold_low", "threshold"), &["pool.boosts"]),
        (boost(day, next, 20).repeat(2), &["pool.boosts", "twice"]),
    ] {
        holds(&boosts, parts);
    }
    let many: Vec<String> = (0..101)
        .map(|minute| {
            format!("[[pools.gb.boosts]]\nfrom = \"{day}\"\nuntil = \"2027-01-01T00:00:00.{minute:03}Z\"\nthreshold_low = 1\n")
        })
        .collect();
    holds(&format!("[pools.gb]\ncountry = \"GB\"\n{}", many.concat()), &["pools.gb.boosts", "are 101"]);
    let problem = World::new().with("CALLBUNKER__POOL__BOOSTS", "soon").problem();
    assert_holds(&problem, &["CALLBUNKER__POOL__BOOSTS", "in the file"]);
}

/// A configuration with a boost to 40 from eight to nine, and another pool.
fn boosted() -> Config {
    let mut config = World::new().toml("[pools.gb]\ncountry = \"GB\"\nthreshold_low = 0").load().unwrap();
    let boost = |from, until, threshold_low| BoostConfig { from: at(from), until: at(until), threshold_low };
    config.pool.boosts = vec![
        boost("2026-12-24T08:00:00Z", "2026-12-24T09:00:00Z", 40),
        boost("2026-12-24T07:00:00Z", "2026-12-24T12:00:00Z", 20),
    ];
    config
}

#[test]
fn the_highest_of_what_is_told_is_in_force_and_nothing_above_available_max() {
    let (name, gb): (PoolName, PoolName) = (PoolName::default_pool(), "gb".parse().unwrap());
    let mut config = boosted();
    let then = |config: &Config, now: &str| config.policy_at(&name, at(now)).unwrap().threshold_low;
    let day = |hour: &str| format!("2026-12-24T{hour}Z");
    let hours = ["06:59:59", "07:00:00", "08:00:00", "08:59:59", "09:00:00", "12:00:00"];
    assert_eq!(hours.map(|hour| then(&config, &day(hour))), [10, 20, 40, 40, 20, 10]);
    // One that began early counts until it is over; what was told of another one, nothing.
    let eight = config.pool.boosts[0];
    config.boosts_begun(BTreeSet::from([
        (name.clone(), eight),
        (name.clone(), BoostConfig { threshold_low: 45, ..eight }),
        (gb.clone(), eight),
    ]));
    assert_eq!(["01:00:00", "09:00:00"].map(|hour| then(&config, &day(hour))), [40, 20]);
    // Foresight is obeyed while it applies, and never below what is configured nor above the cap.
    config.thresholds_are(BTreeMap::from([(name.clone(), 30), (gb.clone(), 30)]));
    let night = "2026-12-20T00:00:00Z";
    assert_eq!(then(&config, night), 40);
    config.boosts_begun(BTreeSet::new());
    assert_eq!(then(&config, night), 10);
    config.foresight.mode = ForesightMode::Apply;
    assert_eq!(then(&config, night), 30);
    assert_eq!(config.policy_at(&gb, at(night)).unwrap().threshold_low, 0, "it never buys by itself");
    config.thresholds_are(BTreeMap::from([(name.clone(), 300)]));
    assert_eq!(then(&config, night), 50);
    config.thresholds_are(BTreeMap::from([(name.clone(), 3)]));
    assert_eq!(then(&config, night), 10);
    assert_eq!(config.policy_at(&"fr".parse().unwrap(), Utc::now()), None);
}

#[test]
fn check_config_says_when_a_boost_is_bought_for() {
    let mut config = boosted();
    config.pool.boosts[0].from = at("2226-12-24T08:00:00Z");
    config.pool.boosts[0].until = at("2226-12-24T09:00:00Z");
    config.pool.boosts[1].until = at("2026-11-01T00:00:00Z");
    let text = describe_effective(&config);
    // Thirty more than there are, one a second, a minute until they are ready, and a fifth of that.
    let future = "# pool: the boost to 40 from 2226-12-24T08:00:00+00:00 is bought for from 2226-12-24T07:5";
    assert_holds(&text, &[future, "on, at the caps of today", "is over; it can be removed"]);
}

#[test]
fn a_reload_keeps_what_was_told_and_a_boost_is_no_other_key_of_a_halt() {
    let mut running = World::new().load().unwrap();
    running.foresight.mode = ForesightMode::Apply;
    running.thresholds_are(BTreeMap::from([(PoolName::default_pool(), 30)]));
    let world = World::new();
    let mut reloaded = Config::load_for_reload(&world.sources, &running).unwrap().config;
    reloaded.foresight.mode = ForesightMode::Apply;
    let threshold = || reloaded.policy(&PoolName::default_pool()).unwrap().threshold_low;
    assert_eq!(threshold(), 30);
    // Whoever still has the former one and learns more tells both.
    running.thresholds_are(BTreeMap::from([(PoolName::default_pool(), 33)]));
    assert_eq!(threshold(), 33);
    let now = Utc::now();
    let boost = BoostConfig { from: now, until: now + Duration::hours(1), threshold_low: 40 };
    let campaign = PoolConfig { boosts: vec![boost], ..PoolConfig::default() };
    let fingerprint = |pool: &PoolConfig| pool.fingerprint(&WebhooksConfig::default());
    assert_eq!(fingerprint(&campaign), fingerprint(&PoolConfig::default()));
    // What check-config prints can be a file again.
    let printed = toml::to_string(&campaign).unwrap();
    assert_eq!(toml::from_str::<PoolConfig>(&printed).unwrap(), campaign);
}
