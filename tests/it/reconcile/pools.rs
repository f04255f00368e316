//! Several pools in one account: each number is compared with what its own pool wants.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On};

use crate::world::comparing::{
    assert_found, lines, only, owned, reconcile, reconcile_confirmed, rename, rewire, row, stocked_in,
};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World};

/// Two of `default`, and two of `vip`, whose numbers lead elsewhere.
fn two_pools() -> (World, Daemon, Vec<String>) {
    let world = World::new().quiet().set("pools.vip.country", "US").set("pools.vip.threshold_low", 0);
    let (world, daemon, numbers) = stocked_in(world.set("pools.vip.webhooks.sms_path", "/vip/sms"), 4);
    for number in &numbers[2..] {
        daemon.post(&format!("/admin/phones/api/numbers/{number}/move"), &json!({"pool": "vip"})).ok();
    }
    (world, daemon, numbers)
}

fn sms_url(world: &World, number: &str) -> String {
    owned(world, number).sms_url
}

fn pool_of<'r>(report: &'r Value, list: &str, number: &str) -> &'r str {
    let line = lines(report, list).iter().find(|line| line["phone_number"] == number).expect("it is told");
    line["pool"].as_str().expect("its pool")
}

#[test]
fn each_number_is_repaired_to_what_its_own_pool_wants() {
    let (world, daemon, numbers) = two_pools();
    assert_found(&reconcile(&daemon), &[]);
    numbers.iter().for_each(|number| rewire(&world, number));
    let report = reconcile(&daemon);
    assert_found(&report, &[("repaired", 4)]);
    for (number, pool, path) in [
        (&numbers[0], "default", "/twilio/sms"),
        (&numbers[1], "default", "/twilio/sms"),
        (&numbers[2], "vip", "/vip/sms"),
        (&numbers[3], "vip", "/vip/sms"),
    ] {
        assert_eq!(pool_of(&report, "repaired", number), pool);
        assert_eq!(sms_url(&world, number), format!("{ORIGIN}{path}"));
    }
    // What one pool wants is drift in another.
    rename(&world, &numbers[0], "mine");
    daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "pool": "vip"})).ok();
    let of_a_user = world.sql("SELECT phone_number FROM leases WHERE user_id = 'u-1'");
    let theirs = twilio_simulator::Webhooks { sms_url: Some(format!("{ORIGIN}/twilio/sms")), ..Default::default() };
    assert!(world.twilio.set_webhooks(&of_a_user, theirs));
    let report = reconcile(&daemon);
    assert_found(&report, &[("repaired", 1), ("webhook_drift", 1)]);
    assert_eq!(
        (&only(&report, "webhook_drift")["pool"], &only(&report, "repaired")["pool"]),
        (&json!("vip"), &json!("default"))
    );
    // What Twilio lost is told with its pool, too.
    assert!(world.twilio.disown(&numbers[1]));
    assert_eq!(only(&reconcile(&daemon), "missing")["pool"], "default");
}

#[test]
fn other_webhooks_are_set_pool_by_pool() {
    const CONFIGURE: &str = "/admin/phones/api/configure-webhooks";
    let (mut world, daemon, numbers) = two_pools();
    assert_eq!(daemon.stop(), Some(0));
    world.change("webhooks.voice_path", "/new/voice");
    world.change("pools.vip.webhooks.sms_path", "/vip/new");
    let daemon = world.daemon();
    daemon.post_empty(&format!("{CONFIGURE}?pool=nowhere")).problem(422, "invalid_field");
    let set = daemon.post(CONFIGURE, &json!({"pool": "vip", "phone_numbers": [numbers[0], numbers[2]]})).ok();
    assert_eq!((&set["checked"], &set["configured"]), (&json!(1), &json!(1)), "{set}");
    let failed = &set["failed"][0];
    assert_eq!(
        (&failed["phone_number"], &failed["pool"], &failed["code"]),
        (&json!(numbers[0]), &json!("default"), &json!("other_pool"))
    );
    let set = daemon.post_empty(&format!("{CONFIGURE}?pool=vip")).ok();
    assert_eq!(set, json!({"checked": 2, "configured": 1, "failed": []}));
    let wanted = "SELECT voice_url, sms_url FROM pools ORDER BY name";
    let (old, new) = (format!("{ORIGIN}/twilio/voice"), format!("{ORIGIN}/new/voice"));
    assert_eq!(world.sql(wanted), format!("{old}|{ORIGIN}/twilio/sms\n{new}|{ORIGIN}/vip/new"), "the other one's stay");
    assert_eq!(owned(&world, &numbers[0]).voice_url, Some(old));
    // Of a pool that is configured no more, those that were wanted last.
    world.sql(
        "INSERT INTO pools (name, voice_url, sms_url, status_callback) SELECT 'gone', 'https://gone.example/v', sms_url, status_callback
           FROM pools WHERE name = 'vip';",
    );
    world.sql(&format!(
        "UPDATE numbers SET pool = 'gone', webhook_status = 'drifted' WHERE phone_number = '{}'",
        numbers[3]
    ));
    let set = daemon.post_empty(CONFIGURE).ok();
    assert_eq!(set, json!({"checked": 4, "configured": 3, "failed": []}));
    assert_eq!(owned(&world, &numbers[0]).voice_url, Some(new.clone()));
    assert_eq!(owned(&world, &numbers[2]).voice_url, Some(new));
    assert_eq!(owned(&world, &numbers[3]).voice_url.as_deref(), Some("https://gone.example/v"));
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn a_number_of_another_type_than_its_pool_lies_apart_and_many_at_once_are_not_believed() {
    let world = World::new().quiet();
    let numbers: Vec<String> = (0..8).map(|n| format!("+1415555010{n}")).collect();
    numbers.iter().for_each(|number| drop(world.twilio.own(ForeignNumber::new(number).friendly_name("desk"))));
    let daemon = world.daemon();
    // Whatever Twilio's answer to a purchase says, it is of the type that was searched.
    world.twilio.fault(Fault::new(On::Create, FaultKind::OddRow).field("type").value("mobile"));
    let bought = daemon.purchase(1).ok()["numbers"][0]["phone_number"].as_str().expect("a number").to_owned();
    let rows: Vec<Value> = numbers.iter().map(|number| json!({ "phone_number": number })).collect();
    daemon.post("/admin/phones/api/import", &json!({ "numbers": rows })).ok();
    let calls = |number: &str| {
        for on in [On::List, On::Fetch] {
            let odd = Fault::new(on, FaultKind::OddRow).phone_number(number).field("type").value("mobile");
            world.twilio.fault(odd.forever());
        }
    };
    assert_eq!(row(&world, &bought, "number_type, apart"), "local|f");
    calls(&bought);
    calls(&numbers[0]);
    let report = reconcile(&daemon);
    assert_found(&report, &[]);
    assert_eq!(report["apart_changed"], 1, "{report}");
    assert_eq!(row(&world, &numbers[0], "number_type, apart"), "mobile|t");
    assert_eq!(row(&world, &bought, "number_type, apart"), "local|f");
    assert!(reconcile(&daemon)["apart_changed"].is_null());
    // Nobody is given it who asks for no more than a number.
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE user_id IS NULL AND ready AND NOT apart"), 8);
    numbers[1..].iter().for_each(|number| calls(number));
    let report = reconcile(&daemon);
    assert_eq!(report["losses_suspected"], 6, "so many are enough: {report}");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE apart"), 1);
    let report = reconcile_confirmed(&daemon).ok();
    assert_eq!(report["apart_changed"], 7, "{report}");
    // And when Twilio takes it back, they are stock again.
    world.twilio.clear_faults();
    assert_eq!(reconcile(&daemon)["apart_changed"], 8);
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE apart"), 0);
}

#[test]
fn what_the_ledger_does_not_know_is_held_in_the_first_pool_of_its_kind() {
    let world = World::new()
        .quiet()
        .set("pools.gb.country", "GB")
        .set("pools.gb.number_type", "mobile")
        .set("pools.gb.threshold_low", 0);
    let tag = "callbunker:default:00000000-0000-4000-8000-000000000007";
    world.twilio.own(ForeignNumber::new("+447400123456").friendly_name(tag));
    let daemon = world.daemon();
    crate::world::eventually("it is held", || row(&world, "+447400123456", "quarantine_reason") == "unknown_item");
    assert_eq!(row(&world, "+447400123456", "pool, number_type, apart"), "gb|mobile|f");
    // It gets its item in its pool when somebody decides.
    let adopted = daemon.post_empty("/admin/phones/api/numbers/+447400123456/adopt").ok();
    assert_eq!((&adopted["status"], &adopted["pool"]), (&json!("available"), &json!("gb")));
    assert_eq!(world.sql("SELECT pool, country, number_type FROM purchases"), "gb|GB|mobile");
}
