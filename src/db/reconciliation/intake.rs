//! Numbers of ours that the database does not know: taken in without a ledger item of their own.
//!
//! How to get it wrong: taking in by this way what `item_settle` can take in. This is for numbers whose item is unknown,
//! or whose place in the order was given on.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::installation::still_wanted;
use crate::domain::{CountryCode, NumberSid, NumberStatus, PhoneNumber, QuarantineReason, WebhookStatus, Webhooks};

/// A number to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Twilio's identity of it.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// ISO 3166.
    pub country: CountryCode,
    /// Held for an operator, or `None` = into the pool.
    pub hold: Option<QuarantineReason>,
    /// How its webhooks stand.
    pub webhook_status: WebhookStatus,
    /// What they were compared with; if the installation wants others by now, they do not stand so after all.
    pub webhooks: Webhooks,
    /// Whether it can do what `pool.capabilities` wants.
    pub capable: bool,
    /// `date_created`.
    pub purchased_at: DateTime<Utc>,
}

/// Puts a number into the database without a ledger item; `false` = its SID is there by now.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerNumber` when another live number has this E.164.
pub fn number_take_in(conn: &mut Connection, newcomer: &Newcomer) -> Result<bool, DbError> {
    let area_code = newcomer.phone_number.area_code(newcomer.country).map(|code| code.as_str().to_owned());
    let taken = sql_query(format!(
        "INSERT INTO numbers (sid, phone_number, country, area_code, status, quarantine_reason, webhook_status, capable, purchased_at)
         VALUES ($1, $2, $3, $4, CASE WHEN $5 IS NULL THEN 'available' ELSE 'quarantined' END, $5,
                 CASE WHEN $6 <> 'configured' OR {} THEN $6 ELSE 'drifted' END, $7, $8)
         ON CONFLICT (sid) DO NOTHING",
        still_wanted(9)
    ))
    .bind::<Text, _>(newcomer.sid.as_str())
    .bind::<Text, _>(newcomer.phone_number.as_str())
    .bind::<Text, _>(newcomer.country.as_str())
    .bind::<Nullable<Text>, _>(area_code)
    .bind::<Nullable<Text>, _>(newcomer.hold.map(QuarantineReason::as_str))
    .bind::<Text, _>(newcomer.webhook_status.as_str())
    .bind::<Bool, _>(newcomer.capable)
    .bind::<Timestamptz, _>(newcomer.purchased_at)
    .bind::<Text, _>(&newcomer.webhooks.voice_url)
    .bind::<Text, _>(&newcomer.webhooks.sms_url)
    .bind::<Text, _>(&newcomer.webhooks.status_callback)
    .execute(conn)?;
    if taken > 0 && newcomer.hold.is_none() {
        stock_notify(conn)?;
    }
    if taken > 0 && newcomer.hold.is_some() {
        // Lost, it is held since ever, and told a little early.
        sql_query("UPDATE numbers SET held_since = clock_timestamp() WHERE sid = $1")
            .bind::<Text, _>(newcomer.sid.as_str())
            .execute(conn)?;
    }
    Ok(taken > 0)
}

/// A number of ours that stands in a newcomer's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Ours.
    pub id: i64,
    /// Twilio's.
    pub sid: NumberSid,
    /// As it is stored.
    pub status: NumberStatus,
    /// Why nobody gets it.
    pub hold: Option<QuarantineReason>,
    /// Whose it is.
    pub user_id: Option<String>,
}

/// The number that has this E.164 (a live one) or came from this item, under whatever SID.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_holding(
    conn: &mut Connection,
    phone_number: &PhoneNumber,
    item_id: Option<Uuid>,
) -> Result<Option<Holder>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        sid: String,
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = Nullable<Text>)]
        hold: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        user_id: Option<String>,
    }
    let row: Option<Row> = sql_query(
        "SELECT n.id, n.sid, n.status, n.quarantine_reason AS hold, a.user_id
           FROM numbers n LEFT JOIN assignments a ON a.number_id = n.id AND a.released_at IS NULL
          WHERE n.id IN (SELECT id FROM numbers WHERE phone_number = $1 AND status <> 'released'
                         UNION SELECT id FROM numbers WHERE purchase_item_id = $2)
          ORDER BY n.status = 'released', n.id DESC LIMIT 1",
    )
    .bind::<Text, _>(phone_number.as_str())
    .bind::<Nullable<SqlUuid>, _>(item_id)
    .get_result(conn)
    .optional()?;
    let corrupt = DbError::corrupt("number");
    row.map(|row| {
        Ok(Holder {
            id: row.id,
            sid: row.sid.parse().map_err(|_| corrupt("its SID is not one".to_owned()))?,
            status: row.status.parse().map_err(&corrupt)?,
            hold: row.hold.map(|reason| reason.parse()).transpose().map_err(&corrupt)?,
            user_id: row.user_id,
        })
    })
    .transpose()
}

/// Twilio answered 404 for an idle number whose E.164 is back under another SID: the old one is gone for ever. `false`
/// when it is not idle any more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_let_go(conn: &mut Connection, id: i64) -> Result<bool, DbError> {
    let gone = sql_query(
        "UPDATE numbers SET status = 'released', quarantine_reason = NULL, quarantined_until = NULL, rests_for = NULL
          WHERE id = $1 AND status IN ('available', 'quarantined')
            AND (quarantine_reason IS NULL OR quarantine_reason IN ('released', 'unknown_item', 'tag_conflict'))",
    )
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    Ok(gone > 0)
}
