//! What every statement is given.

use diesel::pg::PgConnection;

/// A connection, only inside the closures of [`Db::run`](crate::db::Db::run).
pub type Connection = PgConnection;
