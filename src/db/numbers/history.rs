//! Everything that happened to one E.164.
//!
//! A number may be bought, given back and bought again, so its history runs over all its rows.
//! Invariant: the history is one statement, and bounded.
//! How to get it wrong: following the SID only. What was taken from under us, or was refused, never had one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{AssignmentSource, NumberEventKind, PhoneNumber, Trigger};

/// The newest so many events are told.
const EVENTS_MAX: i32 = 500;

/// Something that happened to a number.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NumberEvent {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// What.
    #[diesel(sql_type = Text)]
    pub event: NumberEventKind,
    /// The order.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub purchase_id: Option<Uuid>,
    /// Why the order exists.
    #[diesel(sql_type = Nullable<Text>)]
    pub trigger: Option<Trigger>,
    /// Whose it became, or was.
    #[diesel(sql_type = Nullable<Text>)]
    pub user_id: Option<String>,
    /// Where an assignment came from.
    #[diesel(sql_type = Nullable<Text>)]
    pub source: Option<AssignmentSource>,
    /// Which operator's key asked.
    #[diesel(sql_type = Nullable<Text>)]
    pub by: Option<String>,
    /// Our error code.
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    /// Twilio's error code.
    #[diesel(sql_type = Nullable<Integer>)]
    pub twilio_code: Option<i32>,
    /// Twilio's id of the request.
    #[diesel(sql_type = Nullable<Text>)]
    pub request_id: Option<String>,
    /// What was said of it.
    #[diesel(sql_type = Nullable<Text>)]
    pub message: Option<String>,
}

/// What happened to this number, over all its rows, oldest first; the newest 500 when there is more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_history(conn: &mut Connection, phone_number: &PhoneNumber) -> Result<Vec<NumberEvent>, DbError> {
    Ok(sql_query(
        "WITH items AS (
             SELECT i.*, p.trigger FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE i.phone_number = $1),
         ours AS (SELECT id, missing_since, held_since, quarantine_reason FROM numbers WHERE phone_number = $1 AND status <> 'released'
                  UNION ALL SELECT id, missing_since, held_since, quarantine_reason FROM numbers WHERE phone_number = $1 AND status = 'released'),
         -- Number by number: a join would read all assignments there are.
         had AS (SELECT a.* FROM ours CROSS JOIN LATERAL (
                        SELECT user_id, source, assigned_at, released_at FROM assignments_ever e WHERE e.number_id = ours.id OFFSET 0) AS a),
         events AS (
             SELECT intended_at AS at, 1 AS turn, 'intended' AS event, purchase_id, trigger, NULL::text AS user_id,
                    NULL::text AS source, NULL::text AS by, NULL::text AS code, NULL::integer AS twilio_code,
                    NULL::text AS request_id, NULL::text AS message
               FROM items
             UNION ALL
             SELECT greatest(intended_at, coalesce(ended_at, last_sent_at)), 2,
                    CASE WHEN state = 'bought' AND trigger = 'adopt' THEN 'adopted'
                         WHEN state = 'bought' AND trigger = 'import' THEN 'imported' ELSE state END,
                    purchase_id, trigger, NULL, NULL, NULL, error_code, twilio_code, twilio_request_id, error_message
               FROM items WHERE state IN ('bought', 'taken', 'not_bought', 'unknown')
             UNION ALL
             SELECT assigned_at, 3, 'assigned', NULL, NULL, user_id, source, NULL, NULL, NULL, NULL, NULL FROM had
             UNION ALL
             SELECT released_at, 4, 'released', NULL, NULL, user_id, NULL, NULL, NULL, NULL, NULL, NULL
               FROM had WHERE released_at IS NOT NULL
             UNION ALL
             SELECT missing_since, 5, 'missing', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
               FROM ours WHERE missing_since IS NOT NULL
             UNION ALL
             SELECT held_since, 5, 'held', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, quarantine_reason
               FROM ours WHERE held_since IS NOT NULL AND quarantine_reason IN ('unknown_item', 'tag_conflict', 'contested')
             UNION ALL
             SELECT t.at, CASE t.note WHEN 'held' THEN 5 WHEN 'missing' THEN 5 ELSE 8 END, t.note, NULL, NULL, NULL, NULL, t.noted_by,
                    NULL, NULL, NULL, t.detail
               FROM number_notes t JOIN ours ON ours.id = t.number_id
             UNION ALL
             SELECT r.intended_at, 6, 'leaving', NULL, NULL, NULL, NULL, r.requested_by, NULL, NULL, NULL, NULL
               FROM releases r JOIN ours ON ours.id = r.number_id
             UNION ALL
             SELECT greatest(r.intended_at, r.ended_at), 7, CASE r.state WHEN 'released' THEN 'released_to_twilio' ELSE 'release_' || r.state END,
                    NULL, NULL, NULL, NULL, r.requested_by, r.error_code, r.twilio_code, r.twilio_request_id, r.error_message
               FROM releases r JOIN ours ON ours.id = r.number_id WHERE r.ended_at IS NOT NULL),
         newest AS (SELECT * FROM events ORDER BY at DESC, turn DESC LIMIT $2)
         SELECT at, event, purchase_id, trigger, user_id, source, by, code, twilio_code, request_id, message
           FROM newest ORDER BY at, turn",
    )
    .bind::<Text, _>(phone_number.as_str())
    .bind::<Integer, _>(EVENTS_MAX)
    .load(conn)?)
}
