//! Numbers that join messaging services, customer profiles and trust products: the simulator's members and the POSTs that it was
//! sent say what is so.

mod attach;
mod bells;
mod events;
mod events_refused;
mod foreign;
mod full;
mod keeping;
mod mark_ready;
mod reload;
mod trust;
mod users;

use callbunker::db::numbers::{numbers_take_back, numbers_tell_wants};
use callbunker::db::pool_wants::{wants_begin, wants_switch, wants_told};
use callbunker::domain::{Needs, PoolName, Wants};
use serde_json::{Value, json};
use twilio_simulator::{CampaignStatus, On, ServiceOrder, Sid};

use crate::world::daemon::Daemon;
use crate::world::events::at_the_database;
use crate::world::{World, eventually};

/// Stores what a pool wants, step by step, as a start or a reload does. A daemon has claimed the pool before.
pub fn want(world: &World, pool: &str, wants: &Wants) {
    let (pool, wants): (PoolName, Wants) = (pool.parse().unwrap(), wants.clone());
    at_the_database(world, move |conn| {
        wants_begin(conn, &pool)?;
        while numbers_take_back(conn, &pool, &wants, 1000)? > 0 {}
        assert!(wants_switch(conn, &pool, &wants)?, "the pool is claimed");
        let mut after = 0;
        while let Some(last) = numbers_tell_wants(conn, &pool, after, 1000)? {
            after = last;
        }
        wants_told(conn, &pool, &wants)?;
        Ok(())
    });
}

/// Wants that name these services, whose numbers are handed out when they are in one.
pub fn services(sids: &[&str]) -> Wants {
    let services = sids.iter().map(|sid| sid.parse().unwrap()).collect();
    Wants { services, needs: Needs { attached: true, registered: false }, ..Wants::default() }
}

/// A messaging service with a campaign that is approved.
pub fn service(world: &World) -> Sid {
    world.twilio.service(ServiceOrder::new().campaign(CampaignStatus::Verified))
}

/// The keys of the default pool that name these services.
pub fn naming(world: World, sids: &[&str]) -> World {
    world.set("pool.messaging_services", sids.join(","))
}

/// A quiet world with so many messaging services, and a daemon whose default pool wants them.
pub fn with_services(count: usize) -> (World, Daemon, Vec<Sid>) {
    with_services_in(World::new().quiet(), count)
}

pub fn with_services_in(world: World, count: usize) -> (World, Daemon, Vec<Sid>) {
    let sids: Vec<Sid> = (0..count).map(|_| service(&world)).collect();
    let names: Vec<&str> = sids.iter().map(|sid| &**sid).collect();
    let world = naming(world, &names);
    let daemon = world.daemon();
    want(&world, "default", &services(&names));
    (world, daemon, sids)
}

/// The numbers in a service.
pub fn members(world: &World, sid: &str) -> Vec<String> {
    let truth = world.twilio.truth();
    let service = truth.services.iter().find(|service| service.sid == *sid).expect("the service");
    service.members.iter().map(|member| member.phone_number.clone()).collect()
}

/// How many POSTs there were that put a number into a service.
pub fn attaches(world: &World) -> u64 {
    world.twilio.truth().requests_of(On::Attach)
}

/// How many numbers joined a service over the API, and how many left one.
pub fn moves(world: &World) -> (usize, usize) {
    let truth = world.twilio.truth();
    let ours = truth.memberships.iter().filter(|one| one.request_id.is_some());
    let (joined, left): (Vec<_>, Vec<_>) = ours.partition(|one| one.joined);
    (joined.len(), left.len())
}

/// `MG… attached` of each attachment, in the order of their numbers.
pub fn standing(world: &World) -> Vec<String> {
    let rows = world.sql("SELECT target || ' ' || state FROM attachments ORDER BY number_id, id");
    rows.lines().map(str::to_owned).collect()
}

/// How many numbers the next signups may get.
pub fn ready(world: &World) -> i64 {
    world.count("SELECT count(*) FROM leases WHERE user_id IS NULL AND ready")
}

/// Waits until so many numbers are stock.
#[track_caller]
pub fn eventually_ready(world: &World, count: i64) {
    eventually("the numbers are ready", || ready(world) == count);
}

/// What the default pool's halt says that it needs; empty = it is not halted.
pub fn needs(world: &World) -> String {
    world.sql("SELECT needs FROM pool_halts")
}

/// An operator says that what the default pool lacked is there.
pub fn resume(daemon: &Daemon) {
    daemon.post("/admin/phones/api/resume", &json!({"pool": "default"})).ok();
}

/// Buys by hand, and all of it.
#[track_caller]
pub fn buy(daemon: &Daemon, count: u32) {
    assert_eq!(daemon.purchase(count).ok()["purchased_count"], json!(count));
}

/// What the ledger and Twilio say of each other, when nothing is on its way: every attachment that stands is there, and every
/// number of ours that is in a service stands as attached.
#[track_caller]
pub fn assert_twilio_agrees(world: &World) {
    let rows = world.sql(
        "SELECT a.target || ' ' || n.phone_number FROM attachments a JOIN numbers n ON n.id = a.number_id
          WHERE a.kind = 'messaging_service' AND a.state = 'attached' AND n.status <> 'released' ORDER BY 1",
    );
    let mut known: Vec<String> = rows.lines().map(str::to_owned).collect();
    let ours = world.sql("SELECT phone_number FROM numbers WHERE status <> 'released'");
    let truth = world.twilio.truth();
    let mut there: Vec<String> = truth
        .services
        .iter()
        .flat_map(|service| service.members.iter().map(|member| (service.sid.clone(), member.phone_number.clone())))
        .filter(|(_, number)| ours.lines().any(|line| line == number))
        .map(|(sid, number)| format!("{sid} {number}"))
        .collect();
    known.sort();
    there.sort();
    assert_eq!(known, there, "the ledger and Twilio's members");
}

/// The lines of the log with this message.
pub fn told(daemon: &Daemon, message: &str) -> Vec<Value> {
    let lines = daemon.log_lines().into_iter();
    lines.filter(|line| line["msg"].as_str().is_some_and(|text| text.contains(message))).collect()
}
