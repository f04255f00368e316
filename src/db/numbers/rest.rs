//! Rest: a number that its user gave back returns to the pool when its time is over and Twilio has confirmed it.
//!
//! How it goes to rest stands with the end of its assignment (`assignment_release`), in one statement.
//! How to get it wrong: returning what was confirmed for webhooks that nobody wants any more.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Text};

use super::places::ACTIVE;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::pools::{PoolWanted, as_stored, still_wanted};
use crate::domain::{PoolName, UserId};

/// A rested number for which Twilio `confirmed` what it carries returns to the pool; `false` when it no longer rests. If its
/// pool is another one by now, or wants other webhooks, it returns as drifted and serves nobody before it is repaired.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_return(conn: &mut Connection, id: i64, confirmed: &PoolWanted) -> Result<bool, DbError> {
    let returned = sql_query(format!(
        "UPDATE numbers SET {ACTIVE}, webhook_status = CASE WHEN pool = $3 AND {} THEN 'configured' ELSE 'drifted' END,
                webhooks_in_vain = 0, webhooks_failed_at = NULL
          WHERE id = $1 AND status = 'quarantined' AND quarantine_reason = 'released' AND quarantined_until <= clock_timestamp()",
        still_wanted(3, 2)
    ))
    .bind::<BigInt, _>(id)
    .bind::<Array<Text>, _>(as_stored(&confirmed.webhooks))
    .bind::<Text, _>(confirmed.pool.as_str())
    .execute(conn)?;
    if returned > 0 {
        stock_notify(conn)?;
    }
    Ok(returned > 0)
}

/// Rested numbers that are fit go back to those for whom they rested, who are given their leases in the same transaction. The
/// caller has locked the rows.
pub(in crate::db) fn numbers_come_back(conn: &mut Connection, ids: &[i64]) -> Result<(), DbError> {
    sql_query(format!("UPDATE numbers SET {ACTIVE} WHERE id = ANY($1)")).bind::<Array<BigInt>, _>(ids).execute(conn)?;
    Ok(())
}

/// Lets a number rest on, because its webhooks could not be confirmed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_rest_on(conn: &mut Connection, id: i64, longer: Duration) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers SET quarantined_until = clock_timestamp() + make_interval(secs => $2)
          WHERE id = $1 AND status = 'quarantined' AND quarantine_reason = 'released'",
    )
    .bind::<BigInt, _>(id)
    .bind::<Double, _>(longer.as_secs_f64())
    .execute(conn)?;
    Ok(())
}

/// What rested for this user in `pool` makes way for the number of it that they give back now: in each pool only the latest waits
/// for them. A release that finds nothing to release changes nothing.
pub(in crate::db) fn number_rests_for_nobody(
    conn: &mut Connection,
    user_id: &UserId,
    pool: &PoolName,
) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers SET rests_for = NULL WHERE rests_for = $1 AND pool = $2
            AND EXISTS (SELECT 1 FROM leases WHERE user_id = $1)",
    )
    .bind::<Text, _>(user_id.as_str())
    .bind::<Text, _>(pool.as_str())
    .execute(conn)?;
    Ok(())
}
