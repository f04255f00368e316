//! A pool that lacks an address, a bundle or an identity: one refused create says so, and it halts alone until somebody acts.

use serde_json::{Value, json};
use twilio_simulator::{BundleOrder, Fault, FaultKind, NumberKind, On};

use crate::world::command::callbunker;
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

const RESUME: &str = "/admin/phones/api/resume";

fn refuse(code: u32) -> Fault {
    Fault::new(On::Create, FaultKind::Refuse).code(code)
}

fn creates(world: &World) -> u64 {
    world.twilio.truth().requests_of(On::Create)
}

fn needs(world: &World) -> String {
    world.sql("SELECT needs FROM pool_halts")
}

/// An order that is refused before anything is tried, and what it says.
fn refused(daemon: &Daemon) -> String {
    daemon.purchase(1).problem(503, "halted")["detail"].as_str().expect("its detail").to_owned()
}

fn resume(daemon: &Daemon) {
    daemon.post(RESUME, &json!({"pool": "default"})).ok();
}

#[test]
fn each_refusal_names_what_lacks() {
    let world = World::new().quiet().set("purchase.concurrency", 8);
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    for (code, key) in [
        (21_613, "pool.address_sid"),
        (21_631, "pool.address_sid"),
        (21_649, "pool.bundle_sid"),
        (21_650, "pool.identity_sid"),
        (21_651, "pool.bundle_sid"),
    ] {
        let (before, bought) = (creates(&world), world.bought());
        world.twilio.fault(refuse(code));
        let order = daemon.purchase(1).ok();
        let error = &order["errors"][0];
        assert_eq!((&order["state"], &error["code"]), (&json!("halted"), &json!("halted")), "{code}: {order}");
        assert_eq!(error["twilio_code"], code, "{order}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(key)), "{code}: {order}");
        assert_eq!(world.sql("SELECT refusal_concerns FROM purchase_items ORDER BY intended_at DESC LIMIT 1"), "pool");
        assert_eq!((needs(&world).as_str(), creates(&world), world.bought()), (key, before + 1, bought));
        // It stays so, without another try, and the account has nothing to do with it.
        assert!(refused(&daemon).contains(key), "{code}");
        assert_eq!((creates(&world), &daemon.status()["halted"]), (before + 1, &Value::Null));
        resume(&daemon);
        assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "{code}");
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_pool_without_its_bundle_halts_after_exactly_one_create_however_much_it_wants() {
    let bundle = format!("BU{}", "2".repeat(32));
    let world =
        World::new().set("pool.threshold_low", 20).set("purchase.concurrency", 8).set("pool.bundle_sid", bundle);
    world.twilio.fault(refuse(21_649).forever());
    let daemon = world.daemon();
    eventually("it halts", || needs(&world) == "pool.bundle_sid");
    // Whoever asks meanwhile is told at once, and costs nothing.
    let told = daemon.assign("u-1").problem(503, "pool_empty");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("pool.bundle_sid")), "{told}");
    let pass = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!((&pass["replenished"], &pass["reason"]), (&json!(false), &json!("halted")), "{pass}");
    let tried = creates(&world);
    assert_eq!(tried, 1);
    // Whoever resumes it too early costs one more.
    resume(&daemon);
    eventually("it halts again", || needs(&world) == "pool.bundle_sid");
    daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!(creates(&world), tried + 1);
    assert_eq!(world.bought(), 0);
}

#[test]
fn resume_names_what_it_resumes() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(refuse(21_650));
    daemon.purchase(1).ok();
    daemon.post_empty(RESUME).ok();
    assert!(refused(&daemon).contains("pool.identity_sid"), "a plain resume is the account's");
    daemon.post(RESUME, &json!({"pool": "gb"})).problem(422, "invalid_field");
    assert!(refused(&daemon).contains("pool.identity_sid"));
    daemon.post("/admin/phones/api/pause", &json!({"reason": "lunch"})).ok();
    resume(&daemon);
    assert!(daemon.status()["paused"].is_object(), "the resume of a pool ends no pause");
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
}

#[test]
fn other_keys_end_the_halt_and_the_same_do_not() {
    let mut world = World::new().quiet();
    let old = world.daemon();
    world.twilio.fault(refuse(21_651));
    old.purchase(1).ok();
    let same = world.daemon();
    assert!(refused(&same).contains("pool.bundle_sid"), "a restart is no remedy");
    world.change("pool.replenishment_batch_size", 9);
    let new = world.daemon();
    assert_eq!(new.purchase(1).ok()["purchased_count"], 1, "it was told of other keys");
    assert!(refused(&old).contains("pool.bundle_sid"), "and the others were not");
}

#[test]
fn an_address_elsewhere_and_a_row_that_keeps_silent_are_the_numbers_fault() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    // First, because a number that was refused a moment ago is not tried again, and this row is the only one.
    world.twilio.fault(Fault::new(On::Search, FaultKind::OddRow).field("address_requirements"));
    world.twilio.fault(Fault::new(On::Search, FaultKind::AddressRequired));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    world.twilio.fault(refuse(21_615));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(needs(&world), "");
    assert_eq!(world.sql("SELECT string_agg(refusal_concerns, ' ') FROM purchase_items"), "number number");
}

#[test]
fn what_is_refused_after_a_doubt_halts_the_pool_and_leaves_the_doubt() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Error500));
    world.twilio.fault(refuse(21_649));
    daemon.purchase(1).ok();
    assert_eq!(needs(&world), "pool.bundle_sid");
    assert_eq!(world.sql("SELECT state || ' ' || doubted FROM purchase_items"), "unknown true");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn numbers_that_twilio_does_not_sell_halt_the_pool_that_holds_them_and_no_other_order_does() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, FaultKind::NotFound));
    let order = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "country": "CA"})).ok();
    assert_eq!((&order["errors"][0]["code"], needs(&world).as_str()), (&json!("twilio_20404"), ""), "{order}");
    world.twilio.fault(Fault::new(On::Search, FaultKind::NotFound));
    let order = daemon.purchase(1);
    assert!(order.body.to_string().contains("pool.number_type"), "{order:?}");
    assert_eq!(needs(&world), "pool.number_type");
    resume(&daemon);
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
}

#[test]
fn what_the_pool_shows_goes_with_each_create_of_it_and_with_no_other() {
    let (address, bundle) = (format!("AD{}", "1".repeat(32)), format!("BU{}", "2".repeat(32)));
    let world = World::new().quiet().set("pool.address_sid", &address).set("pool.bundle_sid", &bundle);
    let daemon = world.daemon();
    daemon.purchase(1);
    let shown = |create: usize, name: &str| world.twilio.truth().creates[create].parameters.get(name).cloned();
    assert_eq!((shown(0, "AddressSid"), shown(0, "BundleSid")), (Some(address), Some(bundle)));
    assert_eq!(shown(0, "IdentitySid"), None);
    resume(&daemon);
    daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "country": "CA"}));
    let last = world.twilio.truth().creates.len() - 1;
    assert_eq!(
        (last, shown(last, "AddressSid"), shown(last, "BundleSid")),
        (1, None, None),
        "papers are of one country"
    );
}

#[test]
fn a_bundle_that_is_taken_away_costs_one_create_and_the_other_pools_go_on() {
    let world = World::new().quiet().set("purchase.concurrency", 8);
    world.twilio.set_regulated("CA", false);
    let bundle = world.twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile));
    let gb = [("country", "GB"), ("number_type", "mobile"), ("bundle_sid", &*bundle)];
    let world = world.pools(&[("gb", &gb), ("ca", &[("country", "CA")])]);
    let daemon = world.daemon();
    let order = |count: u32| super::order(&daemon, &json!({"count": count, "pool": "gb"}));
    assert_eq!(order(5).ok()["purchased_count"], 5, "it runs");
    world.twilio.bundle(BundleOrder::removal(&*bundle));
    let before = creates(&world);
    let refused = order(30).ok();
    assert_eq!((&refused["state"], &refused["purchased_count"]), (&json!("halted"), &json!(0)), "{refused}");
    assert_eq!((needs(&world).as_str(), creates(&world)), ("pools.gb.bundle_sid", before + 1));
    // Stock serves on; whoever comes after it is told what lacks, and costs nothing.
    for user in 0..5 {
        assert_eq!(super::sign_up(&daemon, &format!("gb-{user}"), "gb").ok()["source"], "pool");
    }
    let told = super::sign_up(&daemon, "gb-late", "gb").problem(503, "pool_empty");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("pools.gb.bundle_sid")), "{told}");
    assert_eq!(creates(&world), before + 1);
    for pool in ["default", "ca"] {
        assert_eq!(super::sign_up(&daemon, &format!("of-{pool}"), pool).ok()["source"], "emergency");
        assert_eq!(super::order(&daemon, &json!({"count": 2, "pool": pool})).ok()["purchased_count"], 2);
    }
    // Given back, and resumed.
    world.twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile).sid(&*bundle));
    daemon.post(RESUME, &json!({"pool": "gb"})).ok();
    assert_eq!(super::sign_up(&daemon, "gb-late", "gb").ok()["pool"], "gb");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn the_first_create_of_every_pool_goes_alone_and_once_it_is_answered_all_go_together() {
    let world = World::new().quiet().set("purchase.concurrency", 8);
    let daemon = world.daemon();
    // A pool that shows nothing may lack something, too.
    world.twilio.fault(refuse(21_631).forever());
    daemon.purchase(8).ok();
    assert_eq!((needs(&world).as_str(), creates(&world)), ("pool.address_sid", 1));
    world.twilio.clear_faults();
    resume(&daemon);
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(400));
    // Taken by somebody else says nothing of what the pool lacks.
    world.twilio.fault(refuse(21_422));
    world.twilio.fault(refuse(21_649));
    daemon.purchase(8).ok();
    assert_eq!((needs(&world).as_str(), creates(&world)), ("pool.bundle_sid", 3));
    resume(&daemon);
    assert_eq!(daemon.purchase(8).ok()["purchased_count"], 8);
    assert!(world.twilio.truth().max_concurrent_creates > 1, "all but the first one go together");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_type_or_a_country_that_twilio_does_not_sell_halts_its_pool_alone_and_the_daemon_starts() {
    let world = World::new().quiet().pools(&[
        ("cell", &[("country", "US"), ("number_type", "mobile")]),
        ("fr", &[("country", "FR"), ("number_type", "mobile")]),
    ]);
    let daemon = world.daemon();
    for (pool, key) in [("cell", "pools.cell.number_type"), ("fr", "pools.fr.country")] {
        let order = super::order(&daemon, &json!({"count": 1, "pool": pool}));
        assert!(order.body.to_string().contains(key), "{pool}: {order:?}");
        let told = super::sign_up(&daemon, &format!("u-{pool}"), pool).problem(503, "pool_empty");
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains(key)), "{told}");
    }
    assert_eq!(
        world.sql("SELECT pool, needs FROM pool_halts ORDER BY pool"),
        "cell|pools.cell.number_type\nfr|pools.fr.country"
    );
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_eq!((creates(&world), &daemon.status()["halted"]), (1, &Value::Null));
}

#[test]
fn whoever_looks_hears_that_the_pool_is_halted_and_what_it_needs() {
    let world = World::new().quiet().pool("gb", &[("country", "US"), ("threshold_low", "2")]);
    world.twilio.fault(refuse(21_649).forever());
    let daemon = world.daemon();
    eventually("it halts", || needs(&world) == "pools.gb.bundle_sid");
    let halted = "gb alone is halted: it needs pools.gb.bundle_sid";
    let status = daemon.get("/admin/phones/api/status?pool=gb").ok();
    assert_eq!(status["halted"]["reads_work"], true, "Twilio answered the search: {status}");
    let said = |document: &Value| document["explanation"].as_str().expect("a sentence").to_owned();
    for plan in ["plan", "plan?pool=gb", "plan?count=1&pool=gb"] {
        let plan = daemon.get(&format!("/admin/phones/api/{plan}")).ok();
        assert!(said(&plan).contains(halted), "{plan}");
    }
    // Of all pools, the first that lacks something says why, and what went wrong.
    for query in ["", "?pool=gb"] {
        let pass = daemon.post_empty(&format!("/admin/phones/api/replenish{query}")).ok();
        assert_eq!((&pass["replenished"], &pass["reason"]), (&json!(false), &json!("halted")), "{pass}");
        let gb = pass["pools"].as_array().unwrap().iter().find(|line| line["pool"] == "gb").expect("its line");
        assert_eq!((&gb["reason"], &gb["error"]), (&json!("halted"), &pass["error"]), "{pass}");
        assert!(gb["error"].as_str().is_some_and(|error| error.contains("pools.gb.bundle_sid")), "{pass}");
    }
    let passes = daemon.get("/admin/phones/api/passes?pool=gb").ok();
    for pass in passes["items"].as_array().unwrap() {
        assert!(said(pass).starts_with(halted), "{pass}");
    }
    let told = callbunker(&daemon, &["replenish"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stdout.starts_with("Nothing was bought: halted (gb needs pools.gb.bundle_sid)."), "{told:?}");
    let order = callbunker(&daemon, &["purchase", "--count", "1", "--pool", "gb"]).placed();
    assert!(
        order.stderr.contains("pools.gb.bundle_sid") && !order.stderr.contains("refuses this account"),
        "{order:?}"
    );
}
