//! How a number's way back to Twilio ends.
//!
//! How to get it wrong: ending a release on anything but Twilio's clear word.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{Gone, HoldFrom, HoldReason, number_let_go, number_put_on_hold, number_stay};
use crate::db::purchases::items::Reason;

/// Twilio no longer has the number: it has left for ever. `false` = the release was over.
///
/// # Errors
/// When PostgreSQL fails; the release stays open, and is asked for again.
pub fn release_settle(conn: &mut Connection, id: Uuid, request_id: Option<&str>) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let ended: Option<NumberOf> = sql_query(
            "UPDATE releases SET state = 'released', ended_at = clock_timestamp(), error_code = NULL, twilio_code = NULL,
                    error_message = NULL, twilio_request_id = coalesce($2, twilio_request_id)
              WHERE id = $1 AND state = 'sent' RETURNING number_id",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<Text>, _>(request_id)
        .get_result(conn)
        .optional()?;
        ended.map_or(Ok(false), |release| number_let_go(conn, release.number_id, Gone::Released))
    })
}

#[derive(QueryableByName)]
struct NumberOf {
    #[diesel(sql_type = BigInt)]
    number_id: i64,
}

/// Writes down that an attempt's outcome is unknown; the release stays open.
///
/// # Errors
/// When PostgreSQL fails.
pub fn release_doubt(conn: &mut Connection, id: Uuid, failure: &Reason) -> Result<(), DbError> {
    sql_query(
        "UPDATE releases SET error_code = $2, twilio_code = $3, error_message = $4, twilio_request_id = coalesce($5, twilio_request_id)
          WHERE id = $1 AND state = 'sent'",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(&failure.code)
    .bind::<Nullable<Integer>, _>(failure.twilio_code)
    .bind::<Text, _>(&failure.message)
    .bind::<Nullable<Text>, _>(&failure.request_id)
    .execute(conn)?;
    Ok(())
}

/// Twilio refused: the number is still there and goes back to where it was. `false` = the release was over.
///
/// # Errors
/// When PostgreSQL fails; the release stays open, and is asked for again.
pub fn release_refuse(conn: &mut Connection, id: Uuid, failure: &Reason) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let refused = end_as_refused(conn, id, failure)?.is_some();
        if refused {
            number_stay(conn, id)?;
        }
        Ok(refused)
    })
}

/// Takes back a release that was written but never sent: whoever wrote it is gone. `false` = it moved on meanwhile.
///
/// # Errors
/// When PostgreSQL fails.
pub fn release_withdraw(conn: &mut Connection, id: Uuid) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let ended = sql_query(
            "UPDATE releases SET state = 'withdrawn', ended_at = clock_timestamp(), error_code = 'withdrawn',
                    error_message = 'the process that wanted it ended before Twilio was asked'
              WHERE id = $1 AND state = 'intended'",
        )
        .bind::<SqlUuid, _>(id)
        .execute(conn)?;
        if ended > 0 {
            number_stay(conn, id)?;
        }
        Ok(ended > 0)
    })
}

/// Another environment's tag stands on it by now: the release is over as refused, and the number is held until an operator
/// decides whose it is. `false` = the release was over.
///
/// # Errors
/// When PostgreSQL fails; the release stays open, and is asked for again.
pub fn release_hold_tag_conflict(conn: &mut Connection, id: Uuid, failure: &Reason) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let Some(number_id) = end_as_refused(conn, id, failure)? else { return Ok(false) };
        number_put_on_hold(conn, number_id, HoldReason::TagConflict, HoldFrom::Leaving)?;
        Ok(true)
    })
}

/// The number; `None` = the release was over.
fn end_as_refused(conn: &mut Connection, id: Uuid, failure: &Reason) -> Result<Option<i64>, DbError> {
    release_doubt(conn, id, failure)?;
    let ended: Option<NumberOf> = sql_query(
        "UPDATE releases SET state = 'refused', ended_at = clock_timestamp()
          WHERE id = $1 AND state = 'sent' RETURNING number_id",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .optional()?;
    Ok(ended.map(|release| release.number_id))
}
