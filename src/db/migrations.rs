//! Brings the schema up to date, one instance at a time.

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::connect::DatabaseUrl;
use super::error::{DbError, first_line};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The two-key form is a key space of its own, so it never meets `lock.advisory_key`.
const MIGRATION_LOCK: (i32, i32) = (0x6361_6c6c, 1);

/// Runs the migrations that the database lacks, under a lock; returns their names.
///
/// # Errors
/// [`DbError::Unavailable`] when PostgreSQL cannot be reached; [`DbError::Corrupt`] when a migration is refused, or
/// when the database was migrated by a newer callbunker.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, DbError> {
    let mut connection = url.connect().map_err(|error| DbError::Unavailable(first_line(&error.to_string())))?;
    // A session lock: the migrations commit one by one. It goes with this connection.
    let lock = format!(
        "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({}, {});",
        MIGRATION_LOCK.0, MIGRATION_LOCK.1
    );
    connection.batch_execute(&lock)?;
    // Asked first, because CREATE SCHEMA IF NOT EXISTS wants the right to create even where there is nothing to do.
    let exists: bool =
        diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>("to_regnamespace('callbunker') IS NOT NULL"))
            .get_result(&mut connection)?;
    if !exists {
        connection.batch_execute("CREATE SCHEMA callbunker")?;
    }
    let applied = connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| DbError::Corrupt { what: "schema", why: format!("a migration was refused: {error}") })?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
