//! What became of orders, for whoever asks: what they did not get, and what was bought meanwhile.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::purchase_errors;
use crate::domain::{PoolName, Trigger};

/// The code under which an order tells what it did not get because it was cancelled.
pub const CANCELLED: &str = "cancelled";

/// The places of an order `p` that something was sent for and that may hold a number.
pub(super) const PLACES_SENT: &str = "
    SELECT count(*)::integer AS places FROM purchase_items i WHERE i.purchase_id = p.id
       AND (i.state IN ('sent', 'bought', 'unknown') OR (i.state = 'not_bought' AND i.doubted))";

/// Adds to what went wrong with an order as a whole.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_add_error(
    conn: &mut Connection,
    id: Uuid,
    code: &str,
    twilio_code: Option<i32>,
    message: &str,
    count: u32,
) -> Result<(), DbError> {
    let count = i32::try_from(count.max(1)).unwrap_or(i32::MAX);
    diesel::insert_into(purchase_errors::table)
        .values((
            purchase_errors::purchase_id.eq(id),
            purchase_errors::code.eq(code),
            purchase_errors::twilio_code.eq(twilio_code),
            purchase_errors::message.eq(message),
            purchase_errors::count.eq(count),
        ))
        .on_conflict((purchase_errors::purchase_id, purchase_errors::code))
        .do_update()
        .set((purchase_errors::count.eq(count), purchase_errors::message.eq(message)))
        .execute(conn)?;
    Ok(())
}

/// Tells of those of `orders` that were cancelled and have ended what they did not get for that. Their last count stands.
pub(super) fn tell_cancelled(conn: &mut Connection, orders: &[Uuid]) -> Result<(), DbError> {
    sql_query(format!(
        "INSERT INTO purchase_errors (purchase_id, code, message, count)
         SELECT p.id, '{CANCELLED}', 'cancelled by ' || p.cancelled_by || '; what Twilio had not been asked for is not bought, and a new order needs a new Idempotency-Key',
                p.requested_count - used.places
           FROM purchases p, LATERAL ({PLACES_SENT}) AS used
          WHERE p.id = ANY($1) AND p.cancelled_at IS NOT NULL AND p.ended_at IS NOT NULL AND p.requested_count > used.places
         ON CONFLICT (purchase_id, code) DO UPDATE SET count = EXCLUDED.count"
    ))
    .bind::<Array<SqlUuid>, _>(orders)
    .execute(conn)?;
    Ok(())
}

/// How many numbers were bought for which pool by orders of `trigger` that were written after `since`, by the database's clock.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_bought_since(
    conn: &mut Connection,
    trigger: Trigger,
    since: DateTime<Utc>,
) -> Result<BTreeMap<PoolName, u32>, DbError> {
    #[derive(QueryableByName)]
    struct Bought {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = BigInt)]
        bought: i64,
    }
    let bought: Vec<Bought> = sql_query(
        "SELECT i.pool, count(*) AS bought FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
          WHERE p.trigger = $1 AND p.created_at >= $2 AND i.state = 'bought' GROUP BY i.pool",
    )
    .bind::<Text, _>(trigger.as_str())
    .bind::<diesel::sql_types::Timestamptz, _>(since)
    .load(conn)?;
    Ok(bought.into_iter().map(|row| (row.pool, u32::try_from(row.bought).unwrap_or(u32::MAX))).collect())
}

/// The database's clock, which orders are written by.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_clock(conn: &mut Connection) -> Result<DateTime<Utc>, DbError> {
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = diesel::sql_types::Timestamptz)]
        now: DateTime<Utc>,
    }
    Ok(sql_query("SELECT clock_timestamp() AS now").get_result::<Now>(conn)?.now)
}
