//! What was refused or in conflict is tried again: once a day by itself, at once by an operator's word.
//!
//! How to get it wrong: at each comparison. Twilio throttles whoever asks for the same wrong thing again and again (70005).

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::lock::lock_of;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;

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
