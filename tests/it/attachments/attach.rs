//! A number joins its messaging service, whatever becomes of the answer: once, as far as Twilio is concerned.

use twilio_simulator::{ABSENT, AccountStatus, Fault, FaultKind, On, ServiceOrder};

use super::{
    assert_twilio_agrees, attaches, buy, eventually_ready, members, moves, naming, needs, ready, service, services,
    standing, want, with_services, with_services_in,
};
use crate::world::{World, eventually};

#[test]
fn a_number_joins_its_service_before_anybody_gets_it() {
    let (world, daemon, sids) = with_services(1);
    buy(&daemon, 3);
    eventually_ready(&world, 3);
    assert_eq!((members(&world, &sids[0]).len(), attaches(&world), moves(&world)), (3, 3, (3, 0)));
    // What was never in doubt was not looked up.
    assert_eq!(world.twilio.truth().requests_of(On::Member), 0);
    assert_eq!(standing(&world), vec![format!("{} attached", sids[0]); 3]);
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool");
    assert_twilio_agrees(&world);
    world.assert_truth();
}

#[test]
fn a_number_is_meant_to_be_attached_in_the_moment_in_which_it_is_ours() {
    let world = World::new().quiet();
    let sid = service(&world);
    let world = naming(world, &[&sid]);
    let daemon = world.daemon();
    want(&world, "default", &services(&[&sid]));
    // Nobody attaches anything: Twilio is silent about it.
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503).forever());
    buy(&daemon, 2);
    assert_eq!(world.count("SELECT count(*) FROM attachments"), 2, "as soon as the order has ended");
    eventually("it was tried", || attaches(&world) > 0);
    assert_eq!((ready(&world), world.sql("SELECT DISTINCT held_back FROM numbers").as_str()), (0, "attaching"));
    assert_eq!(daemon.status()["available"], 0, "nobody is given a number that cannot text");
    world.twilio.clear_faults();
    eventually_ready(&world, 2);
}

#[test]
fn what_is_there_already_is_a_success_by_whichever_word() {
    let (world, daemon, sids) = with_services(1);
    world.twilio.service(ServiceOrder { attach_status: Some(200), ..ServiceOrder::new().sid(&*sids[0]) });
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    // Somebody was faster: 21710.
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503));
    buy(&daemon, 1);
    eventually("it was tried once", || attaches(&world) == 2);
    let number = world.sql("SELECT phone_number FROM numbers ORDER BY id DESC LIMIT 1");
    world.twilio.service(ServiceOrder::new().sid(&*sids[0]).with_member(&*number));
    world.twilio.fault(Fault::new(On::Member, FaultKind::NotFound).forever());
    eventually_ready(&world, 2);
    assert_eq!((members(&world, &sids[0]).len(), moves(&world)), (2, (1, 0)));
    assert_twilio_agrees(&world);
}

#[test]
fn a_lost_answer_is_looked_up_and_never_guessed() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 1500);
    let (world, daemon, sids) = with_services_in(world, 1);
    let mut stock = 0;
    for kind in [
        FaultKind::CommitThenReset,
        FaultKind::CommitThenClose,
        FaultKind::CommitThen500,
        FaultKind::CommitThen503,
        FaultKind::CommitThenHtml502,
        FaultKind::CommitThenHang,
        FaultKind::MalformedJson,
        FaultKind::TruncatedBody,
    ] {
        let before = attaches(&world);
        world.twilio.fault(Fault::new(On::Attach, kind));
        buy(&daemon, 1);
        stock += 1;
        eventually_ready(&world, stock);
        assert_eq!(attaches(&world), before + 1, "{kind:?}: it took effect, and was looked up");
    }
    for kind in [
        FaultKind::Reset,
        FaultKind::Close,
        FaultKind::Hang,
        FaultKind::Error500,
        FaultKind::Html504,
        FaultKind::TooManyRequests,
    ] {
        let before = attaches(&world);
        world.twilio.fault(Fault::new(On::Attach, kind));
        buy(&daemon, 1);
        stock += 1;
        eventually_ready(&world, stock);
        assert_eq!(attaches(&world), before + 2, "{kind:?}: it had no effect, and was sent again");
    }
    let effective = usize::try_from(stock).unwrap();
    assert_eq!((members(&world, &sids[0]).len(), moves(&world)), (effective, (effective, 0)), "each joined once");
    assert_eq!(needs(&world), "", "what is not clear halts nothing");
    assert_twilio_agrees(&world);
    world.assert_truth();
}

#[test]
fn an_answer_about_another_number_and_a_look_that_lags_are_no_answers() {
    let (world, daemon, sids) = with_services(1);
    let mut stock = 0;
    for value in ["PN00000000000000000000000000000009", ABSENT] {
        world.twilio.fault(Fault::new(On::Attach, FaultKind::OddRow).field("sid").value(value));
        buy(&daemon, 1);
        stock += 1;
        eventually_ready(&world, stock);
    }
    // Look-ups do not show it yet: it is sent again, and Twilio says that it is there.
    let before = attaches(&world);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Lag).requests(2));
    buy(&daemon, 1);
    eventually_ready(&world, stock + 1);
    assert_eq!((attaches(&world), moves(&world)), (before + 2, (3, 0)));
    assert_eq!(members(&world, &sids[0]).len(), 3);
    assert_twilio_agrees(&world);
}

#[test]
fn a_look_that_says_in_twilios_other_word_that_it_is_no_member_is_a_look() {
    let (world, daemon, sids) = with_services(2);
    let no_member = || Fault::new(On::Member, FaultKind::Refuse).status(404).code(21_711);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503));
    world.twilio.fault(no_member().forever());
    buy(&daemon, 1);
    eventually_ready(&world, 1);
    assert_eq!((members(&world, &sids[0]).len(), attaches(&world)), (1, 2), "it was looked up, and sent again");
    // And one in somebody else's service is in none of ours.
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).status(409).code(21_712));
    buy(&daemon, 1);
    eventually("it is a conflict", || standing(&world)[1] == format!("{} conflict", sids[0]));
}

#[test]
fn a_service_that_hangs_keeps_no_other_waiting() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 60_000);
    let (first, second) = (service(&world), service(&world));
    let world = naming(world, &[&first]).pool("ca", &[("country", "CA"), ("messaging_services", &*second)]);
    world.twilio.set_regulated("CA", false);
    let daemon = world.daemon();
    want(&world, "default", &services(&[&first]));
    want(&world, "ca", &services(&[&second]));
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Hang).country("US").ms(20_000).forever());
    buy(&daemon, 2);
    eventually("they hang", || world.count("SELECT count(*) FROM attachments WHERE state = 'sent'") == 2);
    let order = daemon.post("/admin/phones/api/purchase", &serde_json::json!({"count": 2, "pool": "ca"})).ok();
    assert_eq!(order["purchased_count"], 2, "{order}");
    eventually_ready(&world, 2);
    assert_eq!((members(&world, &first).len(), members(&world, &second).len()), (0, 2));
}

#[test]
fn a_key_that_may_not_attach_halts_the_pool_and_nothing_else_until_somebody_resumes_it() {
    for kind in [FaultKind::Unauthorized, FaultKind::TestCredentials] {
        let (world, daemon, _) = with_services(1);
        world.twilio.fault(Fault::new(On::Attach, kind).forever());
        buy(&daemon, 1);
        eventually("the pool halts", || needs(&world) == "pool.messaging_services");
        let message = world.sql("SELECT message FROM pool_halts");
        assert!(message.contains("this key may not attach numbers to MG"), "{kind:?}: {message}");
        assert_eq!(daemon.status()["halted"], serde_json::Value::Null, "{kind:?}: the account is well");
        daemon.purchase(1).problem(503, "halted");
        // It stays open, and says nothing of the number.
        assert_eq!(world.sql("SELECT state || ' ' || doubted FROM attachments"), "sent true");
        assert_eq!(world.count("SELECT count(*) FROM pool_failures WHERE in_a_row > 0"), 0);
        world.twilio.clear_faults();
        super::resume(&daemon);
        eventually_ready(&world, 1);
    }
}

#[test]
fn an_account_that_is_suspended_halts_no_pool_and_what_waits_goes_on_when_it_is_back() {
    let (world, daemon, _) = with_services(1);
    world.twilio.fault(Fault::new(On::Attach, FaultKind::Error503));
    buy(&daemon, 1);
    eventually("it was tried once", || attaches(&world) == 1);
    world.twilio.set_account_status(AccountStatus::Suspended);
    eventually("Twilio refused it", || {
        daemon.has_logged("a number is not attached yet") && {
            world.sql("SELECT twilio_code FROM attachments") == "20003"
        }
    });
    world.twilio.set_account_status(AccountStatus::Active);
    eventually_ready(&world, 1);
    assert_eq!(needs(&world), "");
}

#[test]
fn a_signup_at_an_empty_pool_waits_for_a_number_that_can_text_and_costs_one() {
    let (world, daemon, sids) = with_services(1);
    assert_eq!(daemon.assign("u-1").ok()["source"], "emergency");
    assert_eq!(members(&world, &sids[0]).len(), 1);
    // An answer that is lost costs them a moment, and nobody a second number.
    world.twilio.fault(Fault::new(On::Attach, FaultKind::CommitThenReset));
    let told = daemon.assign("u-2").ok();
    assert_eq!(told["source"], "emergency");
    assert!(members(&world, &sids[0]).iter().any(|number| told["phone_number"] == **number));
    assert_eq!((world.bought(), moves(&world)), (2, (2, 0)));
    assert_twilio_agrees(&world);
    world.assert_truth();
}

#[test]
fn two_instances_send_each_number_once() {
    let (world, daemon, sids) = with_services(1);
    let other = world.daemon();
    for buyer in [&daemon, &other, &daemon] {
        buy(buyer, 4);
    }
    eventually_ready(&world, 12);
    assert_eq!((members(&world, &sids[0]).len(), attaches(&world), moves(&world)), (12, 12, (12, 0)));
    assert_eq!(world.sql("SELECT DISTINCT attempts FROM attachments"), "1");
    assert_twilio_agrees(&world);
}

#[test]
fn what_a_pool_wants_later_its_numbers_join_later() {
    let world = World::new().quiet();
    let sid = service(&world);
    let daemon = world.daemon();
    buy(&daemon, 3);
    assert_eq!(ready(&world), 3);
    want(&world, "default", &services(&[&sid]));
    eventually("they have joined", || members(&world, &sid).len() == 3);
    eventually_ready(&world, 3);
    assert_eq!(moves(&world), (3, 0));
    assert_twilio_agrees(&world);
}
