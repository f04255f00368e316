//! The schema that this program knows: the migrations that travel in it, by their names.

use diesel::migration::{Migration, MigrationSource as _};
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName, RunQueryDsl as _, sql_query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::error::DbError;
use super::link::Link;

pub(super) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// What was applied so far, where there is a list of it.
pub(super) fn applied_versions(link: &mut Link) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let versions = sql_query("SELECT version::text FROM callbunker.__diesel_schema_migrations ORDER BY version");
    Ok(versions.load::<Applied>(&mut **link)?.into_iter().map(|row| row.version).collect())
}

/// Refuses a schema that holds what this program does not know.
pub(super) fn unknown_versions(applied: &[String]) -> Result<(), DbError> {
    let known = known_versions()?;
    let unknown: Vec<&str> = applied.iter().filter(|version| !known.contains(version)).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(DbError::Unfit(format!(
        "the database was migrated by a newer callbunker: this one does not know {}; run that version again, or restore \
         the backup from before its first start",
        unknown.join(", ")
    )))
}

/// Whether every migration of this program is among `applied`.
pub(super) fn lacks_nothing(applied: &[String]) -> Result<bool, DbError> {
    Ok(known_versions()?.iter().all(|version| applied.contains(version)))
}

fn known_versions() -> Result<Vec<String>, DbError> {
    let known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().map_err(|error| refused(&*error))?;
    Ok(known.iter().map(|migration| migration.name().version().to_string()).collect())
}

pub(super) fn refused(error: &dyn std::error::Error) -> DbError {
    DbError::Corrupt { what: "schema", why: format!("a migration was refused: {error}") }
}
