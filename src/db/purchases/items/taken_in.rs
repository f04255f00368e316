//! Items of what was taken in without being bought: they stand in the ledger like a purchase, and use up no spend cap.
//!
//! How to get it wrong: taking a number in whose purchase is still open. That purchase settles it.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::schema::purchase_items;
use crate::domain::{Kind, PhoneNumber, PoolName, Trigger};

/// The order that a number is written under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeOrder {
    /// Its id.
    pub id: Uuid,
    /// [`Trigger::Adopt`] or [`Trigger::Import`].
    pub trigger: Trigger,
    /// How many numbers it may hold.
    pub count: u32,
    /// The pool that takes them in.
    pub pool: PoolName,
    /// What that pool holds.
    pub kind: Kind,
    /// Who asked: a key's name, or its fingerprint.
    pub requested_by: String,
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
    Ok(purchase_items::table
        .filter(purchase_items::phone_number.eq_any(numbers))
        .filter(purchase_items::state.eq_any(OPEN))
        .select(purchase_items::phone_number)
        .load(conn)?)
}

/// A purchase that was given up and turned up after all: its item is bought, as reconciliation would say too. `false`
/// when the ledger does not know it so, or its order is full.
pub(in crate::db) fn item_revive(conn: &mut Connection, item_id: Uuid, number: &PhoneNumber) -> Result<bool, DbError> {
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
pub(in crate::db) fn item_write(
    conn: &mut Connection,
    order: &IntakeOrder,
    number: &PhoneNumber,
) -> Result<Uuid, DbError> {
    let item_id = Uuid::now_v7();
    sql_query(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, pool, number_type, started_at, ended_at, expires_at)
         VALUES ($1, $2, 'done', $3, $4, $5, $6, $7, clock_timestamp(), clock_timestamp(), clock_timestamp())
         ON CONFLICT (id) DO NOTHING",
    )
    .bind::<SqlUuid, _>(order.id)
    .bind::<Text, _>(order.trigger.as_str())
    .bind::<Integer, _>(i32::try_from(order.count).unwrap_or(i32::MAX))
    .bind::<Text, _>(order.kind.country.as_str())
    .bind::<Text, _>(&order.requested_by)
    .bind::<Text, _>(order.pool.as_str())
    .bind::<Text, _>(order.kind.number_type.as_str())
    .execute(conn)?;
    sql_query(
        "INSERT INTO purchase_items (id, purchase_id, phone_number, pool, state, override_caps, spends, attempts,
                                     first_sent_at, last_sent_at, ended_at)
         VALUES ($1, $2, $3, $4, 'bought', false, false, 1, clock_timestamp(), clock_timestamp(), clock_timestamp())",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<SqlUuid, _>(order.id)
    .bind::<Text, _>(number.as_str())
    .bind::<Text, _>(order.pool.as_str())
    .execute(conn)?;
    Ok(item_id)
}
