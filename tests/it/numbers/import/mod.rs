//! Moving in from the earlier service: nobody loses a number, and nothing is touched that was not meant.

mod broken;
mod looked_up;
mod moved;
mod pools;
mod refused;

use std::collections::BTreeMap;

use serde_json::Value;
use twilio_simulator::ForeignNumber;

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};

const THEIRS: &str = "https://earlier.example/voice";

fn import(daemon: &Daemon, body: &Value) -> Reply {
    daemon.post("/admin/phones/api/import", body)
}

/// The `n`th number of the earlier service.
fn number(n: usize) -> String {
    format!("+1415555{n:04}")
}

/// An account of the earlier service with so many numbers, and a quiet daemon.
fn account(count: usize) -> (World, Daemon) {
    let world = World::new().quiet();
    for n in 0..count {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    (world, daemon)
}

/// What Twilio shows of every number, by number: name and voice URL.
fn shown(world: &World) -> BTreeMap<String, (String, String)> {
    let owned = world.twilio.truth().owned;
    owned.into_iter().map(|n| (n.phone_number, (n.friendly_name, n.voice_url.unwrap_or_default()))).collect()
}

/// Every row that an import could touch.
fn everything(world: &World) -> String {
    let tables = [
        "purchases",
        "purchase_items",
        "numbers",
        "assignments_ever",
        "releases",
        "ignored_numbers",
        "installation",
        "pools",
    ];
    let sums: Vec<String> = tables
        .iter()
        .map(|table| format!("(SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t)"))
        .collect();
    world.sql(&format!("SELECT {}", sums.join(", ")))
}

fn codes(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.iter().all(|problem| !text(&problem["message"]).is_empty()));
    problems.iter().map(|problem| (text(&problem["phone_number"]), text(&problem["code"]))).collect()
}

fn counts(report: &Value) -> (i64, i64, i64) {
    let count = |name: &str| report[name].as_i64().unwrap();
    (count("imported"), count("assigned"), count("already_imported"))
}

#[track_caller]
fn assert_tagged(world: &World, number: &str, voice_url: &str) {
    let item = world.sql(&format!("SELECT purchase_item_id FROM numbers WHERE phone_number = '{number}'"));
    assert_eq!(shown(world)[number], (format!("callbunker:default:{item}"), voice_url.to_owned()), "{number}");
}
