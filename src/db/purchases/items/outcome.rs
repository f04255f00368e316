//! What became of an item: in doubt, ended without a number, or settled with one.
//!
//! What its pool wants a number to be attached to is meant in the same transaction.
//! How to get it wrong: settling twice. The item's row is locked first, and an item that has its number keeps it.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::attachments::attachments_intend_of_new;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::listener::stock_notify;
use crate::db::numbers::{Destination, NewNumber, number_insert};
use crate::domain::{Concerns, NumberType, PoolName};

/// Why an item has no number, for the ledger and the order's errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// Our code, such as `twilio_21422` or `outcome_unknown`.
    pub code: String,
    /// Twilio's code.
    pub twilio_code: Option<i32>,
    /// What a refusal of Twilio's says something of; `None` = it was none.
    pub concerns: Option<Concerns>,
    /// What happened.
    pub message: String,
    /// Twilio's id of the request, for its support.
    pub request_id: Option<String>,
}

/// The outcome of the last POST is not known: from here on only Twilio's list decides.
///
/// # Errors
/// When PostgreSQL fails; the item then stays `sent`, which a later `recover` reads the same way.
pub fn item_doubt(conn: &mut Connection, item_id: Uuid, reason: &Reason) -> Result<(), DbError> {
    sql_query(
        "UPDATE purchase_items SET state = 'unknown', doubted = true, error_code = $2, twilio_code = $3, error_message = $4,
                twilio_request_id = coalesce($5, twilio_request_id), refusal_concerns = $6
          WHERE id = $1 AND state IN ('sent', 'unknown')",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Text, _>(&reason.code)
    .bind::<Nullable<Integer>, _>(reason.twilio_code)
    .bind::<Text, _>(&reason.message)
    .bind::<Nullable<Text>, _>(&reason.request_id)
    .bind::<Nullable<Text>, _>(reason.concerns.map(Concerns::as_str))
    .execute(conn)?;
    Ok(())
}

/// How an item ends without a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody else owns the number.
    Taken,
    /// Nobody was charged.
    NotBought,
}

impl Ending {
    /// The stored spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::NotBought => "not_bought",
        }
    }
}

/// Ends an item without a number. `attempt` is the attempt that the caller judged: a later one by somebody else keeps
/// the item open. `None` = whatever was sent.
///
/// # Errors
/// When PostgreSQL fails.
pub fn item_end(
    conn: &mut Connection,
    item_id: Uuid,
    attempt: Option<i32>,
    ending: Ending,
    reason: &Reason,
) -> Result<bool, DbError> {
    let ended = sql_query(
        "UPDATE purchase_items SET state = $3, ended_at = clock_timestamp(), error_code = $4, twilio_code = $5,
                error_message = $6, twilio_request_id = coalesce($7, twilio_request_id), refusal_concerns = $8
          WHERE id = $1 AND ($2 IS NULL OR attempts = $2) AND state IN ('intended', 'sent', 'unknown')",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Nullable<Integer>, _>(attempt)
    .bind::<Text, _>(ending.as_str())
    .bind::<Text, _>(&reason.code)
    .bind::<Nullable<Integer>, _>(reason.twilio_code)
    .bind::<Text, _>(&reason.message)
    .bind::<Nullable<Text>, _>(&reason.request_id)
    .bind::<Nullable<Text>, _>(reason.concerns.map(Concerns::as_str))
    .execute(conn)?;
    Ok(ended > 0)
}

/// A number at Twilio that settles an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The number.
    pub number: NewNumber,
    /// Twilio's id of the request that said so.
    pub request_id: Option<String>,
}

/// Ends an item as bought and puts its number into the pool, in one transaction. Idempotent: an item that has its
/// number keeps it. `false` = it had it already.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerNumber` or `SidIsForEver` when another item holds this number: nobody may
/// buy on before somebody has looked at it.
pub fn item_settle(conn: &mut Connection, item_id: Uuid, settlement: &Settlement) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Item {
        #[diesel(sql_type = Text)]
        state: String,
        #[diesel(sql_type = Text)]
        phone_number: String,
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Bool)]
        spends: bool,
        #[diesel(sql_type = Text)]
        number_type: NumberType,
    }
    let is_new = conn.transaction::<_, DbError, _>(|conn| {
        let item: Item = sql_query(
            "SELECT i.state, i.phone_number, i.pool, i.spends, p.number_type
               FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE i.id = $1 FOR UPDATE OF i",
        )
        .bind::<SqlUuid, _>(item_id)
        .get_result(conn)?;
        if item.state == "bought" {
            return Ok(false);
        }
        if item.phone_number != settlement.number.phone_number.as_str() {
            return Err(DbError::corrupt("purchase item")("Twilio names another number than it intended".to_owned()));
        }
        // Of its order's pool, whatever the configuration calls the pools by now; and what was bought is of the type that was
        // searched. What an operator took in is of whatever type it is.
        let seen = settlement.number.clone();
        let number_type = if item.spends { item.number_type } else { seen.number_type };
        let number = NewNumber { pool: item.pool, number_type, ..seen };
        let id = number_insert(conn, &number, Some(item_id), &Destination::Pool)?;
        let id = id.ok_or(DbError::Constraint(Constraint::SidIsForEver))?;
        attachments_intend_of_new(conn, id)?;
        sql_query(
            "UPDATE purchase_items SET state = 'bought', attempts = greatest(attempts, 1), ended_at = clock_timestamp(),
                    first_sent_at = coalesce(first_sent_at, clock_timestamp()), error_code = NULL, twilio_code = NULL,
                    error_message = NULL, refusal_concerns = NULL, twilio_request_id = coalesce($2, twilio_request_id)
              WHERE id = $1",
        )
        .bind::<SqlUuid, _>(item_id)
        .bind::<Nullable<Text>, _>(&settlement.request_id)
        .execute(conn)?;
        Ok(true)
    })?;
    if is_new {
        fail::fail_point!("item_committed");
        // Whoever waits, on any instance, may have it now. After the commit: notifying transactions commit one at a
        // time, and the numbers of a wave should not queue for the disk. Who misses it looks by the clock.
        stock_notify(conn)?;
    }
    Ok(is_new)
}
