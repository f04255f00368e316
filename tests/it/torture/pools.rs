//! Several pools of different kinds, for whatever is tortured: the United States, British mobile numbers with a bundle, and
//! Canadian ones with an address.
//!
//! How to get it wrong: a pool whose papers the simulator does not have. It would halt at its first create, rightly.

use serde_json::json;
use twilio_simulator::{AddressOrder, BundleOrder, NumberKind};

use crate::world::World;
use crate::world::daemon::Daemon;

/// The pools in the order in which they are added.
pub const NAMES: [&str; 3] = ["default", "gb", "ca"];

/// Adds pools to a world until it has `count`. They buy nothing unasked.
pub fn with_pools(world: World, count: usize) -> World {
    let world = if count > 1 {
        let bundle = world.twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile));
        quiet(world, "gb", "GB").set("pools.gb.number_type", "mobile").set("pools.gb.bundle_sid", bundle)
    } else {
        world
    };
    if count > 2 {
        let address = world.twilio.address(AddressOrder::new("CA"));
        quiet(world, "ca", "CA").set("pools.ca.address_sid", address)
    } else {
        world
    }
}

fn quiet(world: World, name: &str, country: &str) -> World {
    world.set(&format!("pools.{name}.country"), country).set(&format!("pools.{name}.threshold_low"), 0)
}

/// An operator who has mended whatever the first `count` pools lacked.
pub fn resume(daemon: &Daemon, count: usize) {
    for name in &NAMES[..count] {
        daemon.post("/admin/phones/api/resume", &json!({ "pool": name })).ok();
    }
}
