//! What became of a number's attachments, what the carriers made of it, and who called it ready: lines of its history.
//!
//! Invariant: what lasts is one line. A refusal that is tried again each day and stays the same is told once.
//! How to get it wrong: telling that a number left what it was never known to be in. It was only tried.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::Registration;

/// Writes down how each attachment of a number stands by now, where its history says otherwise. That a target took no number says
/// nothing of this one.
pub(in crate::db) fn number_note_attachments(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO number_notes (number_id, note, detail)
         SELECT a.number_id, now.note, concat_ws(' ', a.target, CASE WHEN now.note <> 'attached' THEN a.message END)
           FROM attachments a
          CROSS JOIN LATERAL (SELECT CASE WHEN a.state = 'attached' THEN 'attached'
                                          WHEN a.state = 'conflict' THEN 'attachment_conflict'
                                          WHEN a.state = 'refused' AND a.refusal_concerns = 'number' THEN 'attachment_refused'
                                          WHEN a.state = 'left' THEN 'detached' END AS note) AS now
           LEFT JOIN LATERAL (SELECT t.note, t.detail FROM number_notes t
                               WHERE t.number_id = a.number_id AND split_part(t.detail, ' ', 1) = a.target
                                 AND t.note IN ('attached', 'attachment_conflict', 'attachment_refused', 'detached')
                               ORDER BY t.id DESC LIMIT 1) AS told ON true
          WHERE a.number_id = $1 AND now.note IS NOT NULL
            AND (now.note <> 'detached' OR told.note = 'attached')
            AND (told.note IS DISTINCT FROM now.note
                 OR (now.note IN ('attachment_conflict', 'attachment_refused')
                     AND told.detail IS DISTINCT FROM concat_ws(' ', a.target, a.message)))
          ORDER BY a.since, a.id",
    )
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    Ok(())
}

/// The carriers took the number at this time, by Twilio's clock, or do not take it, or have forgotten it. That they are being told
/// leaves no line.
pub(super) fn number_note_registration(
    conn: &mut Connection,
    id: i64,
    registration: Registration,
    at: DateTime<Utc>,
    reason: Option<&str>,
) -> Result<(), DbError> {
    let (note, detail) = match registration {
        Registration::Pending => return Ok(()),
        Registration::Registered => ("registered", None),
        Registration::Failed => ("registration_failed", reason),
        Registration::Unregistered => ("registration_failed", reason.or(Some("they know it no more"))),
    };
    sql_query(
        "INSERT INTO number_notes (number_id, at, note, detail) VALUES ($1, least($2, clock_timestamp()), $3, $4)",
    )
    .bind::<BigInt, _>(id)
    .bind::<Timestamptz, _>(at)
    .bind::<Text, _>(note)
    .bind::<Nullable<Text>, _>(detail)
    .execute(conn)?;
    Ok(())
}

/// An operator said that the carriers know it.
pub(super) fn number_note_marked(conn: &mut Connection, id: i64, by: &str) -> Result<(), DbError> {
    sql_query("INSERT INTO number_notes (number_id, note, noted_by) VALUES ($1, 'marked_ready', $2)")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(by)
        .execute(conn)?;
    Ok(())
}
