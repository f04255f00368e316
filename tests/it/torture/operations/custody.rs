//! Numbers that come without being bought, leave for ever, or differ from what we know, step by step.
//!
//! Adoptions and imports are finished by the operator's same call; releases and comparisons by the daemon itself.
//! How to get it wrong: a comparison in between. What a crash left would be mended by it; only its own row has one.

use serde_json::{Value, json};
use twilio_simulator::{AddressOrder, FaultKind, ForeignNumber, Webhooks};

use super::{Operation, PLAIN, left_unknown, post, quiet, stocked};
use crate::world::comparing::{RECONCILE, forget_when_they_began, is_ours, row};
use crate::world::truth::Acknowledged;
use crate::world::{ADMIN_KEY, World, eventually};

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "a comparison that finds everything",
        before: differing,
        ask: Some(|_, daemon, _| drop(post(daemon, RECONCILE, ADMIN_KEY, &json!({})))),
        reaches: &[
            "reconciler",
            "reconcile_page_read",
            "orphan_judged",
            "orphan_settled",
            "drift_marked",
            "drift_repaired",
            "missing_marked",
        ],
        meanwhile: forget_when_they_began,
        after: |world, _, _| {
            eventually("what the account had before is held", || {
                row(world, HELD, "quarantine_reason") == "unknown_item"
            });
            eventually("stock is ready", || {
                world.count("SELECT count(*) FROM leases WHERE user_id IS NULL AND ready") == 5
            });
            assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 1);
            for number in world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL AND ready").lines() {
                assert!(is_ours(world, number), "{number}");
            }
        },
        ..PLAIN
    },
    Operation {
        name: "an adoption for the pool",
        before: foreign,
        ask: Some(|_, daemon, _| drop(post(daemon, &adopt_path(NUMBERS[0]), ADMIN_KEY, &json!({})))),
        reaches: &["handler", "adopt_written", "adopt_tagged", "adopt_settled"],
        after: |world, daemon, _| {
            let number = daemon.post(&adopt_path(NUMBERS[0]), &json!({})).ok();
            assert_eq!(number["status"], "available");
            was_taken_in_once(world);
            assert_eq!(world.twilio.truth().updates, 1, "what stands at Twilio is not written again");
        },
        ..PLAIN
    },
    Operation {
        name: "an adoption for a user",
        before: foreign,
        ask: Some(|_, daemon, _| drop(post(daemon, &adopt_path(NUMBERS[0]), ADMIN_KEY, &for_a_user()))),
        reaches: &["adopt_written", "adopt_tagged", "adopt_settled"],
        after: |world, daemon, told| {
            assert_eq!(daemon.post(&adopt_path(NUMBERS[0]), &for_a_user()).ok()["user_id"], "u-1");
            told.push(("u-1".to_owned(), NUMBERS[0].to_owned()));
            was_taken_in_once(world);
            assert_eq!(world.twilio.truth().updates, 1, "what stands at Twilio is not written again");
        },
        ..PLAIN
    },
    Operation {
        name: "a release to Twilio",
        before: stocked,
        ask: Some(|world, daemon, _| {
            let number = world.sql("SELECT min(phone_number) FROM leases WHERE user_id IS NULL AND ready");
            drop(post(daemon, &release_path(&number), ADMIN_KEY, &json!({})));
        }),
        reaches: &["release_intended", "release_sent", "release_answered", "release_settled"],
        after: |world, daemon, _| {
            assert_eq!(daemon.status()["available"], 4, "nobody gets it meanwhile");
            releases_fell_silent(world);
            world.settle();
            let (given, asked) = (world.twilio.truth().releases.len(), world.sql("SELECT state FROM releases"));
            assert_eq!(given, usize::from(asked == "released"), "{asked}");
            if asked == "withdrawn" {
                eventually("it is stock again", || daemon.status()["available"] == 5);
            }
        },
        ..PLAIN
    },
    Operation {
        name: "a move to another pool",
        world: two_pools,
        before: stocked,
        ask: Some(|world, daemon, _| drop(post(daemon, &move_path(&first(world)), ADMIN_KEY, &to_vip()))),
        reaches: &["move_papers_set", "move_written", "move_settled"],
        after: |world, daemon, _| {
            let number = first(world);
            assert_eq!(daemon.post(&move_path(&number), &to_vip()).ok()["pool"], "vip");
            eventually("its webhooks are those of its pool", || {
                let owned = world.twilio.truth().owned_number(&number).cloned().expect("it is ours");
                owned.sms_url.ends_with("/vip/sms") && row(world, &number, "webhook_status") == "configured"
            });
            assert!(world.twilio.truth().owned_number(&number).unwrap().address_sid.is_some());
            assert_eq!(
                world.sql("SELECT pool, count(*) FROM leases WHERE ready GROUP BY pool ORDER BY pool"),
                "default|4\nvip|1"
            );
        },
        ..PLAIN
    },
    Operation {
        name: "an import of three",
        before: foreign,
        ask: Some(|_, daemon, _| drop(post(daemon, IMPORT, ADMIN_KEY, &three()))),
        reaches: &["import_decided", "import_written", "import_told"],
        after: |world, daemon, told| {
            assert_eq!(daemon.post(IMPORT, &three()).ok()["problems"], json!([]));
            told.push(("u-1".to_owned(), NUMBERS[0].to_owned()));
            eventually("the others are stock", || daemon.status()["available"] == 2);
            let user = world.twilio.truth().owned_number(NUMBERS[0]).unwrap().clone();
            assert_eq!(user.voice_url.as_deref(), Some(THEIRS), "a user's number is not rewired");
            was_taken_in_once(world);
        },
        ..PLAIN
    },
    Operation {
        name: "an import out of two ranges of a large account",
        before: large,
        ask: Some(|_, daemon, _| drop(post(daemon, IMPORT, ADMIN_KEY, &of_two_ranges()))),
        reaches: &["import_range_read", "import_decided", "import_written", "import_told"],
        after: |world, daemon, told| {
            let was = world.count("SELECT count(*) FROM numbers");
            let report = daemon.post(IMPORT, &of_two_ranges()).ok();
            assert_eq!((&report["already_imported"], &report["problems"]), (&json!(was), &json!([])), "{report}");
            assert_eq!(report["imported"], 30 - was, "{report}");
            told.extend((0..30).step_by(2).map(|n| (format!("u-{n}"), of_a_range(n))));
            eventually("the others are stock", || daemon.status()["available"] == 15);
            was_taken_in_once(world);
        },
        ..PLAIN
    },
];

const IMPORT: &str = "/admin/phones/api/import";
const THEIRS: &str = "https://earlier.example/voice";
/// Twilio sells none of these: exchange 555.
const NUMBERS: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];
const HELD: &str = "+14155550109";

/// With a pool whose numbers lead elsewhere, and show an address.
fn two_pools() -> World {
    let world = quiet();
    let address = world.twilio.address(AddressOrder::new("US"));
    world
        .set("pools.vip.country", "US")
        .set("pools.vip.threshold_low", 0)
        .set("pools.vip.webhooks.sms_path", "/vip/sms")
        .set("pools.vip.address_sid", address)
}

/// The number that came first.
fn first(world: &World) -> String {
    world.sql("SELECT phone_number FROM numbers ORDER BY id LIMIT 1")
}

fn move_path(number: &str) -> String {
    format!("/admin/phones/api/numbers/{number}/move")
}

fn to_vip() -> Value {
    json!({"pool": "vip"})
}

pub fn adopt_path(number: &str) -> String {
    format!("/admin/phones/api/numbers/{number}/adopt")
}

pub fn release_path(number: &str) -> String {
    format!("/admin/phones/api/numbers/{number}/release-to-twilio")
}

/// Open releases look as if nobody had worked on them for long.
pub fn releases_fell_silent(world: &World) {
    world.sql(
        "UPDATE releases SET intended_at = intended_at - interval '10 minutes', last_sent_at = last_sent_at - interval '10 minutes'
          WHERE state IN ('intended', 'sent')",
    );
}

fn for_a_user() -> Value {
    json!({"user_id": "u-1"})
}

fn three() -> Value {
    json!({"numbers": [
        {"phone_number": NUMBERS[0], "user_id": "u-1"}, {"phone_number": NUMBERS[1]}, {"phone_number": NUMBERS[2]}
    ]})
}

/// Another service's numbers.
fn foreign(world: &World, _: &mut Acknowledged) {
    for number in NUMBERS {
        world.twilio.own(ForeignNumber::new(number).friendly_name("earlier").voice_url(THEIRS));
    }
}

/// The `n`th of thirty numbers, which lie in two ranges.
fn of_a_range(n: usize) -> String {
    format!("+1{}555{:04}", if n.is_multiple_of(3) { 415 } else { 907 }, 100 + n)
}

/// Every other one is somebody's.
fn of_two_ranges() -> Value {
    let row = |n: usize| match n % 2 {
        0 => json!({"phone_number": of_a_range(n), "user_id": format!("u-{n}")}),
        _ => json!({"phone_number": of_a_range(n)}),
    };
    json!({"numbers": (0..30).map(row).collect::<Vec<_>>()})
}

/// More numbers than a page of Twilio's list holds.
fn large(world: &World, _: &mut Acknowledged) {
    for number in (0..1000).map(|n| format!("+1212555{n:04}")).chain((0..30).map(of_a_range)) {
        world.twilio.own(ForeignNumber::new(number).friendly_name("earlier").voice_url(THEIRS));
    }
}

/// Each number has one item, which its tag names.
fn was_taken_in_once(world: &World) {
    let truth = world.twilio.truth();
    let items =
        world.sql("SELECT n.phone_number, i.id FROM numbers n JOIN purchase_items i ON i.id = n.purchase_item_id");
    for (number, item) in items.lines().filter_map(|line| line.split_once('|')) {
        let name = truth.owned_number(number).unwrap().friendly_name.clone();
        assert_eq!(name, format!("callbunker:default:{item}"), "{number}");
    }
    let taken_in = world.count("SELECT count(*) FROM purchase_items WHERE NOT spends");
    assert_eq!(world.count("SELECT count(*) FROM numbers"), taken_in);
}

/// Everything differs that can: a lost purchase, a tag that the ledger does not know, a drift, a number that is gone.
fn differing(world: &World, told: &mut Acknowledged) {
    stocked(world, told);
    let stock = world.sql("SELECT phone_number FROM numbers ORDER BY id");
    let [drifted, gone] = [0, 1].map(|n| stock.lines().nth(n).expect("there are five"));
    left_unknown(world, FaultKind::CommitThenReset);
    world.sql("UPDATE purchase_items SET state = 'not_bought', ended_at = now() WHERE state = 'unknown'");
    let theirs = Webhooks { voice_url: Some(THEIRS.to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(drifted, theirs));
    assert!(world.twilio.disown(gone));
    crate::world::comparing::age(world);
    let tag = "callbunker:default:00000000-0000-4000-8000-000000000007";
    world.twilio.own(ForeignNumber::new(HELD).friendly_name(tag));
    // The one at start is too soon after this one.
    world.sql("INSERT INTO reconciliations (trigger) VALUES ('cron')");
}
