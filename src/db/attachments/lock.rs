//! The lock under which attachments of a number change: its pool's row first, then its own.
//!
//! Invariant: while it is held, the pool wants what it wants, the number is of that pool, also if it was moved a moment ago, and
//! nobody else settles anything of it.
//! How to get it wrong: a number first and its pool afterwards. Whoever changes what a pool wants locks them the other way round.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::FREE;
use crate::domain::{AttachmentStatus, PoolName};

/// A number whose row is locked, after its pool's.
#[derive(Debug, Clone, QueryableByName)]
pub(in crate::db) struct Locked {
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub(in crate::db) pool: PoolName,
    /// Whose it is.
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::db) user_id: Option<String>,
    /// Whether care may touch it: neither on hold, nor leaving, nor gone, nor missing.
    #[diesel(sql_type = Bool)]
    pub(in crate::db) is_free: bool,
    /// How its attachments stand.
    #[diesel(sql_type = Text)]
    pub(in crate::db) attachment_status: AttachmentStatus,
    /// Whether a signup may get it, if it is nobody's.
    #[diesel(sql_type = Bool)]
    pub(in crate::db) ready: bool,
}

impl Locked {
    /// Whether the next signup may get it.
    pub(in crate::db) fn is_stock(&self) -> bool {
        self.ready && self.user_id.is_none()
    }
}

/// How often a number may move while its pool is waited for.
const MOVES_MAX: u32 = 5;

/// Locks a number's pool, which cannot change what it wants then, and the number, and reads it as it is then. Stands in the
/// caller's transaction.
pub(in crate::db) fn lock(conn: &mut Connection, number_id: i64) -> Result<Locked, DbError> {
    for _move in 0..MOVES_MAX {
        let mut is_held = true;
        // A part of the transaction of its own: what it locked is let go when it is the wrong pool, so that the right one comes
        // before the number again.
        let number = conn.transaction::<_, DbError, _>(|conn| {
            let held = lock_pool_of(conn, number_id)?;
            sql_query("SELECT 1 FROM numbers WHERE id = $1 FOR NO KEY UPDATE")
                .bind::<BigInt, _>(number_id)
                .execute(conn)?;
            let number = locked(conn, number_id)?;
            // An operator may have moved it while its row was waited for.
            is_held = held.is_none_or(|held| held == number.pool);
            if is_held { Ok(number) } else { Err(moves()) }
        });
        if is_held {
            return number;
        }
    }
    Err(moves())
}

fn moves() -> DbError {
    DbError::Collided("a number moves from pool to pool".to_owned())
}

/// How a number that is locked already stands by now.
pub(in crate::db) fn locked(conn: &mut Connection, number_id: i64) -> Result<Locked, DbError> {
    Ok(sql_query(format!(
        "SELECT pool, (SELECT user_id FROM leases l WHERE l.number_id = numbers.id) AS user_id,
                {} AND missing_since IS NULL AS is_free, attachment_status, ready
           FROM numbers WHERE id = $1",
        FREE
    ))
    .bind::<BigInt, _>(number_id)
    .get_result(conn)?)
}

/// The number of an attachment, locked as [`lock`] does; `None` = there is no such attachment.
pub(super) fn lock_of(conn: &mut Connection, id: i64) -> Result<Option<(i64, Locked)>, DbError> {
    use crate::db::engine::schema::attachments;
    let number_id: Option<i64> = attachments::table.find(id).select(attachments::number_id).first(conn).optional()?;
    number_id.map(|number_id| Ok((number_id, lock(conn, number_id)?))).transpose()
}

/// Holds the pool of a number to what it wants; which one.
fn lock_pool_of(conn: &mut Connection, number_id: i64) -> Result<Option<PoolName>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: PoolName,
    }
    let row: Option<Row> =
        sql_query("SELECT name FROM pools WHERE name = (SELECT pool FROM numbers WHERE id = $1) FOR SHARE")
            .bind::<BigInt, _>(number_id)
            .get_result(conn)
            .optional()?;
    Ok(row.map(|row| row.name))
}
