//! What the daemon is killed in the middle of: a row per operation, with the failpoints that it comes by.
//!
//! A new operation is a new row in [`alerts`], [`buying`], [`custody`], [`attaching`], [`events`], [`foresight`], [`freezing`], [`money`], [`recycling`] or [`wants`]. Invariants: every failpoint is in some row, every row's
//! points are reached (`kills.rs` checks both).
//! How to get it wrong: an operation that panics when its request breaks off. The daemon dies in the middle of it.

mod alerts;
mod attaching;
mod buying;
mod custody;
mod events;
mod foresight;
mod freezing;
mod money;
mod recycling;
mod wants;

pub use custody::{adopt_path, release_path, releases_fell_silent};

use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::daemon::Daemon;
use crate::world::truth::Acknowledged;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World};

/// Something that a daemon does and may die of.
pub struct Operation {
    pub name: &'static str,
    /// What the daemons of its world are configured with.
    pub world: fn() -> World,
    /// What happened before; other daemons may live and die here.
    pub before: fn(&World, &mut Acknowledged),
    /// What is asked of the daemon that will die; `None` = it does it by itself, from its start on.
    pub ask: Option<fn(&World, &Daemon, &mut Acknowledged)>,
    /// Failpoints besides the deadly one.
    pub also: &'static str,
    /// The failpoints that it comes by.
    pub reaches: &'static [&'static str],
    /// What passes between the death and the restart: time, told by the clock of the database.
    pub meanwhile: fn(&World),
    /// What an operator does after the restart, if it does not end by itself, and what must be so then.
    pub after: fn(&World, &Daemon, &mut Acknowledged),
}

/// An operation that nothing comes before, and that the restarted daemon ends by itself.
const PLAIN: Operation = Operation {
    name: "",
    world: quiet,
    before: |_, _| {},
    ask: None,
    also: "",
    reaches: &[],
    meanwhile: |_| {},
    after: |_, _, _| {},
};

/// All of them.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    buying::OPERATIONS
        .iter()
        .chain(custody::OPERATIONS)
        .chain(attaching::OPERATIONS)
        .chain(events::OPERATIONS)
        .chain(freezing::OPERATIONS)
        .chain(wants::OPERATIONS)
        .chain(alerts::OPERATIONS)
        .chain(money::OPERATIONS)
        .chain(recycling::OPERATIONS)
        .chain(foresight::OPERATIONS)
}

/// Buys only what is asked for, and is quick to call an unknown purchase not bought.
pub fn quiet() -> World {
    hasty(World::new().quiet())
}

/// Waits for nothing longer than it must.
pub fn hasty(world: World) -> World {
    world
        .set("purchase.unknown_settle_secs", 1)
        .set("purchase.lock_wait_ms", 2000)
        .set("purchase.emergency_wait_ms", 6000)
}

/// Five numbers, and nobody alive.
fn stocked(world: &World, _: &mut Acknowledged) {
    let daemon = world.daemon();
    daemon.purchase(5).ok();
    assert_eq!(daemon.stop(), Some(0));
}

/// An order of one whose item is unknown, and nobody alive who could look it up.
fn left_unknown(world: &World, kind: FaultKind) {
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, kind));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    let order = daemon.purchase(1).ok();
    assert_eq!(order["errors"][0]["code"], "outcome_unknown", "{order}");
    daemon.kill9();
    world.twilio.clear_faults();
}

/// The answer, if the daemon lived to give one.
pub fn post(daemon: &Daemon, path: &str, key: &str, body: &Value) -> Option<Value> {
    let headers = [("X-Admin-API-Key", key), ("Content-Type", "application/json")];
    let answer = daemon.try_send("POST", path, &headers, Some(body.to_string().as_bytes())).ok()?;
    (answer.status == 200).then_some(answer.body)
}

/// Buys by hand, whatever comes of it.
pub fn purchase(daemon: &Daemon, count: u32) {
    drop(post(daemon, "/admin/phones/api/purchase", ADMIN_KEY, &json!({ "count": count })));
}

/// Assigns to all of them at once; remembers who was told what.
pub fn assign(daemon: &Daemon, users: &[&str], told: &mut Acknowledged) {
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = users
            .iter()
            .map(|user| {
                scope.spawn(move || post(daemon, "/signup/api/assign", SIGNUP_KEY, &json!({ "user_id": user })))
            })
            .collect();
        asked.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    for (user, answer) in users.iter().zip(answers) {
        if let Some(answer) = answer {
            told.push(((*user).to_owned(), answer["phone_number"].as_str().unwrap().to_owned()));
        }
    }
}

/// A moment in which the start of a daemon is over, and its recovery.
pub const STARTED: Duration = Duration::from_millis(100);
