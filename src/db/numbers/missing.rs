//! Numbers that Twilio's list did not show, or that Twilio answers 404 for; and those that turn up again.
//!
//! How to get it wrong: judging numbers that were bought while the list was read. Only those up to the highest id at the
//! walk's start were to be seen.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::places::EXPECTED;
use super::row::NumberRow;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::domain::{PhoneNumber, PoolName};

/// The highest id of a number; 0 when there is none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_highest(conn: &mut Connection) -> Result<i64, DbError> {
    use crate::db::engine::schema::numbers;
    Ok(numbers::table.select(diesel::dsl::max(numbers::id)).first::<Option<i64>>(conn)?.unwrap_or(0))
}

/// Numbers that Twilio's list should show, from above `after`, up to `highest`, in the order they came; without those that
/// were bought a moment ago, for which list and look-up alike may lag: the next comparison judges them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_live(conn: &mut Connection, after: i64, highest: i64, limit: i64) -> Result<Vec<NumberRow>, DbError> {
    Ok(sql_query(format!(
        "SELECT * FROM numbers WHERE id > $1 AND id <= $2 AND {EXPECTED}
            AND purchased_at < clock_timestamp() - interval '10 minutes'
            -- By the database's own clock too, which may be ahead of Twilio's.
            AND NOT EXISTS (SELECT 1 FROM purchase_items i WHERE i.id = numbers.purchase_item_id
                               AND i.ended_at > clock_timestamp() - interval '10 minutes')
          ORDER BY id LIMIT $3"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(highest)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// How many numbers Twilio's list should show, up to `highest`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_live_count(conn: &mut Connection, highest: i64) -> Result<i64, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let row: Row = sql_query(format!("SELECT count(*) AS count FROM numbers WHERE id <= $1 AND {EXPECTED}"))
        .bind::<BigInt, _>(highest)
        .get_result(conn)?;
    Ok(row.count)
}

/// What the rows of a page that cannot be read may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Unread {
    /// Numbers of ours among the readable rows.
    #[diesel(sql_type = BigInt)]
    pub shown: i64,
    /// Numbers of ours among those whose E.164 can be read, if nothing else.
    #[diesel(sql_type = BigInt)]
    pub hidden: i64,
}

/// How many numbers of ours, up to `highest`, a page shows (`sids`), and how many it hides (`numbers`: what can be read of
/// its other rows).
///
/// # Errors
/// When PostgreSQL fails.
pub fn rows_unread(
    conn: &mut Connection,
    highest: i64,
    sids: &[String],
    numbers: &[String],
) -> Result<Unread, DbError> {
    Ok(sql_query(format!(
        "SELECT (SELECT count(*) FROM numbers WHERE id <= $1 AND {EXPECTED} AND sid = ANY($2)) AS shown,
                (SELECT count(*) FROM numbers WHERE id <= $1 AND {EXPECTED} AND phone_number = ANY($3)
                                                AND NOT (sid = ANY($2))) AS hidden"
    ))
    .bind::<BigInt, _>(highest)
    .bind::<Array<Text>, _>(sids)
    .bind::<Array<Text>, _>(numbers)
    .get_result(conn)?)
}

/// A number that was just marked missing.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NowMissing {
    /// Ours.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Who lost it.
    #[diesel(sql_type = Nullable<Text>)]
    pub user_id: Option<String>,
}

/// Twilio answered 404 for these: they are not assigned any more until they turn up again. Those that this call marked.
/// Rows are locked in the order of their ids, so that two comparisons wait for each other instead of dying.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_mark_missing(conn: &mut Connection, ids: &[i64]) -> Result<Vec<NowMissing>, DbError> {
    conn.transaction(|conn| {
        let marked: Vec<Marked> = sql_query(format!(
            "WITH picked AS (SELECT id FROM numbers WHERE id = ANY($1) AND {EXPECTED} ORDER BY id FOR UPDATE)
             UPDATE numbers SET missing_since = clock_timestamp() FROM picked WHERE numbers.id = picked.id RETURNING numbers.id",
        ))
        .bind::<Array<BigInt>, _>(ids)
        .load(conn)?;
        let marked: Vec<i64> = marked.into_iter().map(|row| row.id).collect();
        // Whose they are is asked afterwards: signups that were faster are waited for by then.
        Ok(sql_query(
            "SELECT n.id, n.phone_number, n.pool, l.user_id FROM numbers n LEFT JOIN leases l ON l.number_id = n.id
              WHERE n.id = ANY($1) ORDER BY n.id",
        )
        .bind::<Array<BigInt>, _>(marked)
        .load(conn)?)
    })
}

#[derive(QueryableByName)]
struct Marked {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// A missing number is at Twilio again; `false` when it was not missing, or is leaving.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_turned_up(conn: &mut Connection, id: i64) -> Result<bool, DbError> {
    let found = sql_query(
        "UPDATE numbers SET missing_since = NULL WHERE id = $1 AND missing_since IS NOT NULL AND status <> 'released'
            AND quarantine_reason IS DISTINCT FROM 'leaving'",
    )
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    if found > 0 {
        stock_notify(conn)?;
    }
    Ok(found > 0)
}
