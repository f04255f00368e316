//! Numbers whose webhooks are given up: Twilio refuses to set them, or answers again and again as if it had not heard.
//!
//! Invariant: more than can be true are not given up without an operator's word, however slowly it goes: what was given up
//! in the last day counts.
//! How to get it wrong: giving up one by one whatever Twilio refuses. A pool that is given up is bought anew.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer};

use super::places::{EXPECTED, EXPECTED_COUNT, FREE, IN_POOL, SOMEBODYS};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::too_many;

/// What became of a number whose webhooks cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedWebhooks {
    /// It serves nobody from here on.
    GivenUp,
    /// It is on hold, leaving or gone: nothing was changed.
    NotFree,
    /// With it so many would be given up in a day, of so many, which is more than can be true: nothing was changed.
    TooMany(usize, i64),
}

/// Gives a number's webhooks up: nobody is given it before they are confirmed. What is somebody's is marked and counts as
/// none. `confirmed` = an operator's word that Twilio is right, whatever the count.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_fail_webhooks(conn: &mut Connection, id: i64, confirmed: bool) -> Result<FailedWebhooks, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        failed: i64,
        #[diesel(sql_type = BigInt)]
        live: i64,
        #[diesel(sql_type = Bool)]
        counts: bool,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        // One counts after the other, and sees what those before gave up.
        sql_query("SELECT only_one FROM installation FOR NO KEY UPDATE").execute(conn)?;
        let row: Row = sql_query(format!(
            "SELECT (SELECT count(*) FROM numbers WHERE webhooks_failed_at > clock_timestamp() - interval '24 hours'
                        AND id <> $1 AND webhook_status = 'failed' AND NOT {SOMEBODYS} AND {EXPECTED}) AS failed,
                    {EXPECTED_COUNT} AS live,
                    EXISTS (SELECT 1 FROM numbers WHERE id = $1 AND webhook_status <> 'failed' AND NOT {SOMEBODYS}
                               AND {EXPECTED}) AS counts"
        ))
        .bind::<BigInt, _>(id)
        .get_result(conn)?;
        let failed = usize::try_from(row.failed).unwrap_or_default() + 1;
        if row.counts && !confirmed && too_many(failed, row.live) {
            return Ok(FailedWebhooks::TooMany(failed, row.live));
        }
        let given_up = sql_query(format!(
            "UPDATE numbers SET webhook_status = 'failed',
                    webhooks_failed_at = CASE WHEN $2 THEN NULL WHEN webhook_status = 'failed' THEN webhooks_failed_at
                                              ELSE clock_timestamp() END
              WHERE id = $1 AND {FREE}"
        ))
        .bind::<BigInt, _>(id)
        .bind::<Bool, _>(confirmed)
        .execute(conn)?;
        Ok(if given_up > 0 { FailedWebhooks::GivenUp } else { FailedWebhooks::NotFree })
    })
}

/// Twilio answered about a number in the pool as if all were well, but its webhooks are not what they shall be, or its
/// answer cannot be read. How often in a row; 0 = it is not in the pool, or not under repair.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_tried_in_vain(conn: &mut Connection, id: i64) -> Result<u32, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        times: i32,
    }
    let row: Option<Row> = sql_query(format!(
        "UPDATE numbers SET webhooks_in_vain = least(webhooks_in_vain, 1000000) + 1
          WHERE id = $1 AND webhook_status IN ('drifted', 'pending') AND {IN_POOL}
         RETURNING webhooks_in_vain AS times",
    ))
    .bind::<BigInt, _>(id)
    .get_result(conn)
    .optional()?;
    Ok(row.map_or(0, |row| u32::try_from(row.times).unwrap_or_default()))
}

/// An operator says that what was given up until now is so: it does not count any more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_failed_accept(conn: &mut Connection) -> Result<(), DbError> {
    sql_query("UPDATE numbers SET webhooks_failed_at = NULL WHERE webhooks_failed_at IS NOT NULL").execute(conn)?;
    Ok(())
}
