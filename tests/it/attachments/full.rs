//! Messaging services that take no more numbers: the next one is tried, and where there is none nothing is bought.

use twilio_simulator::{Fault, FaultKind, On, ServiceOrder};

use super::{
    assert_twilio_agrees, attaches, buy, eventually_ready, members, moves, needs, resume, service, services, standing,
    want, with_services,
};
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

fn capacity(world: &World, sid: &str, numbers: usize) {
    world.twilio.service(ServiceOrder::new().sid(sid).capacity(numbers));
}

#[test]
fn a_full_service_is_passed_by_whichever_way_twilio_says_so() {
    for status in [412, 400] {
        let (world, daemon, sids) = with_services(2);
        world
            .twilio
            .service(ServiceOrder { full_status: Some(status), ..ServiceOrder::new().sid(&*sids[0]).capacity(1) });
        buy(&daemon, 4);
        eventually_ready(&world, 4);
        assert_eq!((members(&world, &sids[0]).len(), members(&world, &sids[1]).len()), (1, 3), "{status}");
        eventually("that is said", || daemon.has_logged("a messaging service is full"));
        assert_eq!(world.sql("SELECT target FROM attachment_targets WHERE full_since IS NOT NULL"), *sids[0]);
        // From here on it is known, and not asked.
        let before = attaches(&world);
        buy(&daemon, 2);
        eventually_ready(&world, 6);
        assert_eq!((attaches(&world), moves(&world)), (before + 2, (6, 0)), "{status}");
        let tried = |outcome| {
            Scrape::of(&daemon)
                .get("callbunker_attachments_total", &[("kind", "messaging_service"), ("outcome", outcome)])
        };
        eventually("each attempt is counted", || tried("attached") == 6.0 && tried("closed") >= 1.0);
        assert_eq!(
            (needs(&world).as_str(), world.count("SELECT count(*) FROM pool_failures WHERE in_a_row > 0")),
            ("", 0)
        );
        assert_twilio_agrees(&world);
        world.assert_truth();
    }
}

#[test]
fn a_service_that_twilio_does_not_know_is_passed_by() {
    let world = World::new().quiet();
    let (gone, sid) = (format!("MG{}", "9".repeat(32)), service(&world));
    // A comparison would know it before.
    let daemon = world.daemon();
    want(&world, "default", &services(&[&gone, &sid]));
    buy(&daemon, 2);
    eventually_ready(&world, 2);
    assert_eq!(members(&world, &sid).len(), 2);
    assert_eq!(world.sql("SELECT target, unknown_since IS NOT NULL FROM attachment_targets"), format!("{gone}|t"));
    let refused = world.sql("SELECT DISTINCT refusal_concerns FROM attachments WHERE state = 'refused'");
    assert_eq!(refused, "target", "it says nothing of the numbers");
    assert_twilio_agrees(&world);
}

#[test]
fn where_all_are_full_the_pool_halts_and_buys_nothing_more_until_there_is_room() {
    let (world, daemon, sids) = with_services(2);
    for sid in &sids {
        capacity(&world, sid, 1);
    }
    buy(&daemon, 3);
    eventually("the pool halts", || needs(&world) == "pool.messaging_services");
    eventually_ready(&world, 2);
    let page = daemon.get("/admin/phones/dashboard").ok();
    let told = "2 of 2 messaging services take no number: full, or unknown to Twilio.";
    assert!(page.as_str().is_some_and(|page| page.contains(told)), "{page}");
    let message = world.sql("SELECT message FROM pool_halts");
    assert!(message.contains("no messaging service of the pool takes another number"), "{message}");
    let (bought, posts) = (world.bought(), attaches(&world));
    daemon.purchase(1).problem(503, "halted");
    assert_eq!((world.bought(), daemon.status()["available"].as_u64()), (bought, Some(2)));
    assert_eq!(attaches(&world), posts, "nothing is asked of what is known to be full");
    capacity(&world, &sids[1], 5);
    resume(&daemon);
    eventually_ready(&world, 3);
    buy(&daemon, 1);
    eventually_ready(&world, 4);
    assert_eq!((members(&world, &sids[0]).len(), members(&world, &sids[1]).len(), needs(&world).as_str()), (1, 3, ""));
    assert_twilio_agrees(&world);
    world.assert_truth();
}

#[test]
fn a_pool_whose_services_are_known_to_be_full_buys_nothing_first() {
    let (world, daemon, sids) = with_services(1);
    world.sql(&format!(
        "INSERT INTO attachment_targets (target, full_since, message) VALUES ('{}', now(), 'Number Pool size limit reached')
         ON CONFLICT (target) DO UPDATE SET full_since = now(), message = excluded.message",
        sids[0]
    ));
    eventually("the pool halts", || needs(&world) == "pool.messaging_services");
    daemon.purchase(1).problem(503, "halted");
    daemon.assign("u-1").problem(503, "pool_empty");
    assert_eq!((world.bought(), attaches(&world)), (0, 0));
}

#[test]
fn a_404_is_the_services_or_the_numbers_and_a_new_number_is_asked_for_again() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 1500);
    let (world, daemon, sids) = super::with_services_in(world, 1);
    // Twilio's messaging does not know the number yet, by two words; the service is there.
    for fault in [Fault::new(On::Attach, FaultKind::NotFound), Fault::new(On::Attach, FaultKind::Refuse).code(21_421)] {
        let before = members(&world, &sids[0]).len();
        world.twilio.fault(fault);
        buy(&daemon, 1);
        eventually("it has joined", || members(&world, &sids[0]).len() == before + 1);
    }
    eventually_ready(&world, 2);
    assert_eq!(world.sql("SELECT string_agg(attempts::text, ' ') FROM attachments"), "2 2");
    // One that is known for long is refused.
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503));
    buy(&daemon, 1);
    eventually("it was tried", || world.count("SELECT count(*) FROM attachments WHERE doubted OR attempts > 1") >= 1);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).code(21_421).forever());
    world.sql("UPDATE numbers SET purchased_at = purchased_at - interval '1 hour'");
    eventually("it is refused", || standing(&world).last().is_some_and(|line| line.ends_with("refused")));
    assert_eq!(world.sql("SELECT refusal_concerns FROM attachments ORDER BY id DESC LIMIT 1"), "number");
    assert_eq!(world.sql("SELECT held_back FROM numbers ORDER BY id DESC LIMIT 1"), "unattachable");
}
