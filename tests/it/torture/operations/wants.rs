//! What a pool wants of its numbers is told to the database, step by step, by a start.

use twilio_simulator::ServiceOrder;

use super::{Operation, PLAIN, quiet};
use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::truth::Acknowledged;

pub const OPERATIONS: &[Operation] = &[Operation {
    name: "a start that wants more of its numbers",
    world: wanting,
    before: wanted_nothing,
    reaches: &["pools_claimed", "wants_took_some_back", "wants_switched", "wants_told_some"],
    after: |world, _, _| {
        // A start answers nobody before all of them are told.
        assert_eq!(world.sql("SELECT needs_attached, telling_wants FROM pools WHERE name = 'default'"), "t|f");
        assert_eq!(world.count("SELECT count(*) FROM numbers WHERE ready AND attachment_status <> 'attached'"), 0);
        assert_eq!(
            world.count("SELECT count(*) FROM numbers WHERE attachment_status IS DISTINCT FROM callbunker.attachment_status_of(id, pool)"),
            0
        );
    },
    ..PLAIN
}];

/// Its only pool wants a messaging service, and hands out nothing that is not in it.
fn wanting() -> World {
    let world = quiet();
    let service = world.twilio.service(ServiceOrder::new());
    world.set(SERVICES, service)
}

const SERVICES: &str = "pool.messaging_services";

/// Five numbers of a pool that wanted nothing; four of them are in the service already, and nobody is alive.
fn wanted_nothing(world: &World, _: &mut Acknowledged) {
    let mut earlier = world.settings().clone();
    let service = earlier.remove("CALLBUNKER__POOL__MESSAGING_SERVICES").expect("its only pool wants one");
    let daemon = Daemon::start(&earlier);
    daemon.purchase(5).ok();
    assert_eq!(daemon.stop(), Some(0));
    for number in world.sql("SELECT phone_number FROM numbers ORDER BY id LIMIT 4").lines() {
        world.twilio.service(ServiceOrder::new().sid(service.as_str()).with_member(number));
    }
    world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state)
         SELECT id, 'messaging_service', '{service}', 'attached' FROM numbers ORDER BY id LIMIT 4"
    ));
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE ready"), 5);
}
