//! From what is out to what is here: rows keep their meaning, whoever starts first, and signups, releases and purchases go on.
//!
//! `data/VERSION.sql` has the rows that a release left: those of a random round that it ran itself, and of the kinds that a round does not
//! come to ([`mod@made`] writes it when a release is made). What single migrations do to odd rows is in `database/migrated.rs`.
//! How to get it wrong: rows that nobody ever wrote, or a daemon that finds numbers which Twilio does not know.

mod at_once;
mod forward;
#[cfg(feature = "failpoints")]
mod made;
mod side_by_side;

use twilio_simulator::ForeignNumber;

use crate::database::{MIGRATIONS, VERSIONS};
use crate::world::{ORIGIN, World};

/// What is out: version, and the version of its last migration, the oldest first.
fn releases() -> Vec<(&'static str, String)> {
    let lines = include_str!("../../../migrations/RELEASED").lines().filter_map(|line| line.strip_prefix("release "));
    let release = |line: &'static str| {
        let mut words = line.split(' ');
        let (version, last) = (words.next().expect("a version"), words.next().expect("its last migration"));
        // As diesel writes it down: the digits before the name.
        let (date, _) = last.split_once('_').expect("a name");
        (version, date.replace('-', ""))
    };
    lines.map(release).collect()
}

/// An empty database with the migrations up to this one, made by its owner.
fn migrated_up_to(world: &World, last: &str) {
    world.as_owner(&format!("CREATE SCHEMA IF NOT EXISTS callbunker; {VERSIONS}"));
    for (version, up, _down) in MIGRATIONS.iter().filter(|(version, ..)| *version <= last) {
        world.as_owner(&format!("{up}; INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"));
    }
}

/// The database belongs to this world's account, and Twilio has the numbers that it knows of, as it knows them.
fn known_at_twilio(world: &World) {
    world.sql(&format!("UPDATE installation SET account_sid = '{}'", world.twilio.account_sid()));
    let numbers = world.sql(
        "SELECT sid, phone_number, 'callbunker:default:' || coalesce(purchase_item_id, gen_random_uuid()) FROM numbers
          WHERE status <> 'released' AND missing_since IS NULL",
    );
    for line in numbers.lines() {
        let columns: Vec<&str> = line.split('|').collect();
        let [sid, number, tag] = columns[..] else { panic!("{line}") };
        let owned = ForeignNumber::new(number).sid(sid).friendly_name(tag);
        world.twilio.own(
            owned
                .voice_url(format!("{ORIGIN}/twilio/voice"))
                .sms_url(format!("{ORIGIN}/twilio/sms"))
                .status_callback(format!("{ORIGIN}/twilio/status")),
        );
    }
}

/// Of each pool so many are owned as its numbers say.
fn assert_owned_is_known(world: &World) {
    assert_eq!(
        world.sql(
            "SELECT * FROM (SELECT pool, sum(more) AS owned FROM owned_changes GROUP BY pool HAVING sum(more) <> 0) AS told
               FULL JOIN (SELECT pool, count(*) AS owned FROM numbers WHERE status <> 'released' AND missing_since IS NULL GROUP BY pool) AS counted
              USING (pool, owned) WHERE told.owned IS NULL OR counted.owned IS NULL"
        ),
        "",
        "what owned_changes says, and what the numbers say"
    );
}
