//! Whether somebody made the database read-only (`default_transaction_read_only`).
//!
//! Invariant: the catalog is asked, not only the session. `ALTER DATABASE` changes no session that is there, and a pooler in
//! session mode hands out sessions from before a freeze, which know nothing of it, and from during one, which still say `on`.
//! How to get it wrong: setting a session free that is left from a freeze. What it was told itself hides what the server says next:
//! it is ended, and the next one is from after the freeze.

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::sql_types::Bool;
use diesel::{QueryResult, RunQueryDsl as _};

/// Whether a new session of ours would be read-only. Whoever said something in the connection string has the last word, and
/// whoever makes each session read-only as it begins. Else it is what is said of the role in this database, of the role, of
/// the database and of all, in this order, else what the server says; what the session itself took from one of the four says
/// nothing once it does not stand there any more.
const IS_FROZEN: &str = "
    (SELECT CASE WHEN own.source = 'client' OR own.source = 'session' AND own.setting = 'on' THEN own.setting = 'on'
                 ELSE coalesce((SELECT split_part(line, '=', 2)::boolean
                                  FROM pg_catalog.pg_db_role_setting s
                                 CROSS JOIN LATERAL unnest(s.setconfig) AS line
                                 WHERE lower(split_part(line, '=', 1)) = 'default_transaction_read_only'
                                   AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
                                   AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
                                 ORDER BY s.setrole <> 0 AND s.setdatabase <> 0 DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
                                 LIMIT 1),
                               own.setting = 'on' AND own.source NOT IN ('global', 'database', 'user', 'database user')) END
       FROM pg_catalog.pg_settings own WHERE own.name = 'default_transaction_read_only')";
const IS_READ_ONLY: &str = "current_setting('default_transaction_read_only') = 'on'";

/// Whether it is frozen now.
pub(super) fn is_frozen(connection: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>(IS_FROZEN)).get_result(connection)
}

/// What a session is good for that is to serve from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thawed {
    /// It writes.
    Writes,
    /// The database is frozen.
    Frozen,
    /// It is left from a freeze that is over, in the hands of a pooler.
    Left,
}

/// What the session is good for.
pub(super) fn thawed(connection: &mut PgConnection) -> QueryResult<Thawed> {
    let is_read_only = diesel::select(sql::<Bool>(IS_READ_ONLY)).get_result(connection)?;
    // Of an engine that has no such catalog its word is taken.
    Ok(match (is_frozen(connection).unwrap_or(is_read_only), is_read_only) {
        (true, _) => Thawed::Frozen,
        (false, true) => Thawed::Left,
        (false, false) => Thawed::Writes,
    })
}

/// Ends the session itself, so that a pooler hands it to nobody again.
pub(super) fn end(mut connection: PgConnection) {
    // Its own end is the answer.
    let _ = connection.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())");
}

/// Lets a session write that is left from a freeze: for an engine that ends none.
pub(super) fn lift(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute("SET default_transaction_read_only = off")
}
