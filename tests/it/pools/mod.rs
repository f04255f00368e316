//! Pools: which one serves whom, how near it comes to what was wished for, what one that lacks something costs, and what is
//! told of each and of all together.

mod caps;
mod fairness;
mod halt;
mod halt_target;
mod ladder;
mod named;
mod orders;
mod passes;
mod reload;
mod rest;
mod skew;
mod status;
mod unclear;
mod unconfigured;

use serde_json::{Value, json};

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};

/// `default` in the United States, `gb` for mobiles, and `ca`: none buys for stock, and Twilio asks nobody for papers.
fn three() -> World {
    let world = World::new()
        .quiet()
        .pools(&[("gb", &[("country", "GB"), ("number_type", "mobile")]), ("ca", &[("country", "CA")])]);
    for country in ["GB", "CA"] {
        world.twilio.set_regulated(country, false);
    }
    world
}

/// A signup at a pool, which it names.
fn sign_up(daemon: &Daemon, user: &str, pool: &str) -> Reply {
    daemon.signup("/signup/api/assign", &json!({"user_id": user, "pool": pool}))
}

/// An order by hand.
fn order(daemon: &Daemon, body: &Value) -> Reply {
    daemon.post("/admin/phones/api/purchase", body)
}
