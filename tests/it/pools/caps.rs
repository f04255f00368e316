//! Each pool's own caps, and those of all pools together.

use serde_json::json;

use super::{order, sign_up, three};
use crate::world::daemon::Reply;

fn detail(refused: Reply) -> String {
    refused.problem(503, "pool_empty")["detail"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_pools_own_caps_and_the_caps_of_all() {
    let world = three().set("pools.gb.owned_max", 2).set("pools.ca.purchases_per_day_max", 3).set("spend.owned_max", 9);
    let daemon = world.daemon();
    // What one pool may own says nothing of another.
    for user in ["gb-1", "gb-2"] {
        assert_eq!(sign_up(&daemon, user, "gb").ok()["source"], "emergency");
    }
    assert!(detail(sign_up(&daemon, "gb-3", "gb")).contains("owned_max"));
    assert_eq!(sign_up(&daemon, "us-1", "default").ok()["source"], "emergency");
    // What one pool may buy in a day binds orders by hand too, unless they go beyond it.
    let cut = order(&daemon, &json!({"count": 5, "pool": "ca"})).ok();
    assert_eq!((&cut["purchased_count"], &cut["errors"][0]["code"]), (&json!(3), &json!("spend_cap")), "{cut}");
    order(&daemon, &json!({"count": 1, "pool": "ca"})).problem(409, "spend_cap");
    for user in ["ca-1", "ca-2", "ca-3"] {
        assert_eq!(sign_up(&daemon, user, "ca").ok()["source"], "pool");
    }
    assert!(detail(sign_up(&daemon, "ca-4", "ca")).contains("spend_cap"));
    let beyond = json!({"count": 1, "pool": "ca", "override_caps": true});
    assert_eq!(order(&daemon, &beyond).ok()["purchased_count"], 1);
    assert_eq!(sign_up(&daemon, "us-2", "default").ok()["source"], "emergency", "another pool's day is not over");
    // Eight are owned, by three pools.
    assert_eq!(sign_up(&daemon, "us-3", "default").ok()["source"], "emergency");
    assert!(detail(sign_up(&daemon, "us-4", "default")).contains("spend.owned_max"));
    assert_eq!(order(&daemon, &json!({"count": 1})).ok()["purchased_count"], 1, "by hand one may go beyond");
    assert_eq!(world.bought(), 10);
    world.assert_truth();
}

#[test]
fn pools_that_buy_side_by_side_share_what_is_left() {
    let world = three().set("spend.purchases_per_hour_max", 7).set("pools.gb.purchases_per_day_max", 2);
    let daemon = world.daemon();
    std::thread::scope(|scope| {
        for user in 0..15 {
            let daemon = &daemon;
            scope.spawn(move || {
                let pool = ["default", "gb", "ca"][user % 3];
                let reply = sign_up(daemon, &format!("u-{user}"), pool);
                if reply.status == 200 {
                    assert_eq!(reply.ok()["pool"], pool);
                } else {
                    assert!(detail(reply).contains("spend_cap"));
                }
            });
        }
    });
    assert_eq!(world.bought(), 7, "no more than the hour allows, and no less");
    assert!(world.count("SELECT count(*) FROM numbers WHERE pool = 'gb'") <= 2);
    assert!(!daemon.has_logged("the last check before buying held back"), "the other pools used it up: no alarm");
    world.assert_truth();
}
