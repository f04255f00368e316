//! Everything that is known of one E.164: how it stands, and what happened to it.
//!
//! A number may be bought, given back and bought again, so its history runs over all its rows; it stands as the live row
//! stands or, when none lives, the newest. Invariant: the history is one statement, and bounded.
//! How to get it wrong: following the SID only. What was taken from under us, or was refused, never had one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::numbers::{LINE, NumberLine};
use crate::domain::{PhoneNumber, Standing};

/// The newest so many events are told.
const EVENTS_MAX: i32 = 500;

/// A number as it stands.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NumberRecord {
    /// The line of the list.
    #[diesel(embed)]
    pub line: NumberLine,
    #[diesel(sql_type = Text)]
    stored_status: String,
    /// Whether it has what `pool.capabilities` wants.
    #[diesel(sql_type = Bool)]
    pub capable: bool,
    /// Since when Twilio does not know it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub missing_since: Option<DateTime<Utc>>,
    /// Until when it rests.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub quarantined_until: Option<DateTime<Utc>>,
    /// Why it rests.
    #[diesel(sql_type = Nullable<Text>)]
    pub quarantine_reason: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    assigned_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    left_at: Option<DateTime<Utc>>,
}

impl NumberRecord {
    /// How it stands, for whoever asks why it is not assignable.
    ///
    /// # Errors
    /// When the database holds what this version does not know.
    pub fn standing(&self) -> Result<Standing, DbError> {
        let corrupt = DbError::corrupt("number");
        let reason = self.quarantine_reason.as_deref().map(str::parse).transpose();
        Ok(Standing {
            status: self.stored_status.parse().map_err(&corrupt)?,
            webhook_status: self.line.webhook_status.parse().map_err(&corrupt)?,
            capable: self.capable,
            missing_since: self.missing_since.map(instant),
            quarantine_reason: reason.map_err(&corrupt)?,
            quarantined_until: self.quarantined_until.map(instant),
            assigned: self.line.user_id.clone().zip(self.assigned_at.map(instant)),
            left_at: self.left_at.map(instant),
        })
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Something that happened to a number.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, serde::Serialize, utoipa::ToSchema)]
pub struct NumberEvent {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// `intended`, `bought`, `taken`, `not_bought`, `unknown`, `adopted`, `imported`, `assigned`, `released`, `missing`,
    /// `leaving`, `released_to_twilio`, `release_refused` or `release_withdrawn`.
    #[diesel(sql_type = Text)]
    pub event: String,
    /// The order.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_id: Option<Uuid>,
    /// Why the order exists.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Whose it became, or was.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Where an assignment came from.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Which operator's key asked.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Our error code.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Twilio's error code.
    #[diesel(sql_type = Nullable<Integer>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twilio_code: Option<i32>,
    /// Twilio's id of the request.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What was said of it.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip)]
    pub message: Option<String>,
}

/// The live row of this number or, when none lives, the newest.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_record(conn: &mut Connection, phone_number: &PhoneNumber) -> Result<Option<NumberRecord>, DbError> {
    let found = sql_query(format!(
        "SELECT line.*, n.status AS stored_status, n.capable, n.missing_since, n.quarantined_until, n.quarantine_reason,
                (SELECT a.assigned_at FROM assignments a WHERE a.number_id = n.id AND a.released_at IS NULL) AS assigned_at,
                (SELECT max(r.ended_at) FROM releases r WHERE r.number_id = n.id AND r.state = 'released') AS left_at
           FROM (({LINE} WHERE n.phone_number = $1 AND n.status <> 'released')
                 UNION ALL ({LINE} WHERE n.phone_number = $1 AND n.status = 'released' ORDER BY n.id DESC LIMIT 1)) AS line
           JOIN numbers n ON n.id = line.id
          ORDER BY n.status = 'released', n.id DESC LIMIT 1"
    ))
    .bind::<Text, _>(phone_number.as_str())
    .get_result(conn)
    .optional()?;
    Ok(found)
}

/// What happened to this number, over all its rows, oldest first; the newest 500 when there is more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_history(conn: &mut Connection, phone_number: &PhoneNumber) -> Result<Vec<NumberEvent>, DbError> {
    Ok(sql_query(
        "WITH items AS (
             SELECT i.*, p.trigger FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE i.phone_number = $1),
         ours AS (SELECT id, missing_since FROM numbers WHERE phone_number = $1 AND status <> 'released'
                  UNION ALL SELECT id, missing_since FROM numbers WHERE phone_number = $1 AND status = 'released'),
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
             SELECT a.assigned_at, 3, 'assigned', NULL, NULL, a.user_id, a.source, NULL, NULL, NULL, NULL, NULL
               FROM assignments a JOIN ours ON ours.id = a.number_id
             UNION ALL
             SELECT a.released_at, 4, 'released', NULL, NULL, a.user_id, NULL, NULL, NULL, NULL, NULL, NULL
               FROM assignments a JOIN ours ON ours.id = a.number_id WHERE a.released_at IS NOT NULL
             UNION ALL
             SELECT missing_since, 5, 'missing', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
               FROM ours WHERE missing_since IS NOT NULL
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
