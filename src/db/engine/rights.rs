//! What the role of DATABASE_URL must be allowed before the schema is read, made or changed.
//!
//! How to get it wrong: trying it and reading PostgreSQL's refusal. Its words come in many languages.

use diesel::RunQueryDsl as _;
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Text};

use super::error::DbError;
use super::link::Link;

const MAY_NOT_MAKE_IT: &str = "DATABASE_URL: its role may not create a schema in this database; make it the owner (ALTER DATABASE … OWNER TO …), or \
                               GRANT CREATE ON DATABASE … TO it";
const MAY_NOT_USE_IT: &str = "DATABASE_URL: the schema callbunker belongs to another role, and this one may not read it; take the role that owns it, \
                              or GRANT USAGE ON SCHEMA callbunker TO this one, and what it needs on the tables";
const MAY_NOT_CHANGE_IT: &str = "DATABASE_URL: the tables lack what this version needs, and this role may not make it; run `callbunker migrate` \
                                 first, with the role that owns the schema callbunker";

/// Refuses a role that may not write what readers write where commits wait for a standby ([`standbys`](super::standbys)).
///
/// # Errors
/// As [`has_schema`].
pub(super) fn may_write_the_word(link: &mut Link) -> Result<(), DbError> {
    // Since PostgreSQL 17 it takes one more argument.
    let forbidden =
        "pg_catalog.pg_proc WHERE proname = 'pg_logical_emit_message' AND pronamespace = 'pg_catalog'::regnamespace
                       AND proargtypes[2] = 'text'::regtype AND NOT has_function_privilege(oid, 'EXECUTE')";
    let is_waited_for = "current_setting('synchronous_standby_names') <> ''";
    if !is_so(link, &format!("{is_waited_for} AND EXISTS (SELECT FROM {forbidden})"))? {
        return Ok(());
    }
    let word = format!("(SELECT oid::regprocedure::text FROM {forbidden} LIMIT 1)");
    let word: String = diesel::select(sql::<Text>(&word)).get_result(&mut **link)?;
    Err(DbError::Unfit(format!(
        "DATABASE_URL: commits wait for a standby there (synchronous_standby_names), and its role may not have readers wait for it, too: \
         whoever asks again for their number would fail; GRANT EXECUTE ON FUNCTION {} TO it",
        word.replace(',', ", ")
    )))
}

/// Whether there is a schema to be read; if there is none, the role may make it.
///
/// # Errors
/// [`DbError::Unfit`] with what to do; else when PostgreSQL fails.
pub(super) fn has_schema(link: &mut Link) -> Result<bool, DbError> {
    let exists = is_so(link, "to_regnamespace('callbunker') IS NOT NULL")?;
    // CREATE SCHEMA IF NOT EXISTS would want the right to create even where there is nothing to do.
    let (right, or) = match exists {
        true => ("has_schema_privilege('callbunker', 'USAGE')", MAY_NOT_USE_IT),
        false => ("has_database_privilege(current_database(), 'CREATE')", MAY_NOT_MAKE_IT),
    };
    may(link, right, or)?;
    Ok(exists)
}

/// Whether there is a list of migrations, which the role may read then.
///
/// # Errors
/// As [`has_schema`].
pub(super) fn has_list(link: &mut Link) -> Result<bool, DbError> {
    let exists = is_so(link, "to_regclass('callbunker.__diesel_schema_migrations') IS NOT NULL")?;
    if exists {
        may(link, "has_table_privilege('callbunker.__diesel_schema_migrations', 'SELECT')", MAY_NOT_USE_IT)?;
    }
    Ok(exists)
}

/// Refuses a role that may not make what a schema lacks.
///
/// # Errors
/// As [`has_schema`].
pub(super) fn may_change(link: &mut Link) -> Result<(), DbError> {
    may(link, "has_schema_privilege('callbunker', 'CREATE')", MAY_NOT_CHANGE_IT)
}

fn may(link: &mut Link, right: &str, or: &str) -> Result<(), DbError> {
    if is_so(link, right)? { Ok(()) } else { Err(DbError::Unfit(or.to_owned())) }
}

fn is_so(link: &mut Link, what: &str) -> Result<bool, DbError> {
    Ok(diesel::select(sql::<Bool>(what)).get_result(&mut **link)?)
}
