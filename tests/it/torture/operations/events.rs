//! Twilio's events, step by step: what was written down is written down once, however often Twilio sends it.

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use super::{Operation, PLAIN, quiet};
use crate::world::World;
use crate::world::daemon::{Daemon, Reply};
use crate::world::events::{FAILED, REGISTERED, deliver, event, send_events, standing, try_deliver, waiting};
use crate::world::truth::Acknowledged;

pub const OPERATIONS: &[Operation] = &[Operation {
    name: "a batch of Twilio's events",
    world: || waiting(quiet(), 5),
    ask: Some(|world, daemon, _| sent_until_taken(|| try_deliver(world, daemon, &batch(world)))),
    reaches: &["event_stored", "registration_failed_written"],
    after: sent_again,
    ..PLAIN
}];

/// As Twilio does: whoever is too busy to write it all down within the time is sent it again, until it is taken or nobody is there.
fn sent_until_taken(send: impl Fn() -> Option<Reply>) {
    const TIMES: usize = 20;
    let _ = (0..TIMES).map_while(|_| send()).find(|reply| reply.status == 200);
}

fn numbers(world: &World) -> Vec<String> {
    world.sql("SELECT phone_number FROM numbers ORDER BY id").lines().map(str::to_owned).collect()
}

/// The carriers know four, and do not take the fifth. The same each time: by when the numbers were bought.
fn batch(world: &World) -> Vec<Value> {
    let bought = world.count("SELECT floor(extract(epoch FROM min(purchased_at))) FROM numbers");
    let at = chrono::DateTime::from_timestamp(bought, 0).unwrap_or_else(Utc::now) + TimeDelta::seconds(1);
    let word = |n: usize| if n < 4 { REGISTERED } else { FAILED };
    numbers(world).iter().enumerate().map(|(n, number)| event(world, number, word(n), at)).collect()
}

fn sent_again(world: &World, daemon: &Daemon, _: &mut Acknowledged) {
    sent_until_taken(|| Some(send_events(world, daemon, &batch(world))));
    assert_eq!(deliver(world, daemon, &batch(world)), [0, 5, 0], "what was taken is known");
    for (n, number) in numbers(world).iter().enumerate() {
        let expected = if n < 4 { "registered - true" } else { "failed registration_failed false" };
        assert_eq!(standing(world, number), expected, "{number}");
    }
    assert_eq!(world.sql("SELECT in_a_row FROM pool_failures"), "1", "the failure counts once");
    assert_eq!(world.count("SELECT count(*) FROM number_notes WHERE note IN ('registered', 'registration_failed')"), 5);
}
