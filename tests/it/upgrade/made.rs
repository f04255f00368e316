//! Writes down the rows that a release leaves: `UPGRADE_DATA=FILE TORTURE_SEED=… cargo test … -- upgrade::made`.
//!
//! A random round of the torture, then what such a round does not come to (`fill.sql`), under all checks of the schema; what then
//! still has no row is named. Without `UPGRADE_DATA` there is nothing to do.

use std::process::Command;

use crate::torture::after_a_round;
use crate::world::World;

#[test]
fn the_rows_of_a_release_are_written_where_somebody_asks_for_them() {
    let Some(file) = std::env::var_os("UPGRADE_DATA") else { return };
    let seed = std::env::var("TORTURE_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    after_a_round(seed, |world| {
        let fill = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/upgrade/fill.sql");
        world.as_owner(&std::fs::read_to_string(fill).expect("fill.sql"));
        let empty = world.sql(
            "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'callbunker' AND
              (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM callbunker.%I', tablename), false, true, '')))[1]::text = '0'",
        );
        assert_eq!(empty, "", "no rows of these; fill.sql adds what a round does not come to");
        std::fs::write(&file, dumped(world)).expect("the file is written");
    });
}

/// The rows of all tables and where sequences stand, without what differs from one PostgreSQL to another.
fn dumped(world: &World) -> String {
    let mut dump = Command::new("pg_dump");
    dump.args([
        "--data-only",
        "--no-owner",
        "--schema=callbunker",
        "--exclude-table=callbunker.__diesel_schema_migrations",
    ]);
    let output = dump.arg(world.database.url()).output().expect("pg_dump is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it is text");
    let mut kept = String::new();
    let mut is_copied = false;
    for line in text.lines() {
        is_copied |= line.starts_with("COPY ");
        if is_copied || line.starts_with("SELECT pg_catalog.setval(") {
            kept += line;
            kept.push('\n');
        }
        is_copied &= line != "\\.";
    }
    kept
}
