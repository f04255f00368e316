//! Numbers that join messaging services, and leave them for ever, step by step.
//!
//! How to get it wrong: believing the ledger. The simulator says who joined, and how often.

use serde_json::json;
use twilio_simulator::{CampaignStatus, Fault, FaultKind, On, ServiceOrder};

use super::{Operation, PLAIN, post, quiet, release_path};
use crate::attachments::{assert_twilio_agrees, eventually_ready, moves, naming, services, want};
use crate::world::daemon::Daemon;
use crate::world::truth::Acknowledged;
use crate::world::{ADMIN_KEY, World, eventually};

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "numbers that join a messaging service",
        world: with_services,
        before: wanting,
        reaches: &[
            "attach_by_clock",
            "attach_wanted",
            "attach_intended",
            "attach_sent",
            "attach_answered",
            "attach_settled",
        ],
        after: |world, _, _| all_have_joined(world),
        ..PLAIN
    },
    Operation {
        name: "numbers that no messaging service takes",
        world: with_services,
        before: |world, told| {
            wanting(world, told);
            world.twilio.fault(Fault::new(On::Attach, FaultKind::Refuse).code(21_715).forever());
        },
        reaches: &["attach_refused_written"],
        after: |world, _, _| {
            eventually("each has joined, or was refused", || {
                world.count("SELECT count(*) FROM numbers WHERE attachment_status = 'pending'") == 0
            });
            // On a busy machine it may have been killed before the first: then all have joined.
            let refused = world.count("SELECT count(*) FROM attachments WHERE state = 'refused'");
            let failures = world.count("SELECT coalesce(max(in_a_row), 0) FROM pool_failures");
            assert_eq!(failures, if refused == 5 { 5 } else { 0 });
            let told = world.count("SELECT count(*) FROM attachments WHERE twilio_code = 21715");
            assert_eq!(refused, told, "what was refused stays so");
            assert_twilio_agrees(world);
        },
        ..PLAIN
    },
    Operation {
        name: "numbers that come to a full messaging service",
        world: with_services,
        before: |world, told| {
            world.twilio.service(ServiceOrder::new().sid(FIRST).capacity(1));
            wanting(world, told);
        },
        reaches: &["attach_full_written"],
        after: |world, _, _| {
            all_have_joined(world);
            assert_eq!(crate::attachments::members(world, FIRST).len(), 1);
        },
        ..PLAIN
    },
    Operation {
        name: "a number that leaves its messaging service for ever",
        world: with_services,
        before: |world, told| {
            wanting(world, told);
            let daemon = world.daemon();
            eventually_ready(world, 5);
            assert_eq!(daemon.stop(), Some(0));
        },
        ask: Some(|world, daemon, _| {
            let number = world.sql("SELECT min(phone_number) FROM leases WHERE user_id IS NULL AND ready");
            drop(post(daemon, &release_path(&number), ADMIN_KEY, &json!({})));
        }),
        reaches: &["detach_sent", "detach_answered"],
        after: |world, _, _| {
            eventually("nothing of it is left to be ended", || {
                world.count("SELECT count(*) FROM attachments WHERE leaving") == 0
            });
            assert_eq!(
                world.sql("SELECT state, count(*) FROM attachments GROUP BY state ORDER BY state"),
                "attached|4\nleft|1"
            );
            assert_twilio_agrees(world);
        },
        ..PLAIN
    },
];

const FIRST: &str = "MG11111111111111111111111111111111";
const SECOND: &str = "MG22222222222222222222222222222222";

/// With two messaging services, which the pool names; what was sent falls silent soon.
fn with_services() -> World {
    let world = quiet().set("twilio.request_timeout_ms", 2000);
    for sid in [FIRST, SECOND] {
        world.twilio.service(ServiceOrder::new().sid(sid).campaign(CampaignStatus::Verified));
    }
    naming(world, &[FIRST, SECOND])
}

/// Five numbers that want to join, and nobody alive: whoever bought them knew of no services.
fn wanting(world: &World, _: &mut Acknowledged) {
    let mut settings = world.settings().clone();
    settings.remove("CALLBUNKER__POOL__MESSAGING_SERVICES");
    let daemon = Daemon::start(&settings);
    daemon.purchase(5).ok();
    assert_eq!(daemon.stop(), Some(0));
    want(world, "default", &services(&[FIRST, SECOND]));
}

/// Each of them once.
fn all_have_joined(world: &World) {
    eventually_ready(world, 5);
    assert_eq!(moves(world), (5, 0));
    assert_twilio_agrees(world);
}
