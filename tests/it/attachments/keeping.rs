//! A number keeps its service: through rest and reuse, whatever its pool wants by then; it leaves only when it leaves for ever.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use super::{
    assert_twilio_agrees, attaches, buy, eventually_ready, members, moves, naming, service, services, standing, want,
    with_services, with_services_in,
};
use crate::world::{World, eventually};

fn release_path(number: &str) -> String {
    format!("/admin/phones/api/numbers/{number}/release-to-twilio")
}

#[test]
fn it_is_kept_through_rest_and_reuse() {
    let world = World::new().quiet().set("pool.quarantine_hours", 0);
    let (world, daemon, sids) = with_services_in(world, 1);
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    for user in ["u-1", "u-2", "u-3"] {
        assert_eq!(daemon.assign(user).ok()["source"], "pool");
        daemon.release(user).ok();
        eventually_ready(&world, 1);
    }
    assert_eq!((members(&world, &sids[0]).len(), attaches(&world), moves(&world)), (1, 1, (1, 0)));
    assert_eq!((world.bought(), world.twilio.truth().requests_of(On::Detach)), (1, 0));
    assert_twilio_agrees(&world);
}

#[test]
fn it_is_not_moved_when_its_pool_wants_another_service() {
    let world = World::new().quiet();
    let (first, second) = (service(&world), service(&world));
    let world = naming(world, &[&first, &second]);
    let daemon = world.daemon();
    want(&world, "default", &services(&[&first]));
    buy(&daemon, 2);
    eventually_ready(&world, 2);
    daemon.assign("u-1").ok();
    want(&world, "default", &services(&[&second]));
    assert_eq!(world.sql("SELECT DISTINCT held_back FROM numbers"), "unattachable", "told as the wants are switched");
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    assert_eq!((members(&world, &first).len(), members(&world, &second).len(), moves(&world)), (2, 1, (3, 0)));
    // Named again, they are as they were.
    want(&world, "default", &services(&[&second, &first]));
    eventually_ready(&world, 2);
    assert_eq!((moves(&world), daemon.assign("u-1").ok()["replayed"].clone()), ((3, 0), json!(true)));
    assert_twilio_agrees(&world);
}

#[test]
fn what_was_meant_for_a_service_that_is_wanted_no_more_does_not_go_there() {
    let world = World::new().quiet();
    let (first, second) = (service(&world), service(&world));
    let world = naming(world, &[&first, &second]);
    let daemon = world.daemon();
    want(&world, "default", &services(&[&first]));
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503).forever());
    buy(&daemon, 2);
    eventually("it was tried", || attaches(&world) > 0);
    want(&world, "default", &services(&[&second]));
    world.twilio.clear_faults();
    eventually_ready(&world, 2);
    assert_eq!((members(&world, &first).len(), members(&world, &second).len()), (0, 2));
    assert_twilio_agrees(&world);
}

#[test]
fn what_left_for_ever_is_taken_out_and_what_stays_is_not() {
    let (world, daemon, sids) = with_services(1);
    buy(&daemon, 2);
    eventually_ready(&world, 2);
    let numbers: Vec<String> =
        world.sql("SELECT phone_number FROM numbers ORDER BY id").lines().map(str::to_owned).collect();
    // Twilio keeps the first: nothing of it is ended.
    world.twilio.fault(Fault::new(On::Delete, FaultKind::Refuse).code(20_001));
    daemon.post_empty(&release_path(&numbers[0]));
    assert_eq!(standing(&world), vec![format!("{} attached", sids[0]); 2]);
    assert_eq!(world.twilio.truth().requests_of(On::Detach), 0);
    // Twilio's messaging is slow to notice that the second one has gone.
    world.twilio.fault(Fault::new(On::Detach, FaultKind::Error503));
    daemon.post_empty(&release_path(&numbers[1])).ok();
    eventually("it is ended", || standing(&world)[1] == format!("{} left", sids[0]));
    assert!(world.twilio.truth().requests_of(On::Detach) >= 2);
    assert_eq!(members(&world, &sids[0]), [numbers[0].clone()]);
    assert_eq!(world.count("SELECT count(*) FROM attachments WHERE leaving"), 0);
    assert_twilio_agrees(&world);
}

#[test]
fn one_that_twilio_keeps_in_a_service_does_not_keep_the_others() {
    let (world, daemon, sids) = with_services(1);
    buy(&daemon, 2);
    eventually_ready(&world, 2);
    let numbers: Vec<String> =
        world.sql("SELECT phone_number FROM numbers ORDER BY id").lines().map(str::to_owned).collect();
    world.twilio.fault(Fault::new(On::Detach, FaultKind::Refuse).code(20_001).message("not this one"));
    daemon.post_empty(&release_path(&numbers[0])).ok();
    eventually("Twilio refused it", || daemon.has_logged("what a number was in that has left is not ended yet"));
    daemon.post_empty(&release_path(&numbers[1])).ok();
    eventually("the other one is ended", || {
        standing(&world) == [format!("{} attached", sids[0]), format!("{} left", sids[0])]
    });
    assert_eq!(world.count("SELECT count(*) FROM attachments WHERE leaving"), 1, "it is asked for again, later");
}
