//! Numbers that become ours without a purchase of this run: taken in by an operator, or found by a comparison.
//!
//! Invariants: what is taken in by an operator stands in the ledger like a purchase (its tag names the item) and uses up no
//! spend cap; a number whose purchase is still open is left to that purchase.
//! How to get it wrong: writing the number after Twilio was told. A crash between would leave a tag that nobody knows. Or
//! taking in as found what `item_settle` can take in: that is for numbers whose item is unknown, or whose place in the order
//! was given on.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use uuid::Uuid;

use super::insert::{Destination, NewNumber, number_insert};
use super::read::number_lock;
use crate::db::buying_state::buying_state_lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::listener::stock_notify;
use crate::db::ignored_numbers::number_heed;
use crate::db::purchases::items::{IntakeOrder, is_being_bought, item_revive, item_write};
use crate::domain::WebhookStatus;

/// What became of a number that was to be taken in.
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
    number: &NewNumber,
    tagged_item: Option<Uuid>,
    destination: &Destination,
) -> Result<Intake, DbError> {
    let taken = conn.transaction::<_, DbError, _>(|conn| {
        // Intents are written under the same lock: none for this number can come between.
        buying_state_lock(conn)?;
        if is_being_bought(conn, &number.phone_number)? {
            return Ok(Intake::BeingBought);
        }
        let item_id = match tagged_item {
            Some(item_id) if item_revive(conn, item_id, &number.phone_number)? => item_id,
            _ => item_write(conn, order, &number.phone_number)?,
        };
        let id = number_insert(conn, number, Some(item_id), destination)?;
        let id = id.ok_or(DbError::Constraint(Constraint::SidIsForEver))?;
        number_heed(conn, &number.phone_number)?;
        Ok(Intake::Taken(id, item_id))
    })?;
    if *destination == Destination::Pool && number.webhook_status == WebhookStatus::Configured {
        stock_notify(conn)?;
    }
    Ok(taken)
}

/// Takes in a number of ours that the database does not know, without a ledger item; `false` = its SID is there by now.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerNumber` when another live number has this E.164.
pub fn number_take_in_found(
    conn: &mut Connection,
    number: &NewNumber,
    destination: &Destination,
) -> Result<bool, DbError> {
    let is_new = number_insert(conn, number, None, destination)?.is_some();
    if is_new && *destination == Destination::Pool {
        stock_notify(conn)?;
    }
    Ok(is_new)
}

/// The item that a number's tag names; a number that never had one gets it now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_item(conn: &mut Connection, id: i64, order: &IntakeOrder) -> Result<Uuid, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = number_lock(conn, id)?;
        if let Some(item_id) = number.purchase_item_id {
            return Ok(item_id);
        }
        let item_id = item_write(conn, order, &number.phone_number)?;
        sql_query("UPDATE numbers SET purchase_item_id = $2 WHERE id = $1")
            .bind::<BigInt, _>(id)
            .bind::<SqlUuid, _>(item_id)
            .execute(conn)?;
        Ok(item_id)
    })
}
