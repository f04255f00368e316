//! Numbers that are in somebody else's messaging service, or that no service takes: left alone, told, and no reason to buy for ever.

use twilio_simulator::{Fault, FaultKind, On, ServiceOrder};

use super::{
    assert_twilio_agrees, attaches, buy, eventually_ready, members, moves, needs, ready, resume, service, standing,
    told, with_services, with_services_in,
};
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

/// Twilio refuses the next attach with 503, so that something can be done before the one after that.
fn delayed(world: &World) {
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503));
    // Nobody looks meanwhile.
    world.twilio.fault(Fault::new(On::Member, FaultKind::Error503).times(2));
}

fn last_number(world: &World) -> String {
    world.sql("SELECT phone_number FROM numbers ORDER BY id DESC LIMIT 1")
}

#[test]
fn a_number_in_somebody_elses_service_is_a_conflict_and_is_never_moved() {
    let (world, daemon, sids) = with_services(2);
    let theirs = service(&world);
    delayed(&world);
    buy(&daemon, 1);
    let number = last_number(&world);
    world.twilio.service(ServiceOrder::new().sid(&*theirs).with_member(&*number));
    eventually("it is a conflict", || standing(&world) == [format!("{} conflict", sids[0])]);
    assert_eq!(members(&world, &theirs), [number]);
    assert_eq!((ready(&world), moves(&world)), (0, (0, 0)));
    assert_eq!(world.sql("SELECT held_back FROM numbers"), "unattachable");
    assert_eq!(world.sql("SELECT in_a_row FROM pool_failures"), "1");
    let line = told(&daemon, "a number cannot be attached").pop().expect("it is told");
    assert_eq!(line["twilio_code"], 21_712, "{line}");
    let tried = |outcome| Scrape::of(&daemon).get("callbunker_attachments_total", &[("outcome", outcome)]);
    eventually("each attempt is counted", || tried("conflict") == 1.0 && tried("unclear") >= 1.0);
    // It stays so; others are attached, and the row of failures ends.
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    assert_eq!(world.sql("SELECT in_a_row FROM pool_failures"), "0");
    let posts = attaches(&world);
    buy(&daemon, 1);
    eventually_ready(&world, 2);
    assert_eq!(attaches(&world), posts + 1, "it is not tried again and again");
    assert_eq!(needs(&world), "");
}

#[test]
fn a_number_that_is_in_another_service_that_its_pool_names_stays_there() {
    let (world, daemon, sids) = with_services(2);
    delayed(&world);
    buy(&daemon, 1);
    let number = last_number(&world);
    world.twilio.service(ServiceOrder::new().sid(&*sids[1]).with_member(&*number));
    eventually_ready(&world, 1);
    assert_eq!(standing(&world), [format!("{} left", sids[0]), format!("{} attached", sids[1])]);
    assert_eq!((members(&world, &sids[1]), moves(&world)), (vec![number], (0, 0)));
    assert_twilio_agrees(&world);
}

#[test]
fn as_many_failures_in_a_row_as_one_batch_halt_the_pool_and_a_success_between_does_not() {
    let world = World::new().quiet().set("pool.replenishment_batch_size", 3);
    let (world, daemon, _) = with_services_in(world, 1);
    let refuse = |times: u32| {
        let no_sms = Fault::new(On::Attach, FaultKind::Refuse).code(21_715).message("cannot send messages");
        world.twilio.fault(no_sms.times(times));
    };
    let failed = |count: i64| {
        eventually("they are refused", || {
            world.count("SELECT count(*) FROM numbers WHERE held_back = 'unattachable'") == count
        });
    };
    refuse(2);
    buy(&daemon, 2);
    failed(2);
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    refuse(2);
    buy(&daemon, 2);
    failed(4);
    assert_eq!(needs(&world), "", "there was a success between");
    refuse(1);
    buy(&daemon, 1);
    failed(5);
    eventually("the pool halts", || needs(&world) == "pool.messaging_services");
    let message = world.sql("SELECT message FROM pool_halts");
    assert!(message.contains("3 failed in a row") && message.contains("cannot send messages"), "{message}");
    let bought = world.bought();
    daemon.purchase(1).problem(503, "halted");
    assert_eq!(world.bought(), bought, "it does not buy for ever");
    // An operator says that it will do now: what failed is tried again.
    resume(&daemon);
    eventually_ready(&world, 6);
    assert_eq!(needs(&world), "");
    assert_twilio_agrees(&world);
    world.assert_truth();
}

#[test]
fn a_pool_that_keeps_stock_stops_buying_what_no_service_takes() {
    let (mut world, daemon, _) = with_services_in(World::new().quiet().set("pool.replenishment_batch_size", 3), 1);
    assert_eq!(daemon.stop(), Some(0));
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).code(21_715).forever());
    world.change("pool.threshold_low", 3);
    let daemon = world.daemon();
    eventually("the pool halts", || needs(&world) == "pool.messaging_services");
    let bought = world.bought();
    daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!((world.bought(), ready(&world)), (bought, 0));
    assert!(bought <= 6, "a batch, and what was on its way: {bought}");
}

#[test]
fn whoever_is_throttled_leaves_the_target_alone() {
    let (world, daemon, _) = with_services(1);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).status(429).code(70_005));
    buy(&daemon, 1);
    eventually("it is told", || world.sql("SELECT twilio_code FROM attachments") == "70005");
    let posts = attaches(&world);
    // Another one wants the same target: it waits, too, until an operator says otherwise.
    buy(&daemon, 1);
    assert_eq!(attaches(&world), posts);
    resume(&daemon);
    eventually_ready(&world, 2);
}

#[test]
fn what_twilio_forbids_of_one_number_halts_nothing_and_is_that_numbers() {
    let (world, daemon, sids) = with_services(1);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).status(403).code(21_715).message("not this one"));
    buy(&daemon, 1);
    eventually("it is refused", || world.sql("SELECT state FROM attachments") == "refused");
    assert_eq!(world.sql("SELECT held_back FROM numbers"), "unattachable");
    assert_eq!((needs(&world).as_str(), world.sql("SELECT in_a_row FROM pool_failures").as_str()), ("", "1"));
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    assert_eq!((members(&world, &sids[0]).len(), needs(&world).as_str()), (1, ""));
}
