//! Attachments and registrations of a pool that failed in a row, without a success between.
//!
//! A broken campaign takes no number, and every number bought for it costs its fee: as many failures as one batch halt the pool.
//! Invariant: failures are counted in the transaction that writes them; they are of what the pool wanted when they happened, whatever
//! its other keys are, and of a pool that is not configured here nobody counts any.
//! How to get it wrong: counting in the pool's own row. Two who hold it would both want to write it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Integer, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use crate::domain::{AttachmentKind, Keys, PoolName};

/// One more of a registration, which is its messaging service's; under other keys than the last one it is the first.
pub(super) fn failures_add(
    conn: &mut Connection,
    pool: &PoolName,
    fingerprint: &str,
    message: &str,
) -> Result<(), DbError> {
    failures_add_of(conn, pool, AttachmentKind::MessagingService, fingerprint, message)
}

/// One more, of an attachment of this kind; under other keys than the last one it is the first, and without keys it is none.
pub(super) fn failures_add_of(
    conn: &mut Connection,
    pool: &PoolName,
    kind: AttachmentKind,
    fingerprint: &str,
    message: &str,
) -> Result<(), DbError> {
    if fingerprint.is_empty() {
        return Ok(());
    }
    sql_query(
        "INSERT INTO pool_failures AS f (pool, fingerprint, in_a_row, message, kind) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT (pool) DO UPDATE
            SET in_a_row = CASE WHEN f.fingerprint = excluded.fingerprint THEN f.in_a_row + 1 ELSE 1 END,
                since = CASE WHEN f.fingerprint = excluded.fingerprint AND f.in_a_row > 0 THEN f.since ELSE excluded.since END,
                fingerprint = excluded.fingerprint, message = excluded.message, kind = excluded.kind",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Text, _>(fingerprint)
    .bind::<Text, _>(message)
    .bind::<Text, _>(kind.as_str())
    .execute(conn)?;
    Ok(())
}

/// A success, or an operator's word that it will do now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn failures_forget(conn: &mut Connection, pool: &PoolName) -> Result<(), DbError> {
    sql_query("UPDATE pool_failures SET in_a_row = 0 WHERE pool = $1 AND in_a_row > 0")
        .bind::<Text, _>(pool.as_str())
        .execute(conn)?;
    Ok(())
}

/// A pool for which nothing succeeds.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct FailingPool {
    /// Which one.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// How many failed in a row.
    #[diesel(sql_type = Integer)]
    pub in_a_row: i32,
    /// Why the last one did.
    #[diesel(sql_type = Text)]
    pub message: String,
    /// Of which kind it was.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
}

/// Those of `pools` for which, under these very keys, as many failed in a row as are named beside them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_failing(conn: &mut Connection, pools: &[(Keys, u32)]) -> Result<Vec<FailingPool>, DbError> {
    let names: Vec<&str> = pools.iter().map(|(keys, _)| keys.pool.as_str()).collect();
    let fingerprints: Vec<&str> = pools.iter().map(|(keys, _)| &*keys.fingerprint).collect();
    let most: Vec<i32> = pools.iter().map(|(_, most)| i32::try_from(*most).unwrap_or(i32::MAX)).collect();
    Ok(sql_query(
        "SELECT f.pool, f.in_a_row, f.message, f.kind FROM pool_failures f
           JOIN unnest($1::text[], $2::text[], $3::integer[]) AS known (pool, fingerprint, most)
             ON f.pool = known.pool AND f.fingerprint = known.fingerprint AND f.in_a_row >= known.most
          ORDER BY f.pool",
    )
    .bind::<Array<Text>, _>(names)
    .bind::<Array<Text>, _>(fingerprints)
    .bind::<Array<Integer>, _>(most)
    .load(conn)?)
}
