//! Several instances that start at once on an old schema: each migration is applied once, and all serve.

use std::collections::BTreeSet;

use serde_json::json;

use super::{assert_owned_is_known, known_at_twilio};
use crate::database::{LEASES, MIGRATIONS, earlier};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World};

/// The schema before leases, with its rows; no instance is told of other webhooks than it has.
fn old() -> World {
    let world = earlier().quiet();
    world.sql(&format!(
        "UPDATE installation SET voice_url = '{ORIGIN}/twilio/voice', sms_url = '{ORIGIN}/twilio/sms', status_callback = '{ORIGIN}/twilio/status'"
    ));
    known_at_twilio(&world);
    world
}

/// The migrations that an instance says it has applied.
fn applied(daemon: &Daemon) -> Vec<String> {
    let lines = daemon.log_lines();
    let told = lines.iter().filter(|line| line["msg"] == "the database was migrated");
    let versions = told.flat_map(|line| line["applied"].as_str().expect("their versions").split(", "));
    versions.map(str::to_owned).collect()
}

#[test]
fn of_four_that_start_at_once_on_an_old_schema_each_migration_is_applied_by_one_and_all_serve() {
    let world = old();
    // Somebody who has a number from before.
    let before = world.sql(
        "SELECT a.user_id, n.phone_number FROM assignments a JOIN numbers n ON n.id = a.number_id
          WHERE a.released_at IS NULL AND n.missing_since IS NULL ORDER BY a.id LIMIT 1",
    );
    let (user, number) = before.split_once('|').expect("somebody has a number");
    let mut daemons: Vec<Daemon> = (0..4).map(|_| Daemon::spawn(world.settings())).collect();
    daemons.iter_mut().for_each(Daemon::wait_until_it_serves);
    let mut versions: Vec<String> = daemons.iter().flat_map(applied).collect();
    versions.sort();
    let expected: Vec<&str> =
        MIGRATIONS.iter().map(|(version, ..)| *version).filter(|version| *version >= LEASES).collect();
    assert_eq!(versions, expected, "each once, by whoever came first");
    let mut numbers = BTreeSet::new();
    for (n, daemon) in daemons.iter().enumerate() {
        assert_eq!(daemon.assign(user).ok()["phone_number"], json!(number));
        let given = daemon.assign(&format!("new-{n}")).ok();
        assert!(numbers.insert(given["phone_number"].as_str().expect("a number").to_owned()), "{given}");
    }
    assert_owned_is_known(&world);
}
