//! Customer profiles and trust products: the profile comes first, and what is refused is looked up, since Twilio has no word for "it is
//! so already".

use callbunker::domain::{Needs, Wants};
use twilio_simulator::{Fault, FaultKind, On, Sid, TrustKind, TrustOrder};

use super::{buy, eventually_ready, needs, ready, resume, standing, want};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// A daemon whose default pool wants a profile and two products.
fn with_trust(world: World) -> (World, Daemon, [Sid; 3]) {
    let order = |kind| world.twilio.trust(TrustOrder::new(kind));
    let sids = [order(TrustKind::CustomerProfile), order(TrustKind::TrustProduct), order(TrustKind::TrustProduct)];
    let world = world
        .set("pool.customer_profile", &sids[0])
        .set("pool.trust_products", format!("{},{}", sids[1], sids[2]))
        .set("pool.ready_for", "sms");
    let daemon = world.daemon();
    let wants = Wants {
        profile: Some(sids[0].parse().unwrap()),
        products: sids[1..].iter().map(|sid| sid.parse().unwrap()).collect(),
        needs: Needs { attached: true, registered: false },
        ..Wants::default()
    };
    want(&world, "default", &wants);
    (world, daemon, sids)
}

/// How many numbers each of them has.
fn assigned(world: &World, sids: &[Sid]) -> Vec<usize> {
    let truth = world.twilio.truth();
    let of =
        |sid: &Sid| truth.trust_bundles.iter().find(|bundle| bundle.sid == *sid).map_or(0, |one| one.assignments.len());
    sids.iter().map(of).collect()
}

#[test]
fn a_number_is_of_the_profile_first_and_then_of_each_product() {
    let (world, daemon, sids) = with_trust(World::new().quiet());
    let before = world.twilio.truth().requests_of(On::Assignment);
    buy(&daemon, 2);
    eventually_ready(&world, 2);
    assert_eq!(assigned(&world, &sids), [2, 2, 2]);
    let known = world.sql("SELECT assignment_sid FROM attachments ORDER BY assignment_sid");
    let truth = world.twilio.truth();
    let mut there: Vec<&str> =
        truth.trust_bundles.iter().flat_map(|bundle| bundle.assignments.iter().map(|one| &*one.sid)).collect();
    there.sort_unstable();
    assert_eq!(known.lines().collect::<Vec<_>>(), there, "Twilio's names for them, which their end needs");
    let order = world.sql("SELECT DISTINCT count(*) FROM attachments p JOIN attachments q USING (number_id)
                            WHERE p.kind = 'customer_profile' AND q.kind = 'trust_product' AND q.last_sent_at > p.since");
    assert_eq!(order, "4", "no product was asked for before its profile was there");
    assert_eq!(world.twilio.truth().requests_of(On::Assignment) - before, 6, "one call each");
}

#[test]
fn a_lost_answer_and_a_refused_repeat_are_looked_up() {
    let (world, daemon, sids) = with_trust(World::new().quiet());
    for kind in [FaultKind::CommitThenReset, FaultKind::CommitThen503, FaultKind::Error500] {
        for after in 0..3 {
            let before = ready(&world);
            world.twilio.fault(Fault::new(On::Assignment, kind).after(after));
            buy(&daemon, 1);
            eventually_ready(&world, before + 1);
        }
    }
    assert_eq!(assigned(&world, &sids), [9, 9, 9]);
    // What is there already Twilio refuses without a word for it, or takes: a look finds it, by the name that it had.
    let names = "SELECT string_agg(assignment_sid, ' ' ORDER BY id) FROM attachments";
    let before = world.sql(names);
    for repeats_pass in [false, true] {
        world.twilio.trust(TrustOrder {
            sid: Some(sids[0].clone()),
            repeats_pass: Some(repeats_pass),
            ..TrustOrder::default()
        });
        world.sql("UPDATE attachments SET state = 'left', assignment_sid = NULL");
        eventually("they are attached again", || world.sql(names) == before);
        eventually_ready(&world, 9);
    }
    assert_eq!((assigned(&world, &sids), needs(&world).as_str()), (vec![9, 9, 9], ""));
}

#[test]
fn a_profile_that_twilio_does_not_know_halts_the_pool_and_names_the_key() {
    let (world, daemon, sids) = with_trust(World::new().quiet());
    world.twilio.trust(TrustOrder { sid: Some(sids[0].clone()), remove: true, ..TrustOrder::default() });
    buy(&daemon, 1);
    eventually("the pool halts", || needs(&world) == "pool.customer_profile");
    assert_eq!(world.sql("SELECT refusal_concerns FROM attachments WHERE state = 'refused'"), "target");
    daemon.purchase(1).problem(503, "halted");
    world.twilio.trust(TrustOrder::new(TrustKind::CustomerProfile).sid(&*sids[0]));
    resume(&daemon);
    eventually_ready(&world, 1);
}

#[test]
fn products_that_refuse_every_number_halt_the_pool_by_their_own_key() {
    let (world, daemon, sids) = with_trust(World::new().quiet().set("pool.replenishment_batch_size", 2));
    for number in 1..=2 {
        // One of the products is refused after the profile took it, and the look does not find it there.
        world.twilio.fault(Fault::new(On::Assignment, FaultKind::Refuse).code(20_001).after(1));
        buy(&daemon, 1);
        eventually("it cannot be", || {
            world.count("SELECT count(*) FROM numbers WHERE held_back = 'unattachable'") == number
        });
    }
    // What succeeds of a number beside what fails is no success.
    eventually("the pool halts", || needs(&world) == "pool.trust_products");
    assert_eq!(assigned(&world, &sids[..1]), [2]);
    resume(&daemon);
    eventually_ready(&world, 2);
}

#[test]
fn what_left_for_ever_is_taken_out_by_twilios_name_for_it() {
    let (world, daemon, sids) = with_trust(World::new().quiet());
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    let number = world.sql("SELECT phone_number FROM numbers");
    daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/release-to-twilio")).ok();
    eventually("nothing of it stands", || standing(&world).iter().all(|line| line.ends_with(" left")));
    assert_eq!(assigned(&world, &sids), [0, 0, 0]);
}
