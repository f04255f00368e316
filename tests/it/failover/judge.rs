//! What must hold in the end, on the primary of then.

use std::collections::BTreeMap;

use super::load::Told;
use crate::world::World;
use crate::world::daemon::Daemon;

/// Everybody has what they were told and nobody else has it; nothing was bought that the ledger does not know, twice, or beyond what an
/// order asked for; every call to Twilio stood in the ledger before, on this server too.
pub fn judge(world: &World, daemon: &Daemon, told: &Told) {
    daemon.post_empty("/admin/phones/api/pause").ok();
    world.settle();
    let rows = world.sql(
        "SELECT a.user_id, n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.released_at IS NULL",
    );
    let held: BTreeMap<&str, &str> = rows.lines().filter_map(|row| row.split_once('|')).collect();
    for (user, number) in told {
        assert_eq!(held.get(user.as_str()).copied(), number.as_deref(), "what {user} was told last");
    }
    assert_eq!(held.len(), told.values().flatten().count(), "nobody else has a number: {held:?}");
    world.assert_truth();
}
