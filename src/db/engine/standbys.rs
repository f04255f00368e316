//! What is told because it was read, where commits wait for a standby.
//!
//! A commit waits for a standby. When its session is ended meanwhile, or the server starts again, it counts on that server, and no standby may
//! have it. Whoever reads it writes nothing, so nothing waits, and what was told would be gone with that server. Therefore such a reader writes a word that nobody reads: its own
//! commit is acknowledged only when a standby has it, and all that came before.
//! Invariant: nothing is written where no commit waits for a standby.
//! How to get it wrong: writing before reading. What was read must have been committed before the word was written.

use diesel::prelude::*;
use diesel::sql_query;

use super::connection::Connection;
use super::error::DbError;

/// A condition that always holds: of rows that are told, by a statement that is no transaction of several.
pub(in crate::db) const STANDBYS_HAVE_IT: &str = "(current_setting('synchronous_standby_names') = ''
                 OR pg_logical_emit_message(true, 'callbunker', '') IS NOT NULL)";

/// The same for whoever tells that there is nothing; what was read is true once this transaction has committed.
///
/// # Errors
/// When PostgreSQL fails.
pub(in crate::db) fn standbys_have_it(conn: &mut Connection) -> Result<(), DbError> {
    sql_query(format!("SELECT 1 WHERE {STANDBYS_HAVE_IT}")).execute(conn)?;
    Ok(())
}
