//! What was refused or in conflict is tried again: once a day by itself, at once by an operator's word.
//!
//! How to get it wrong: at each comparison. Twilio throttles whoever asks for the same wrong thing again and again (70005).

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::lock::lock_of;
use super::targets::targets_open;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::pool_failures::failures_forget;
use crate::db::pool_halts::pool_resume;
use crate::db::pool_wants::wants_of_pool;
use crate::domain::{PoolName, Target};

/// An operator says that it will do now: failures are counted anew, what a pool wants takes numbers again, and the pool is halted no
/// more, all of it or nothing; then what failed is tried again, at most `limit` of it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_attach_again(conn: &mut Connection, pool: &PoolName, limit: i64) -> Result<(), DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // Whoever halts it looks under this row whether it has to be.
        sql_query("SELECT 1 FROM pools WHERE name = $1 FOR NO KEY UPDATE")
            .bind::<Text, _>(pool.as_str())
            .execute(conn)?;
        failures_forget(conn, pool)?;
        let wants = wants_of_pool(conn, pool)?;
        let targets: Vec<Target> = wants.targets().collect();
        targets_open(conn, &targets.iter().map(Target::sid).collect::<Vec<_>>())?;
        pool_resume(conn, pool)
    })?;
    attachments_try_again(conn, Some(pool), Duration::ZERO, limit)?;
    Ok(())
}

/// Lets what failed that long ago be tried again, of one pool or of all, at most `limit`; how many. From then on the numbers lack
/// something, and are in [`numbers_to_attach`](super::numbers_to_attach).
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachments_try_again(
    conn: &mut Connection,
    pool: Option<&PoolName>,
    ago: Duration,
    limit: i64,
) -> Result<usize, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT a.id FROM attachments a JOIN numbers n ON n.id = a.number_id
          WHERE a.state IN ('refused', 'conflict') AND a.since < clock_timestamp() - make_interval(secs => $1)
            AND n.status <> 'released' AND n.pool = coalesce($2, n.pool)
          ORDER BY a.since, a.id LIMIT $3",
    )
    .bind::<Double, _>(ago.as_secs_f64())
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let mut freed = 0;
    for Row { id } in rows {
        freed += conn.transaction::<_, DbError, _>(|conn| {
            lock_of(conn, id)?;
            Ok(sql_query(
                "UPDATE attachments SET state = 'left', since = clock_timestamp(), refusal_concerns = NULL
                  WHERE id = $1 AND state IN ('refused', 'conflict')",
            )
            .bind::<BigInt, _>(id)
            .execute(conn)?)
        })?;
    }
    Ok(freed)
}
