//! Numbers of the account that become ours without being bought.
//!
//! Invariants: what is taken in stands in the ledger like a purchase (its tag names the item) and uses up no spend cap;
//! a number whose purchase is still open is left to that purchase.
//! How to get it wrong: writing the number after Twilio was told. A crash between would leave a tag that nobody knows.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::ignored::number_heed;
use super::number_lock;
use crate::db::buying_state::buying_state_lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::listener::stock_notify;
use crate::domain::{CountryCode, NumberSid, PhoneNumber, Trigger, UserId, WebhookStatus};

/// A number of the account, as Twilio shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Twilio's.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// Its country.
    pub country: CountryCode,
    /// Whether it can do what `pool.capabilities` wants.
    pub capable: bool,
    /// How its webhooks stand.
    pub webhook_status: WebhookStatus,
    /// `date_created`.
    pub purchased_at: DateTime<Utc>,
    /// The item that a tag of ours names on it already.
    pub tagged_item: Option<Uuid>,
}

/// Where a number that is taken in goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into quarantine, until Twilio was told.
    Adopting,
    /// Into the pool; it serves nobody before its webhooks are configured.
    Pool,
    /// To its user, who had it before and whose webhooks are left as they are.
    User(UserId, DateTime<Utc>),
}

/// The order that a number is written under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeOrder {
    /// Its id.
    pub id: Uuid,
    /// [`Trigger::Adopt`] or [`Trigger::Import`].
    pub trigger: Trigger,
    /// How many numbers it may hold.
    pub count: u32,
    /// `pool.country`.
    pub country: CountryCode,
    /// Who asked: a key's fingerprint.
    pub requested_by: String,
}

/// What became of a number that was to be taken in, or given to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intake {
    /// It is ours now; its id and its ledger item.
    Taken(i64, Uuid),
    /// A purchase of this very number is still open: it settles that.
    BeingBought,
}

/// Takes a number of the account in, in one transaction: its item (or the ended one that its tag names) and its row. The
/// order is written with its first item. From here on the number is ours by its SID, whatever crashes.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerNumber` or `SidIsForEver` when it is or was ours already, `OneLivePerUser`
/// when its user has another number; then nothing was written.
pub fn number_take_in(
    conn: &mut Connection,
    order: &IntakeOrder,
    number: &Newcomer,
    destination: &Destination,
) -> Result<Intake, DbError> {
    let taken = conn.transaction::<_, DbError, _>(|conn| {
        // Intents are written under the same lock: none for this number can come between.
        buying_state_lock(conn)?;
        if is_being_bought(conn, &number.phone_number)? {
            return Ok(Intake::BeingBought);
        }
        let item_id = match number.tagged_item {
            Some(item_id) if item_revive(conn, item_id, &number.phone_number)? => item_id,
            _ => item_write(conn, order, &number.phone_number)?,
        };
        let (status, reason) = match destination {
            Destination::Adopting => ("quarantined", Some("adopting")),
            Destination::Pool => ("available", None),
            Destination::User(..) => ("assigned", None),
        };
        let (user_id, since) = match destination {
            Destination::User(user_id, since) => (Some(user_id.as_str()), Some(*since)),
            Destination::Adopting | Destination::Pool => (None, None),
        };
        let row: Id = sql_query(
            "WITH pooled AS (
                INSERT INTO numbers (sid, phone_number, country, area_code, status, quarantine_reason, webhook_status,
                                     capable, purchase_item_id, purchased_at, held_since)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $6 IS NOT NULL THEN clock_timestamp() END)
                RETURNING id),
             given AS (INSERT INTO assignments (number_id, user_id, source, assigned_at)
                       SELECT id, $11, 'import', $12 FROM pooled WHERE $11 IS NOT NULL)
             SELECT id FROM pooled",
        )
        .bind::<Text, _>(number.sid.as_str())
        .bind::<Text, _>(number.phone_number.as_str())
        .bind::<Text, _>(number.country.as_str())
        .bind::<Nullable<Text>, _>(number.phone_number.area_code(number.country).map(|code| code.as_str().to_owned()))
        .bind::<Text, _>(status)
        .bind::<Nullable<Text>, _>(reason)
        .bind::<Text, _>(number.webhook_status.as_str())
        .bind::<Bool, _>(number.capable)
        .bind::<SqlUuid, _>(item_id)
        .bind::<Timestamptz, _>(number.purchased_at)
        .bind::<Nullable<Text>, _>(user_id)
        .bind::<Nullable<Timestamptz>, _>(since)
        .get_result(conn)?;
        number_heed(conn, &number.phone_number)?;
        Ok(Intake::Taken(row.id, item_id))
    })?;
    if *destination == Destination::Pool && number.webhook_status == WebhookStatus::Configured {
        stock_notify(conn)?;
    }
    Ok(taken)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// States of an item whose purchase is not over.
const OPEN: [&str; 3] = ["intended", "sent", "unknown"];

/// Whether a purchase of this number is open.
///
/// # Errors
/// When PostgreSQL fails.
pub fn is_being_bought(conn: &mut Connection, number: &PhoneNumber) -> Result<bool, DbError> {
    Ok(!numbers_being_bought(conn, &[number.to_string()])?.is_empty())
}

/// Which of `numbers` have an open purchase. One that Twilio refused, or that was taken, hinders nobody who has it now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_being_bought(conn: &mut Connection, numbers: &[String]) -> Result<Vec<String>, DbError> {
    use crate::db::engine::schema::purchase_items;
    Ok(purchase_items::table
        .filter(purchase_items::phone_number.eq_any(numbers))
        .filter(purchase_items::state.eq_any(OPEN))
        .select(purchase_items::phone_number)
        .load(conn)?)
}

/// A purchase that was given up and turned up after all: its item is bought, as reconciliation would say too. `false`
/// when the ledger does not know it so, or its order is full.
fn item_revive(conn: &mut Connection, item_id: Uuid, number: &PhoneNumber) -> Result<bool, DbError> {
    let revived = conn.transaction::<_, DbError, _>(|conn| {
        Ok(sql_query(
            "UPDATE purchase_items SET state = 'bought', attempts = greatest(attempts, 1), ended_at = clock_timestamp(),
                    first_sent_at = coalesce(first_sent_at, clock_timestamp()), error_code = NULL, twilio_code = NULL,
                    error_message = NULL
              WHERE id = $1 AND phone_number = $2 AND state IN ('taken', 'not_bought')",
        )
        .bind::<SqlUuid, _>(item_id)
        .bind::<Text, _>(number.as_str())
        .execute(conn)?)
    });
    match revived {
        Ok(revived) => Ok(revived > 0),
        Err(error) if error.violates(Constraint::ItemsFitTheirOrder) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a bought item that cost nothing, and its order if this is the first.
fn item_write(conn: &mut Connection, order: &IntakeOrder, number: &PhoneNumber) -> Result<Uuid, DbError> {
    let item_id = Uuid::now_v7();
    sql_query(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, started_at, ended_at, expires_at)
         VALUES ($1, $2, 'done', $3, $4, $5, clock_timestamp(), clock_timestamp(), clock_timestamp())
         ON CONFLICT (id) DO NOTHING",
    )
    .bind::<SqlUuid, _>(order.id)
    .bind::<Text, _>(order.trigger.as_str())
    .bind::<Integer, _>(i32::try_from(order.count).unwrap_or(i32::MAX))
    .bind::<Text, _>(order.country.as_str())
    .bind::<Text, _>(&order.requested_by)
    .execute(conn)?;
    sql_query(
        "INSERT INTO purchase_items (id, purchase_id, phone_number, state, override_caps, spends, attempts,
                                     first_sent_at, last_sent_at, ended_at)
         VALUES ($1, $2, $3, 'bought', false, false, 1, clock_timestamp(), clock_timestamp(), clock_timestamp())",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<SqlUuid, _>(order.id)
    .bind::<Text, _>(number.as_str())
    .execute(conn)?;
    Ok(item_id)
}

/// The item that a number's tag names; a number that never had one gets it now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_item(conn: &mut Connection, id: i64, order: &IntakeOrder) -> Result<Uuid, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let held = number_lock(conn, id)?;
        if let Some(item_id) = held.item_id {
            return Ok(item_id);
        }
        let item_id = item_write(conn, order, &held.phone_number)?;
        sql_query("UPDATE numbers SET purchase_item_id = $2 WHERE id = $1")
            .bind::<BigInt, _>(id)
            .bind::<SqlUuid, _>(item_id)
            .execute(conn)?;
        Ok(item_id)
    })
}
