//! How many numbers are owned, counted once and set right.
//!
//! Invariant: the sum over `owned_changes` is how many rows are owned and at Twilio, in every snapshot; the caps and the whole
//! stock rely on it. The database keeps it; a restore of some tables, or a hand with the triggers off, may not have.
//! How to get it wrong: correcting the sum in Rust, with what was counted in another statement.

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// Counts what is owned and corrects the sum, while everybody goes on; what the sum lacked, 0 as it should be. Takes as long
/// as reading `numbers` once.
///
/// # Errors
/// When PostgreSQL fails.
pub fn owned_recount(conn: &mut Connection) -> Result<i64, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        lacking: i64,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        // Cold, and with millions of rows, it takes longer than a statement may otherwise.
        conn.batch_execute("SET LOCAL statement_timeout = '55s'")?;
        let row: Row = sql_query("SELECT owned_recount() AS lacking").get_result(conn)?;
        Ok(row.lacking)
    })
}
