//! From the rows that each release left to now.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{assert_owned_is_known, known_at_twilio, migrated_up_to, releases};
use crate::database::MIGRATIONS;
use crate::world::World;

/// A database as a release left it.
fn left_by(version: &str, last: &str) -> World {
    let world = World::unmigrated().quiet();
    migrated_up_to(&world, last);
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/upgrade/data/");
    let rows = std::fs::read_to_string(format!("{data}{version}.sql")).expect("the rows that this release left");
    // As they were, and not as triggers would make them now.
    world.sql(&format!(
        "SET session_replication_role = replica;
         DO $do$ BEGIN
             EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('callbunker.%I', tablename), ', ') FROM pg_tables
                       WHERE schemaname = 'callbunker' AND tablename <> '__diesel_schema_migrations');
         END $do$;
         {rows}"
    ));
    known_at_twilio(&world);
    world
}

/// The columns of each table.
fn columns(world: &World) -> BTreeMap<String, Vec<String>> {
    let lines = world.sql(
        "SELECT relname, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
          WHERE relkind = 'r' AND relnamespace = 'callbunker'::regnamespace AND attnum > 0 AND NOT attisdropped
            AND relname <> '__diesel_schema_migrations'",
    );
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column) in lines.lines().filter_map(|line| line.split_once('|')) {
        columns.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    columns
}

/// Each row of these tables as these columns have it. A migration that makes something else of a column, on purpose, says here what.
fn rows(world: &World, columns: &BTreeMap<String, Vec<String>>) -> String {
    let now = self::columns(world);
    let tables = columns.iter().map(|(table, known)| {
        let there = now.get(table).unwrap_or_else(|| panic!("{table} is gone: an older instance reads it still"));
        let new: Vec<String> =
            there.iter().filter(|column| !known.contains(column)).map(|column| format!("'{column}'")).collect();
        format!("SELECT '{table} ' || (to_jsonb(t) - ARRAY[{}]::text[])::text AS line FROM {table} t", new.join(", "))
    });
    let all = tables.collect::<Vec<_>>().join(" UNION ALL ");
    world.sql(&format!("SELECT line FROM ({all}) AS lines ORDER BY line COLLATE \"C\""))
}

fn migrate(world: &World) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
    command.arg("migrate").env_clear().envs(world.settings()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// What one of them says it has applied.
fn applied(migrate: Child) -> Vec<String> {
    let output = migrate.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let versions =
        said.trim().strip_prefix("Applied: ").map(|versions| versions.split(", ").map(str::to_owned).collect());
    versions.unwrap_or_default()
}

#[test]
fn from_each_release_every_row_says_what_it_said_and_everything_goes_on() {
    for (version, last) in releases() {
        let world = left_by(version, &last);
        let tables = columns(&world);
        let empty: Vec<&String> =
            tables.keys().filter(|table| world.count(&format!("SELECT count(*) FROM {table}")) == 0).collect();
        assert!(empty.is_empty(), "{version} left no rows of {empty:?}");
        let was = rows(&world, &tables);
        // Two at once.
        let both = [migrate(&world), migrate(&world)];
        let mut versions: Vec<String> = both.into_iter().flat_map(applied).collect();
        versions.sort();
        let newer: Vec<&str> =
            MIGRATIONS.iter().map(|(version, ..)| *version).filter(|version| **version > *last).collect();
        assert_eq!(versions, newer, "from {version} each is applied once");
        assert_eq!(was, rows(&world, &tables), "from {version}");
        assert_owned_is_known(&world);
        everything_goes_on(&world);
    }
}

/// Signups, releases and purchases by hand, on rows of before.
fn everything_goes_on(world: &World) {
    let somebodys = world.sql(
        "SELECT l.user_id, l.phone_number FROM leases l JOIN numbers n ON n.id = l.number_id
          WHERE l.user_id IS NOT NULL AND n.ready AND n.pool = 'default' ORDER BY l.number_id LIMIT 1",
    );
    let (user, number) = somebodys.split_once('|').expect("somebody has a number");
    let daemon = world.daemon();
    assert_eq!(daemon.assign(user).ok()["phone_number"], json!(number), "who had one before has it still");
    daemon.release(user).ok();
    assert_eq!(world.sql(&format!("SELECT rests_for FROM numbers WHERE phone_number = '{number}'")), user);
    let before = world.bought();
    let order = daemon.purchase(2).ok();
    assert_eq!((&order["purchased_count"], world.bought() - before), (&json!(2), 2), "{order}");
    let given = daemon.assign("after-the-upgrade").ok();
    assert_ne!(given["phone_number"], json!(number), "{given}");
    assert_eq!(daemon.assign(user).ok()["phone_number"], json!(number), "who comes back gets theirs");
    for page in ["status", "attention", "cost", "alerts", "passes", "audit", "advice", "inactive"] {
        let reply = daemon.get(&format!("/admin/phones/api/{page}"));
        assert_eq!(reply.status, 200, "{page}: {reply:?}");
    }
    assert_owned_is_known(world);
}
