//! Numbers that somebody has and of which no use is known since some day.
//!
//! Invariant: they come in the order of their ids, so a page goes on behind the last one, whatever became inactive meanwhile.
//! How to get it wrong: leaving out the assignment. Whoever got a number yesterday has not been silent for 90 days.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::last_used;
use crate::db::slice::Slice;
use crate::domain::recycling::UseSource;
use crate::domain::{PhoneNumber, PoolName};

/// Whether the user of a lease `l`, with its last use `u`, has not used it since `$1`: what is listed is what is counted.
macro_rules! unused {
    () => {
        "l.user_id IS NOT NULL AND l.assigned_at < $1 AND (u.last_used_at IS NULL OR u.last_used_at < $1)"
    };
}

/// A number that nobody is known to have used.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct InactiveNumber {
    /// Ours.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Whose it is.
    #[diesel(sql_type = Text)]
    pub user_id: String,
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Since when it is theirs.
    #[diesel(sql_type = Timestamptz)]
    pub assigned_at: DateTime<Utc>,
    /// The last use that is known; the assignment is one.
    #[diesel(sql_type = Timestamptz)]
    pub last_used_at: DateTime<Utc>,
    /// How it is known.
    #[diesel(sql_type = Text)]
    pub last_used_source: UseSource,
    /// An operator protects it.
    #[diesel(sql_type = Bool)]
    pub protected: bool,
    /// How far a notice of it has come: `intended` or `noticed`.
    #[diesel(sql_type = Nullable<Text>)]
    pub notice_state: Option<String>,
    /// When the notice was told.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub noticed_at: Option<DateTime<Utc>>,
    /// Until when there is time to answer.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub take_after: Option<DateTime<Utc>>,
}

/// The numbers of this slice, in the order in which they came, that were not used since `before`: `limit` at most.
///
/// # Errors
/// When PostgreSQL fails.
pub fn inactive_list(
    conn: &mut Connection,
    before: DateTime<Utc>,
    slice: Slice<i64>,
    limit: i64,
) -> Result<Vec<InactiveNumber>, DbError> {
    let (than, order) = slice.reading(false);
    let select = concat!(
        "SELECT l.number_id AS id, l.phone_number, l.user_id, l.pool, l.assigned_at, ",
        last_used!(),
        ", n.protected_at IS NOT NULL AS protected, r.state AS notice_state, r.noticed_at, r.take_after
           FROM leases l
           JOIN numbers n ON n.id = l.number_id
           LEFT JOIN last_uses u ON u.number_id = l.number_id
           LEFT JOIN recyclings r ON r.number_id = l.number_id AND r.assignment_id = l.assignment_id AND r.state IN ('intended', 'noticed')
          WHERE ",
        unused!()
    );
    let rows = sql_query(format!("{select} AND l.number_id {than} $2 ORDER BY l.number_id {order} LIMIT $3"))
        .bind::<Timestamptz, _>(before)
        .bind::<BigInt, _>(slice.key().unwrap_or(i64::MIN))
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    Ok(slice.in_order(rows))
}

/// So many numbers of a pool's users.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct InactiveCount {
    /// Which pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// How many numbers of each pool were not used since `before`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn inactive_counts(conn: &mut Connection, before: DateTime<Utc>) -> Result<Vec<InactiveCount>, DbError> {
    Ok(sql_query(concat!(
        "SELECT l.pool, count(*) AS count FROM leases l LEFT JOIN last_uses u ON u.number_id = l.number_id
              WHERE ",
        unused!(),
        " GROUP BY l.pool"
    ))
    .bind::<Timestamptz, _>(before)
    .load(conn)?)
}
