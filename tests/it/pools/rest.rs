//! What rests for a user in several pools, and which of it comes back.

use serde_json::{Value, json};

use super::{order, sign_up, three};
use crate::world::daemon::Daemon;

fn number(daemon: &Daemon, user: &str, pool: &str) -> Value {
    sign_up(daemon, user, pool).ok()["phone_number"].clone()
}

#[test]
fn what_rests_in_the_pool_that_is_named_comes_back_and_else_what_was_given_back_last() {
    let world = three();
    let daemon = world.daemon();
    for pool in ["default", "gb", "ca"] {
        assert_eq!(order(&daemon, &json!({"count": 2, "pool": pool})).ok()["purchased_count"], 2);
    }
    let mut own = Vec::new();
    for pool in ["default", "gb", "ca"] {
        own.push(number(&daemon, "u-1", pool));
        daemon.release("u-1").ok();
    }
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE rests_for = 'u-1'"), 3);
    // Whoever names nothing gets what they had last, wherever that is.
    let last = daemon.assign("u-1").ok();
    assert_eq!((&last["phone_number"], &last["pool"]), (&own[2], &json!("ca")));
    daemon.release("u-1").ok();
    for (place, pool) in ["default", "gb", "ca"].into_iter().enumerate() {
        assert_eq!(number(&daemon, "u-1", pool), own[place], "{pool}");
        daemon.release("u-1").ok();
    }
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], own[2]);
    daemon.release("u-1").ok();
    assert_eq!(world.bought(), 6, "nothing was bought for any of it");
    world.assert_nothing_lost_or_doubled();
}
