//! Who judges: one instance at a time, by a row that it keeps alive.
//!
//! How to get it wrong: an advisory lock. It would hold a connection, and whoever stands still would keep it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// Judges on, or begins to: whoever judged and gave no sign of life for three seconds is gone. `false` = somebody else judges.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_judge_stay(conn: &mut Connection, me: Uuid) -> Result<bool, DbError> {
    let judges = sql_query(
        "UPDATE alert_round SET judge = $1, alive_at = clock_timestamp()
          WHERE judge IS NULL OR judge = $1 OR alive_at < clock_timestamp() - interval '3 seconds'
             -- Somebody set the clock back.
             OR alive_at > clock_timestamp() + interval '3 seconds'",
    )
    .bind::<SqlUuid, _>(me)
    .execute(conn)?;
    Ok(judges > 0)
}

/// Judges no more: the next one need not wait.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alert_judge_leave(conn: &mut Connection, me: Uuid) -> Result<(), DbError> {
    sql_query("UPDATE alert_round SET judge = NULL, alive_at = NULL WHERE judge = $1")
        .bind::<SqlUuid, _>(me)
        .execute(conn)?;
    Ok(())
}

/// Whether a sign of life may be given: somebody judges, and none was given for a minute by any instance. Whoever hears `true` gives it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn life_claim(conn: &mut Connection) -> Result<bool, DbError> {
    let claimed = sql_query(
        "UPDATE alert_round SET beat_at = clock_timestamp()
          WHERE judged_at > clock_timestamp() - interval '1 minute'
            AND (beat_at IS NULL OR beat_at <= clock_timestamp() - interval '1 minute' OR beat_at > clock_timestamp())",
    )
    .execute(conn)?;
    Ok(claimed > 0)
}
