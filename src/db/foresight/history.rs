//! When somebody asked, pool by pool: the assignments, and those who were noted because nothing was ready.
//!
//! How to get it wrong: ordering new assignments by their time. One that is imported is of long ago, and was written just now.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;
use crate::domain::foresight::Request;

/// What a pool was asked for in a stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Those who were served.
    pub assigned: Vec<(PoolName, Vec<Request>)>,
    /// Those who found nothing ready, whatever became of them.
    pub noted: Vec<(PoolName, Vec<Request>)>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    pool: PoolName,
    #[diesel(sql_type = Array<BigInt>)]
    at: Vec<i64>,
    #[diesel(sql_type = Array<BigInt>)]
    users: Vec<i64>,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Milliseconds, and a user's digest as one number.
const ASSIGNED: &str =
    "SELECT pool, array_agg((extract(epoch FROM assigned_at) * 1000)::bigint ORDER BY assigned_at, id) AS at,
        array_agg(('x' || encode(substring(sha256(convert_to(user_id, 'UTF8')) FOR 8), 'hex'))::bit(64)::bigint
                  ORDER BY assigned_at, id) AS users
   FROM assignments_ever";
const NOTED: &str =
    "SELECT pool, array_agg((extract(epoch FROM asked_at) * 1000)::bigint ORDER BY asked_at, user_key) AS at,
        array_agg(('x' || encode(user_key, 'hex'))::bit(64)::bigint ORDER BY asked_at, user_key) AS users
   FROM demand";

fn by_pool(rows: Vec<Row>) -> Vec<(PoolName, Vec<Request>)> {
    let requests = |Row { pool, at, users }: Row| {
        let each = at.into_iter().zip(users).map(|(at, user)| Request { at, user: user.cast_unsigned() });
        (pool, each.collect())
    };
    rows.into_iter().map(requests).collect()
}

/// The id of the assignment that was written last; 0 = there is none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_written(conn: &mut Connection) -> Result<i64, DbError> {
    let last: Id = sql_query(
        "SELECT greatest((SELECT max(assignment_id) FROM leases), (SELECT max(id) FROM past_assignments), 0)::bigint AS id",
    )
    .get_result(conn)?;
    Ok(last.id)
}

/// Who asked at `from` or later, and before `until`, of assignments up to an id.
///
/// # Errors
/// When PostgreSQL fails.
pub fn asked_between(
    conn: &mut Connection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    up_to: i64,
) -> Result<Asked, DbError> {
    let of_them = "WHERE assigned_at >= $1 AND assigned_at < $2 AND id <= $3 GROUP BY pool";
    let assigned = sql_query(format!("{ASSIGNED} {of_them}"))
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .bind::<BigInt, _>(up_to)
        .load(conn)?;
    let noted = sql_query(format!("{NOTED} WHERE asked_at >= $1 AND asked_at < $2 GROUP BY pool"))
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .load(conn)?;
    Ok(Asked { assigned: by_pool(assigned), noted: by_pool(noted) })
}

/// What came since: assignments beyond an id, whenever they were made, and those who were noted at `noted_from` or later.
///
/// # Errors
/// When PostgreSQL fails.
pub fn asked_since(conn: &mut Connection, id: i64, noted_from: DateTime<Utc>) -> Result<Asked, DbError> {
    let assigned = sql_query(format!("{ASSIGNED} WHERE id > $1 GROUP BY pool")).bind::<BigInt, _>(id).load(conn)?;
    let noted = sql_query(format!("{NOTED} WHERE asked_at >= $1 GROUP BY pool"))
        .bind::<Timestamptz, _>(noted_from)
        .load(conn)?;
    Ok(Asked { assigned: by_pool(assigned), noted: by_pool(noted) })
}
