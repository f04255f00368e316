//! The halt of a pool whose numbers cannot be attached.
//!
//! Invariant: what halts it is so in the transaction that halts it, under the pool's row: an operator who resumes it holds that row, and
//! makes an end of the cause in the same transaction.
//! How to get it wrong: halting on what was read before. The operator's word came between, and would have to be given again.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::targets::pools_without_room;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::pool_failures::pools_failing;
use crate::db::pool_halts::{Keys, PoolRefused, pool_halt};

/// Why a pool is halted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unattachable {
    /// So many failed in a row under these keys.
    Failing(Keys, u32),
    /// What it wants takes no number.
    WithoutRoom,
}

/// Halts a pool for whoever has these keys, if it is still so; `false` = it is not, or it was halted for them already.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_halt_unattachable(
    conn: &mut Connection,
    refused: &PoolRefused,
    why: Unattachable,
) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let pool = &refused.keys.pool;
        sql_query("SELECT 1 FROM pools WHERE name = $1 FOR SHARE").bind::<Text, _>(pool.as_str()).execute(conn)?;
        let is_so = match why {
            Unattachable::Failing(keys, most) => !pools_failing(conn, &[(keys, most)])?.is_empty(),
            Unattachable::WithoutRoom => pools_without_room(conn)?.iter().any(|full| full.pool == *pool),
        };
        if is_so { pool_halt(conn, refused) } else { Ok(false) }
    })
}
