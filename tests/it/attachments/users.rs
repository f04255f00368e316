//! A user's number joins no service that would take its inbound SMS to another webhook, unless somebody said so.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, ServiceOrder};

use super::{
    assert_twilio_agrees, attaches, buy, eventually_ready, members, moves, naming, service, services, standing, told,
    want,
};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// A user has the only number, which wants to join a service by now.
fn assigned(world: World) -> (World, Daemon, String) {
    let sid = service(&world);
    let daemon = world.daemon();
    buy(&daemon, 1);
    daemon.assign("u-1").ok();
    want(&world, "default", &services(&[&sid]));
    (world, daemon, sid.to_string())
}

#[test]
fn it_is_left_alone_while_the_service_would_take_its_sms_and_joins_when_it_rests() {
    let (world, daemon, sid) = assigned(World::new().quiet());
    eventually("the service was looked at", || world.sql("SELECT inbound_on_number FROM attachment_targets") == "f");
    assert!(!told(&daemon, "users' numbers do not join a messaging service").is_empty());
    // Whatever is bought meanwhile joins.
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    assert_eq!((members(&world, &sid).len(), standing(&world).len()), (1, 1));
    assert_eq!(world.twilio.truth().requests_of(On::Service), 1, "it is not looked at again and again");
    assert_eq!(daemon.assign("u-1").ok()["replayed"], json!(true), "they keep it");
    daemon.release("u-1").ok();
    eventually("it joins", || standing(&world) == vec![format!("{sid} attached"); 2]);
    assert_twilio_agrees(&world);
}

#[test]
fn it_joins_a_service_that_leaves_its_sms_where_it_goes() {
    let world = World::new().quiet();
    let sid = service(&world);
    let daemon = world.daemon();
    buy(&daemon, 1);
    daemon.assign("u-1").ok();
    world.twilio.service(ServiceOrder::new().sid(&*sid).use_inbound_webhook_on_number(true));
    want(&world, "default", &services(&[&sid]));
    eventually("it joins", || members(&world, &sid).len() == 1);
    eventually("it is written", || standing(&world) == [format!("{sid} attached")]);
    assert_eq!(moves(&world), (1, 0));
}

#[test]
fn it_joins_by_an_operators_word() {
    let (world, _daemon, sid) = assigned(World::new().quiet().set("reconcile.repair_assigned", true));
    eventually("it joins", || members(&world, &sid).len() == 1);
    eventually("it is written", || standing(&world) == [format!("{sid} attached")]);
}

#[test]
fn what_may_be_handed_out_before_it_can_text_goes_on_to_its_service_all_the_same() {
    let world = World::new().quiet().set("pool.ready_for", "voice");
    let sid = service(&world);
    let world = naming(world, &[&sid]);
    let daemon = world.daemon();
    let mut wants = services(&[&sid]);
    wants.needs.attached = false;
    want(&world, "default", &wants);
    let looks = world.twilio.truth().requests_of(On::Service);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503).times(3));
    buy(&daemon, 1);
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool", "nothing holds it back");
    eventually("it joins", || members(&world, &sid).len() == 1);
    eventually("it is written", || standing(&world) == [format!("{sid} attached")]);
    assert_eq!(world.twilio.truth().requests_of(On::Service), looks, "it was meant to before it was anybody's");
}

#[test]
fn it_joins_nothing_that_was_meant_for_it_while_it_was_nobodys() {
    let world = World::new().quiet().set("pool.ready_for", "voice");
    let sid = service(&world);
    let daemon = world.daemon();
    let mut wants = services(&[&sid]);
    wants.needs.attached = false;
    buy(&daemon, 1);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503).forever());
    want(&world, "default", &wants);
    eventually("it was tried", || attaches(&world) > 0);
    // Twilio's messaging is away, and somebody gets the number meanwhile.
    daemon.assign("u-1").ok();
    world.twilio.clear_faults();
    eventually("it is left alone", || standing(&world) == [format!("{sid} left")]);
    assert_eq!(members(&world, &sid), [""; 0]);
    daemon.release("u-1").ok();
    eventually("it joins when it rests", || standing(&world) == [format!("{sid} attached")]);
    assert_twilio_agrees(&world);
}

#[test]
fn what_was_bought_for_somebody_goes_on_to_the_next_service_too() {
    let world = World::new().quiet().set("pool.ready_for", "voice");
    let (first, second) = (service(&world), service(&world));
    let world = naming(world, &[&first, &second]);
    let daemon = world.daemon();
    let mut wants = services(&[&first, &second]);
    wants.needs.attached = false;
    want(&world, "default", &wants);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503).forever());
    buy(&daemon, 1);
    daemon.assign("u-1").ok();
    world.twilio.service(ServiceOrder::new().sid(&*first).capacity(0));
    world.twilio.clear_faults();
    eventually("it joins", || members(&world, &second).len() == 1);
    eventually("it is written", || standing(&world) == [format!("{first} refused"), format!("{second} attached")]);
}
