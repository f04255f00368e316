//! How a number's way back to Twilio ends.
//!
//! Invariant: a number that does not leave goes back to where it was, and into stock only through a rest that is over, so
//! that care confirms it at Twilio first.
//! How to get it wrong: ending a release on anything but Twilio's clear word.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::purchases::items::Reason;

/// Twilio no longer has the number: it has left for ever. `false` = the release was over.
///
/// # Errors
/// When PostgreSQL fails; the release stays open, and is asked for again.
pub fn release_settle(conn: &mut Connection, id: Uuid, request_id: Option<&str>) -> Result<bool, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let ended = sql_query(
            "UPDATE releases SET state = 'released', ended_at = clock_timestamp(), error_code = NULL, twilio_code = NULL,
                    error_message = NULL, twilio_request_id = coalesce($2, twilio_request_id)
              WHERE id = $1 AND state = 'sent'",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<Text>, _>(request_id)
        .execute(conn)?;
        if ended > 0 {
            sql_query(
                "UPDATE numbers SET status = 'released', quarantine_reason = NULL, quarantined_until = NULL
                  WHERE id = (SELECT number_id FROM releases WHERE id = $1)",
            )
            .bind::<SqlUuid, _>(id)
            .execute(conn)?;
        }
        Ok(ended > 0)
    })
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
        let refused = end_as_refused(conn, id, failure)?;
        if refused {
            number_back(conn, id)?;
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
            number_back(conn, id)?;
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
        let refused = end_as_refused(conn, id, failure)?;
        if refused {
            sql_query(
                "UPDATE numbers SET quarantine_reason = 'tag_conflict', quarantined_until = NULL, held_since = clock_timestamp()
                  WHERE id = (SELECT number_id FROM releases WHERE id = $1) AND quarantine_reason = 'leaving'",
            )
            .bind::<SqlUuid, _>(id)
            .execute(conn)?;
        }
        Ok(refused)
    })
}

/// `false` = the release was over.
fn end_as_refused(conn: &mut Connection, id: Uuid, failure: &Reason) -> Result<bool, DbError> {
    release_doubt(conn, id, failure)?;
    let ended = sql_query(
        "UPDATE releases SET state = 'refused', ended_at = clock_timestamp() WHERE id = $1 AND state = 'sent'",
    )
    .bind::<SqlUuid, _>(id)
    .execute(conn)?;
    Ok(ended > 0)
}

fn number_back(conn: &mut Connection, release_id: Uuid) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers n SET quarantine_reason = coalesce(r.former_reason, 'released'),
                -- What was stock rests until now: care asks Twilio about it before anybody gets it.
                quarantined_until = CASE WHEN r.former_reason IS NULL THEN clock_timestamp() ELSE r.former_until END,
                -- Its user gets it back as before, unless they have another number by now, or another rests for them.
                rests_for = CASE WHEN r.former_reason = 'released'
                                  AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.user_id = r.former_rests_for AND a.released_at IS NULL)
                                  AND NOT EXISTS (SELECT 1 FROM numbers o WHERE o.rests_for = r.former_rests_for)
                                 THEN r.former_rests_for END
           FROM releases r
          WHERE r.id = $1 AND n.id = r.number_id AND n.status = 'quarantined' AND n.quarantine_reason = 'leaving'",
    )
    .bind::<SqlUuid, _>(release_id)
    .execute(conn)?;
    Ok(())
}
