//! `src/db/engine/schema.rs` says what the migrated database is, and a migration goes down and up again.

use std::process::Command;

use crate::world::World;

const SCHEMA: &str = include_str!("../../../src/db/engine/schema.rs");
/// Every migration: version, up, down.
pub(crate) const MIGRATIONS: &[(&str, &str, &str)] = &[
    (
        "20261122000000",
        include_str!("../../../migrations/2026-11-22-000000_pool_and_ledger/up.sql"),
        include_str!("../../../migrations/2026-11-22-000000_pool_and_ledger/down.sql"),
    ),
    (
        "20261122120000",
        include_str!("../../../migrations/2026-11-22-120000_reconciliation/up.sql"),
        include_str!("../../../migrations/2026-11-22-120000_reconciliation/down.sql"),
    ),
    (
        "20261122130000",
        include_str!("../../../migrations/2026-11-22-130000_sessions_and_audit/up.sql"),
        include_str!("../../../migrations/2026-11-22-130000_sessions_and_audit/down.sql"),
    ),
    (
        "20261122140000",
        include_str!("../../../migrations/2026-11-22-140000_stock_samples/up.sql"),
        include_str!("../../../migrations/2026-11-22-140000_stock_samples/down.sql"),
    ),
    (
        "20261122150000",
        include_str!("../../../migrations/2026-11-22-150000_audit_acts/up.sql"),
        include_str!("../../../migrations/2026-11-22-150000_audit_acts/down.sql"),
    ),
    (
        "20261128140000",
        include_str!("../../../migrations/2026-11-28-140000_purchase_holder/up.sql"),
        include_str!("../../../migrations/2026-11-28-140000_purchase_holder/down.sql"),
    ),
    (
        "20261128150000",
        include_str!("../../../migrations/2026-11-28-150000_caps/up.sql"),
        include_str!("../../../migrations/2026-11-28-150000_caps/down.sql"),
    ),
    (
        "20261128160000",
        include_str!("../../../migrations/2026-11-28-160000_breaker_pauses/up.sql"),
        include_str!("../../../migrations/2026-11-28-160000_breaker_pauses/down.sql"),
    ),
    (
        "20261128180000",
        include_str!("../../../migrations/2026-11-28-180000_refusals_concern/up.sql"),
        include_str!("../../../migrations/2026-11-28-180000_refusals_concern/down.sql"),
    ),
    (
        "20261128185000",
        include_str!("../../../migrations/2026-11-28-185000_webhooks_given_up/up.sql"),
        include_str!("../../../migrations/2026-11-28-185000_webhooks_given_up/down.sql"),
    ),
    (
        "20261129100000",
        include_str!("../../../migrations/2026-11-29-100000_leases/up.sql"),
        include_str!("../../../migrations/2026-11-29-100000_leases/down.sql"),
    ),
    (
        "20261129110000",
        include_str!("../../../migrations/2026-11-29-110000_what_needs_a_person/up.sql"),
        include_str!("../../../migrations/2026-11-29-110000_what_needs_a_person/down.sql"),
    ),
    (
        "20261129120000",
        include_str!("../../../migrations/2026-11-29-120000_lists/up.sql"),
        include_str!("../../../migrations/2026-11-29-120000_lists/down.sql"),
    ),
    (
        "20261129130000",
        include_str!("../../../migrations/2026-11-29-130000_orders_cancelled/up.sql"),
        include_str!("../../../migrations/2026-11-29-130000_orders_cancelled/down.sql"),
    ),
    (
        "20261130100000",
        include_str!("../../../migrations/2026-11-30-100000_pools/up.sql"),
        include_str!("../../../migrations/2026-11-30-100000_pools/down.sql"),
    ),
    (
        "20261130110000",
        include_str!("../../../migrations/2026-11-30-110000_pool_webhooks/up.sql"),
        include_str!("../../../migrations/2026-11-30-110000_pool_webhooks/down.sql"),
    ),
    (
        "20261130120000",
        include_str!("../../../migrations/2026-11-30-120000_waiters_of_a_pool/up.sql"),
        include_str!("../../../migrations/2026-11-30-120000_waiters_of_a_pool/down.sql"),
    ),
    (
        "20261201100000",
        include_str!("../../../migrations/2026-12-01-100000_kinds_told/up.sql"),
        include_str!("../../../migrations/2026-12-01-100000_kinds_told/down.sql"),
    ),
    (
        "20261201110000",
        include_str!("../../../migrations/2026-12-01-110000_halts_of_keys/up.sql"),
        include_str!("../../../migrations/2026-12-01-110000_halts_of_keys/down.sql"),
    ),
    (
        "20261201120000",
        include_str!("../../../migrations/2026-12-01-120000_rests_by_pool/up.sql"),
        include_str!("../../../migrations/2026-12-01-120000_rests_by_pool/down.sql"),
    ),
    (
        "20261201130000",
        include_str!("../../../migrations/2026-12-01-130000_a_move_leaves_a_line/up.sql"),
        include_str!("../../../migrations/2026-12-01-130000_a_move_leaves_a_line/down.sql"),
    ),
    (
        "20261201140000",
        include_str!("../../../migrations/2026-12-01-140000_area_codes_of_the_whole_plan/up.sql"),
        include_str!("../../../migrations/2026-12-01-140000_area_codes_of_the_whole_plan/down.sql"),
    ),
    (
        "20261201200000",
        include_str!("../../../migrations/2026-12-01-200000_attachments/up.sql"),
        include_str!("../../../migrations/2026-12-01-200000_attachments/down.sql"),
    ),
    (
        "20261201300000",
        include_str!("../../../migrations/2026-12-01-300000_webhooks_whole/up.sql"),
        include_str!("../../../migrations/2026-12-01-300000_webhooks_whole/down.sql"),
    ),
    (
        "20261202050000",
        include_str!("../../../migrations/2026-12-02-050000_leases_are_of_domains/up.sql"),
        include_str!("../../../migrations/2026-12-02-050000_leases_are_of_domains/down.sql"),
    ),
    (
        "20261202100000",
        include_str!("../../../migrations/2026-12-02-100000_attachments_by_target/up.sql"),
        include_str!("../../../migrations/2026-12-02-100000_attachments_by_target/down.sql"),
    ),
    (
        "20261202200000",
        include_str!("../../../migrations/2026-12-02-200000_what_became_of_attachments/up.sql"),
        include_str!("../../../migrations/2026-12-02-200000_what_became_of_attachments/down.sql"),
    ),
    (
        "20261202400000",
        include_str!("../../../migrations/2026-12-02-400000_ways_down_take_confirmations_back/up.sql"),
        include_str!("../../../migrations/2026-12-02-400000_ways_down_take_confirmations_back/down.sql"),
    ),
    (
        "20261202600000",
        include_str!("../../../migrations/2026-12-02-600000_attachments_of_anybody/up.sql"),
        include_str!("../../../migrations/2026-12-02-600000_attachments_of_anybody/down.sql"),
    ),
    (
        "20261203300000",
        include_str!("../../../migrations/2026-12-03-300000_owned_recount_by_an_ordinary_role/up.sql"),
        include_str!("../../../migrations/2026-12-03-300000_owned_recount_by_an_ordinary_role/down.sql"),
    ),
    (
        "20261204100000",
        include_str!("../../../migrations/2026-12-04-100000_alerts/up.sql"),
        include_str!("../../../migrations/2026-12-04-100000_alerts/down.sql"),
    ),
    (
        "20261205100000",
        include_str!("../../../migrations/2026-12-05-100000_duties/up.sql"),
        include_str!("../../../migrations/2026-12-05-100000_duties/down.sql"),
    ),
    (
        "20261205110000",
        include_str!("../../../migrations/2026-12-05-110000_money/up.sql"),
        include_str!("../../../migrations/2026-12-05-110000_money/down.sql"),
    ),
    (
        "20261205120000",
        include_str!("../../../migrations/2026-12-05-120000_demand/up.sql"),
        include_str!("../../../migrations/2026-12-05-120000_demand/down.sql"),
    ),
    (
        "20261205130000",
        include_str!("../../../migrations/2026-12-05-130000_uses/up.sql"),
        include_str!("../../../migrations/2026-12-05-130000_uses/down.sql"),
    ),
];

/// Columns as `table.column type`, with ` null` where NULL is allowed, in the database's order.
fn columns_of_the_file() -> Vec<String> {
    let mut columns = Vec::new();
    let mut table = String::new();
    for line in SCHEMA.lines().map(str::trim) {
        if let Some((name, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let (kind, null) = match kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>')) {
                Some(kind) => (kind, " null"),
                None => (kind, ""),
            };
            columns.push(format!("{table}.{name} {kind}{null}"));
        } else if let Some((name, _key)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name.to_owned();
        }
    }
    columns
}

fn columns_of_the_database(world: &World) -> Vec<String> {
    let rows = world.sql(
        "SELECT format('%s.%s %s%s', table_name, column_name,
                CASE data_type WHEN 'boolean' THEN 'Bool' WHEN 'text' THEN 'Text' WHEN 'integer' THEN 'Integer'
                     WHEN 'bigint' THEN 'BigInt' WHEN 'uuid' THEN 'Uuid' WHEN 'timestamp with time zone' THEN 'Timestamptz'
                     WHEN 'jsonb' THEN 'Jsonb' WHEN 'bytea' THEN 'Binary' WHEN 'date' THEN 'Date' WHEN 'numeric' THEN 'Numeric' WHEN 'ARRAY' THEN format('Array<%s>', CASE udt_name WHEN '_text' THEN 'Text' ELSE 'Timestamptz' END)
                     ELSE data_type END,
                CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END)
           FROM information_schema.columns
          WHERE table_schema = 'callbunker' AND table_name <> '__diesel_schema_migrations'
            AND table_name NOT IN (SELECT viewname FROM pg_views WHERE schemaname = 'callbunker')
          ORDER BY table_name, ordinal_position",
    );
    rows.lines().map(str::to_owned).collect()
}

/// Primary keys as `table (columns)`.
fn keys_of_the_file() -> Vec<String> {
    let table = |line: &str| line.trim().strip_suffix(" {").filter(|line| line.ends_with(')')).map(str::to_owned);
    let mut keys: Vec<String> = SCHEMA.lines().filter_map(table).collect();
    keys.sort();
    keys
}

fn keys_of_the_database(world: &World) -> Vec<String> {
    let rows = world.sql(
        "SELECT format('%s (%s)', c.relname, string_agg(a.attname, ', ' ORDER BY array_position(i.indkey::int2[], a.attnum)))
           FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
          WHERE i.indisprimary AND c.relnamespace = 'callbunker'::regnamespace AND c.relname <> '__diesel_schema_migrations'
          GROUP BY c.relname ORDER BY 1",
    );
    rows.lines().map(str::to_owned).collect()
}

/// Everything in the schema, in words.
fn catalogue(world: &World) -> String {
    world.sql(
        "SELECT 'column', table_name, column_name, data_type, is_nullable, column_default, collation_name, generation_expression
           FROM information_schema.columns WHERE table_schema = 'callbunker'
         UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes WHERE schemaname = 'callbunker'
         UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''
           FROM pg_constraint WHERE connamespace = 'callbunker'::regnamespace
         UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid), '', '', '', ''
           FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
          WHERE c.relnamespace = 'callbunker'::regnamespace AND NOT tgisinternal
         UNION ALL SELECT 'view', viewname, '', definition, '', '', '', '' FROM pg_views WHERE schemaname = 'callbunker'
         UNION ALL SELECT 'function', proname, md5(prosrc), prosecdef::text, coalesce(proconfig::text, ''), coalesce(proacl::text, ''), '', '' FROM pg_proc WHERE pronamespace = 'callbunker'::regnamespace
         ORDER BY 1, 2, 3",
    )
}

fn migrated() -> World {
    let world = World::unmigrated();
    let done =
        Command::new(env!("CARGO_BIN_EXE_callbunker")).arg("migrate").env_clear().envs(world.settings()).status();
    assert!(done.expect("the program starts").success());
    world
}

#[test]
fn the_schema_file_agrees_with_the_migrated_database() {
    let world = migrated();
    let mut file = columns_of_the_file();
    let mut database = columns_of_the_database(&world);
    assert!(file.len() > 60, "the file is read");
    file.sort();
    database.sort();
    assert_eq!(file, database);
    assert_eq!(keys_of_the_file(), keys_of_the_database(&world));
}

#[test]
fn the_migrations_go_down_to_nothing_and_up_to_the_same() {
    let world = migrated();
    let before = catalogue(&world);
    assert!(before.lines().count() > 100, "{before}");
    let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).expect("the migrations");
    let folders = entries.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir())).count();
    assert_eq!(MIGRATIONS.len(), folders, "every migration is tried");
    let mut steps = vec![before.clone()];
    for (_, _, down) in MIGRATIONS.iter().rev() {
        world.as_owner(down);
        steps.push(catalogue(&world));
    }
    let nothing = steps.pop().unwrap_or_default();
    assert!(nothing.lines().all(|line| line.contains("__diesel_schema_migrations")), "{nothing}");
    for (_, up, _) in MIGRATIONS {
        world.as_owner(up);
        assert_eq!(Some(catalogue(&world)), steps.pop());
    }
}

#[test]
fn every_constraint_that_the_program_knows_exists() {
    let world = migrated();
    let names = include_str!("../../../src/db/engine/error.rs");
    let known: Vec<&str> = names
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => Self::").map(|(name, _)| name))
        .collect();
    assert!(known.len() >= 7, "{known:?}");
    for name in known {
        let found = world.count(&format!(
            "SELECT (SELECT count(*) FROM pg_constraint WHERE conname = '{name}')
                  + (SELECT count(*) FROM pg_indexes WHERE indexname = '{name}')
                  + (SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%{name}%')"
        ));
        assert!(found > 0, "{name}");
    }
}
