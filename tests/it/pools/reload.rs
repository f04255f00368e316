//! Pools come, change and go by a reload, while something runs.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use twilio_simulator::{BundleOrder, NumberKind, On};

use super::{order, sign_up};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

const QUIET: &str = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";
const GB: &str = "[pools.gb]\ncountry = \"GB\"\nnumber_type = \"mobile\"\nthreshold_low = 0\n";

/// A world whose configuration file can change, and a daemon that reads it.
struct Reloading {
    world: World,
    file: PathBuf,
    daemon: Daemon,
}

impl Reloading {
    fn new(more: &str) -> Self {
        let world = World::new();
        world.twilio.set_regulated("GB", false);
        let file = std::env::temp_dir().join(format!("callbunker-pools-{}.toml", world.database.name()));
        std::fs::write(&file, format!("{QUIET}{more}")).expect("a file");
        let world = world.set("CALLBUNKER_CONFIG", file.display());
        let daemon = world.daemon();
        Self { world, file, daemon }
    }

    /// From now on the configuration says this.
    fn reload(&self, more: &str) {
        let told = || {
            let lines = self.daemon.log_lines();
            lines.iter().filter(|line| line["msg"] == "the configuration was reloaded").count()
        };
        std::fs::write(&self.file, format!("{QUIET}{more}")).expect("a file");
        let before = told();
        self.daemon.signal(Signal::SIGHUP);
        eventually("the configuration was reloaded", || told() > before);
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[test]
fn pools_come_change_and_go_without_a_restart() {
    let it = Reloading::new("");
    let (world, daemon) = (&it.world, &it.daemon);
    sign_up(daemon, "early", "gb").problem(422, "invalid_field");
    it.reload(GB);
    let given = sign_up(daemon, "u-1", "gb").ok();
    assert_eq!((&given["pool"], &given["source"]), (&json!("gb"), &json!("emergency")));
    assert_eq!(order(daemon, &json!({"count": 2, "country": "GB"})).ok()["pool"], "gb");
    let owned = world.sql("SELECT phone_number FROM numbers WHERE pool = 'gb'");
    // What its numbers carry is its own, from the first on.
    it.reload(&format!("{GB}owned_max = 3\n"));
    assert_eq!(sign_up(daemon, "u-2", "gb").ok()["source"], "pool");
    assert_eq!(sign_up(daemon, "u-3", "gb").ok()["source"], "pool");
    assert!(sign_up(daemon, "u-4", "gb").problem(503, "pool_empty")["detail"].as_str().unwrap().contains("owned_max"));
    it.reload("");
    sign_up(daemon, "u-5", "gb").problem(422, "invalid_field");
    order(daemon, &json!({"count": 1, "pool": "gb"})).problem(422, "invalid_field");
    // Whoever has a number of it keeps it.
    let again = daemon.assign("u-1").ok();
    assert_eq!((&again["phone_number"], &again["pool"]), (&given["phone_number"], &json!("gb")));
    assert_eq!(world.sql("SELECT phone_number FROM numbers WHERE pool = 'gb'"), owned);
    assert_eq!(daemon.assign("u-6").ok()["pool"], "default");
    it.reload(GB);
    assert_eq!(sign_up(daemon, "u-7", "gb").ok()["pool"], "gb");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_of_a_pool_that_goes_ends_and_what_it_bought_is_kept() {
    let it = Reloading::new(&format!("{GB}[purchase]\nconcurrency = 2\n"));
    let (world, daemon) = (&it.world, &it.daemon);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| order(daemon, &json!({"count": 60, "pool": "gb"})).ok());
        eventually("it buys", || world.bought() >= 2);
        it.reload("[purchase]\nconcurrency = 2\n");
        let ended = running.join().unwrap();
        let error = &ended["errors"][0];
        assert_eq!((&ended["state"], &error["code"]), (&json!("stopped"), &json!("unconfigured")), "{ended}");
        let bought = ended["purchased_count"].as_u64().unwrap();
        assert!((2..60).contains(&bought), "{ended}");
        assert_eq!(error["count"].as_u64(), Some(60 - bought), "{ended}");
    });
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE pool <> 'gb'"), 0);
    assert_eq!(order(daemon, &json!({"count": 1})).ok()["purchased_count"], 1, "the others go on");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn other_keys_end_a_halt_at_a_reload_too() {
    let bundle = |sid: &str| format!("{GB}bundle_sid = \"{sid}\"\n");
    let it = Reloading::new("");
    let (world, daemon) = (&it.world, &it.daemon);
    let good = world.twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile));
    world.twilio.set_regulated("GB", true);
    world
        .twilio
        .set_market(twilio_simulator::MarketOrder::new("GB").address(twilio_simulator::AddressRequirement::None));
    it.reload(&bundle(&format!("BU{}", "0".repeat(32))));
    let halted = order(daemon, &json!({"count": 3, "pool": "gb"})).ok();
    assert_eq!((&halted["state"], &halted["purchased_count"]), (&json!("halted"), &json!(0)), "{halted}");
    assert_eq!(world.sql("SELECT pool, needs FROM pool_halts"), "gb|pools.gb.bundle_sid");
    // The same keys again end nothing.
    it.reload(&bundle(&format!("BU{}", "0".repeat(32))));
    order(daemon, &json!({"count": 1, "pool": "gb"})).problem(503, "halted");
    it.reload(&bundle(&good));
    assert_eq!(sign_up(daemon, "u-1", "gb").ok()["pool"], "gb");
    assert_eq!(order(daemon, &json!({"count": 1, "pool": "gb"})).ok()["purchased_count"], 1);
    world.assert_nothing_lost_or_doubled();
}

/// What comes of `asked` when a reload comes in the middle of its search.
fn over_a_reload<T: Send>(it: &Reloading, to: &str, asked: impl FnOnce(&Daemon) -> T + Send) -> T {
    let searches = || it.world.twilio.truth().requests_of(On::Search);
    let before = searches();
    it.world.twilio.set_latency_on(On::Search, Duration::from_secs(2));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| asked(&it.daemon));
        eventually("it searches", || searches() > before);
        it.reload(to);
        it.world.twilio.set_latency_on(On::Search, Duration::ZERO);
        waits.join().unwrap()
    })
}

#[test]
fn what_was_searched_for_another_kind_of_pool_is_not_bought() {
    let waits = "[purchase]\nemergency_wait_ms = 40000\n";
    let it = Reloading::new(&format!("{GB}{waits}"));
    it.world.twilio.set_regulated("CA", false);
    let to = format!("[pools.gb]\ncountry = \"CA\"\nthreshold_low = 0\n{waits}");
    let given = over_a_reload(&it, &to, |daemon| sign_up(daemon, "u-1", "gb").ok());
    assert_eq!(given["pool"], "gb");
    let held = "SELECT n.country, n.number_type, n.apart FROM numbers n";
    assert_eq!(it.world.sql(held), "CA|local|f", "{}", it.world.ledger());
    it.world.assert_nothing_lost_or_doubled();
}

#[test]
fn what_was_searched_under_other_wishes_is_not_bought() {
    let it = Reloading::new("area_codes = [\"907\"]\n");
    let order = over_a_reload(&it, "area_codes = [\"415\"]\n", |daemon| daemon.purchase(2).ok());
    assert_eq!(order["purchased_count"], 2, "{order}");
    assert_eq!(it.world.sql("SELECT DISTINCT area_code FROM numbers"), "415", "{}", it.world.ledger());
    it.world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_reload_that_wants_more_of_numbers_halts_nothing_for_those_that_are_under_way() {
    let more = |capabilities: &str| {
        format!("area_codes = [\"907\"]\ncapabilities = [{capabilities}]\n[purchase]\nconcurrency = 4\n")
    };
    let it = Reloading::new(&more("\"voice\", \"sms\""));
    let (world, daemon) = (&it.world, &it.daemon);
    let no_mms = twilio_simulator::Capabilities { voice: true, sms: true, mms: false, fax: false };
    world.twilio.set_capabilities("US", "907", no_mms);
    daemon.purchase(1).ok();
    world.twilio.set_latency_on(On::Create, Duration::from_secs(2));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| daemon.purchase(6).ok());
        eventually("several are under way", || world.twilio.truth().creates_in_flight >= 3);
        it.reload(&more("\"voice\", \"sms\", \"mms\""));
        world.twilio.set_latency_on(On::Create, Duration::ZERO);
        let ended = running.join().unwrap();
        assert_eq!((&ended["state"], &ended["purchased_count"]), (&json!("done"), &json!(6)), "{ended}");
    });
    assert!(world.count("SELECT count(*) FROM numbers WHERE NOT capable") >= 3);
    assert_eq!(daemon.status()["halted"], serde_json::Value::Null, "Twilio kept its word");
}

#[cfg(feature = "failpoints")]
#[test]
fn of_two_reloads_in_a_row_the_later_one_has_the_last_word_about_what_a_pool_is() {
    let gb = |country: &str| format!("[pools.gb]\ncountry = \"{country}\"\nthreshold_low = 0\n");
    let it = Reloading::new(&gb("US"));
    let (world, daemon) = (&it.world, &it.daemon);
    // The first one is held up after it has begun to tell the database of its pools.
    daemon.failpoints("pools_claimed=1*pause->off");
    it.reload(&gb("CA"));
    it.reload(&gb("GB"));
    // Whoever does not wait for it has said everything by then.
    std::thread::sleep(Duration::from_secs(2));
    daemon.failpoints("");
    eventually("the first one says nothing more", || {
        daemon.has_logged("a later reload tells the database of the pools")
    });
    eventually("the later one has the word", || {
        world.sql("SELECT country, all_told FROM pools WHERE name = 'gb'") == "GB|t"
    });
}
