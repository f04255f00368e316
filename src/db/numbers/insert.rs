//! How a number comes into the database: one insert, whoever brings it.
//!
//! Invariants: a SID is written once and never again; what is of another kind than its pool is apart from the start; a number that is somebody's from the start is written with its
//! lease in one transaction; `configured` is believed only of webhooks that its pool still wants.
//! How to get it wrong: a second insert. An attribute that it forgets is wrong for one way in, and nobody sees which.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::hold::HoldReason;
use super::lease::lease_to;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::pools::{as_stored, pool_hold, still_wanted};
use crate::domain::{
    AssignmentSource, CountryCode, NumberSid, NumberType, PhoneNumber, PoolName, UserId, WebhookStatus, Webhooks,
};

/// A number that becomes ours, as Twilio shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNumber {
    /// Twilio's.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// Its country.
    pub country: CountryCode,
    /// How its webhooks stand.
    pub webhook_status: WebhookStatus,
    /// What they were compared with: if the pool wants others by now, `configured` is not so after all. `None` =
    /// they were compared with nothing, or are left as they are.
    pub compared_with: Option<Webhooks>,
    /// Whether it can do what `pool.capabilities` wants.
    pub capable: bool,
    /// `date_created`.
    pub purchased_at: DateTime<Utc>,
    /// The pool that it goes into, or is counted in.
    pub pool: PoolName,
    /// Which of Twilio's stocks it came from.
    pub number_type: NumberType,
}

/// Where a new number goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into the pool; it serves nobody before its webhooks are configured.
    Pool,
    /// On hold, until an operator decides or Twilio was told.
    Hold(HoldReason),
    /// To its user, who had it before and whose webhooks are left as they are.
    User(UserId, DateTime<Utc>),
}

/// Writes a number; its id. `None` = its SID is there by now, and nothing was written.
pub(in crate::db) fn number_insert(
    conn: &mut Connection,
    number: &NewNumber,
    item_id: Option<Uuid>,
    destination: &Destination,
) -> Result<Option<i64>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let (status, hold) = match destination {
        Destination::Pool | Destination::User(..) => ("active", None),
        Destination::Hold(reason) => ("quarantined", Some(reason.as_str())),
    };
    conn.transaction::<_, DbError, _>(|conn| {
        // In a statement of its own: whoever changes what the pool is has done so by the next one, or waits for this row.
        pool_hold(conn, &number.pool)?;
        let row: Option<Row> = sql_query(format!(
            "INSERT INTO numbers (sid, phone_number, country, area_code, status, quarantine_reason, held_since, webhook_status,
                                  capable, purchase_item_id, purchased_at, pool, number_type, apart)
             VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6 IS NOT NULL THEN clock_timestamp() END,
                     CASE WHEN $7 <> 'configured' OR $11 IS NULL OR {} THEN $7 ELSE 'drifted' END, $8, $9, $10, $12, $13,
                     coalesce((SELECT (p.country, p.number_type) <> ($3, $13) FROM pools p WHERE p.name = $12), false))
             ON CONFLICT (sid) DO NOTHING RETURNING id",
            still_wanted(12, 11)
        ))
        .bind::<Text, _>(number.sid.as_str())
        .bind::<Text, _>(number.phone_number.as_str())
        .bind::<Text, _>(number.country.as_str())
        .bind::<Nullable<Text>, _>(number.phone_number.area_code().map(|code| code.as_str().to_owned()))
        .bind::<Text, _>(status)
        .bind::<Nullable<Text>, _>(hold)
        .bind::<Text, _>(number.webhook_status.as_str())
        .bind::<Bool, _>(number.capable)
        .bind::<Nullable<SqlUuid>, _>(item_id)
        .bind::<Timestamptz, _>(number.purchased_at)
        .bind::<Nullable<Array<Text>>, _>(number.compared_with.as_ref().map(as_stored))
        .bind::<Text, _>(number.pool.as_str())
        .bind::<Text, _>(number.number_type.as_str())
        .get_result(conn)
        .optional()?;
        if let (Some(row), Destination::User(user_id, since)) = (&row, destination) {
            lease_to(conn, row.id, user_id, AssignmentSource::Import, Some(*since))?;
        }
        Ok(row.map(|row| row.id))
    })
}
