//! Numbers looked up: by their E.164, their id or their order.
//!
//! Invariant: a live number and one that left are found by an index each; whoever changes a number's place locks its row
//! first ([`number_lock`]), so that a signup and an operator never both get it.
//! How to get it wrong: deciding on a row that was read before it was locked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::attached::{Attached, number_attached};
use super::lease::{lease_lock, stock};
use super::row::{NumberRow, OWNED, OwnedNumber};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::numbers;
use crate::domain::{NumberSid, PhoneNumber, PoolName, Standing};

/// The numbers that an order bought, in the order they came.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_of_purchase(conn: &mut Connection, purchase_id: Uuid) -> Result<Vec<OwnedNumber>, DbError> {
    Ok(sql_query(format!("{OWNED} WHERE i.purchase_id = $1 ORDER BY n.id"))
        .bind::<SqlUuid, _>(purchase_id)
        .load(conn)?)
}

/// One number.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_read(conn: &mut Connection, id: i64) -> Result<Option<OwnedNumber>, DbError> {
    Ok(sql_query(format!("{OWNED} WHERE n.id = $1")).bind::<BigInt, _>(id).get_result(conn).optional()?)
}

/// The number of ours with this E.164: the live one, else the last that was given back.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_owned(conn: &mut Connection, number: &PhoneNumber) -> Result<Option<OwnedNumber>, DbError> {
    // Two look-ups, because the live number and those that left have an index each.
    Ok(sql_query(format!(
        "(SELECT live.*, false AS has_left FROM ({OWNED} WHERE n.phone_number = $1 AND n.status <> 'released') AS live)
         UNION ALL
         (SELECT gone.*, true FROM ({OWNED} WHERE n.phone_number = $1 AND n.status = 'released' ORDER BY n.id DESC LIMIT 1) AS gone)
         ORDER BY has_left LIMIT 1"
    ))
    .bind::<Text, _>(number.as_str())
    .get_result(conn)
    .optional()?)
}

/// The same, with how it stands for whoever asks why it is not assignable, and what it is attached to.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_standing(
    conn: &mut Connection,
    number: &PhoneNumber,
) -> Result<Option<(OwnedNumber, Standing, Attached)>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        left_at: Option<DateTime<Utc>>,
    }
    let Some(number) = number_owned(conn, number)? else { return Ok(None) };
    let row: Row =
        sql_query("SELECT max(ended_at) AS left_at FROM releases WHERE number_id = $1 AND state = 'released'")
            .bind::<BigInt, _>(number.id)
            .get_result(conn)?;
    let attached = number_attached(conn, number.id)?;
    let standing = number.standing(row.left_at, attached.withheld.clone());
    Ok(Some((number, standing, attached)))
}

/// The live numbers of ours among `numbers`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_owned(conn: &mut Connection, numbers: &[String]) -> Result<Vec<OwnedNumber>, DbError> {
    Ok(sql_query(format!("{OWNED} WHERE n.phone_number = ANY($1) AND n.status <> 'released' ORDER BY n.id"))
        .bind::<Array<Text>, _>(numbers)
        .load(conn)?)
}

/// The number that has this E.164 (a live one) or came from this item, under whatever SID: what stands in a newcomer's way.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_holding(
    conn: &mut Connection,
    phone_number: &PhoneNumber,
    item_id: Option<Uuid>,
) -> Result<Option<OwnedNumber>, DbError> {
    Ok(sql_query(format!(
        "{OWNED} WHERE n.id IN (SELECT id FROM numbers WHERE phone_number = $1 AND status <> 'released'
                                UNION SELECT id FROM numbers WHERE purchase_item_id = $2)
          ORDER BY n.status = 'released', n.id DESC LIMIT 1"
    ))
    .bind::<Text, _>(phone_number.as_str())
    .bind::<Nullable<SqlUuid>, _>(item_id)
    .get_result(conn)
    .optional()?)
}

/// Twilio's identity of each of these numbers that is ours, missing or not.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_sids(conn: &mut Connection, phone_numbers: &[&str]) -> Result<HashMap<String, NumberSid>, DbError> {
    let rows: Vec<(String, NumberSid)> = numbers::table
        .filter(numbers::phone_number.eq_any(phone_numbers))
        .filter(numbers::status.ne("released"))
        .select((numbers::phone_number, numbers::sid))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Locks a number's row and its lease until the transaction ends, and reads it as it is then: nobody gets it meanwhile.
pub(in crate::db) fn number_lock(conn: &mut Connection, id: i64) -> Result<OwnedNumber, DbError> {
    sql_query("SELECT 1 FROM numbers WHERE id = $1 FOR UPDATE").bind::<BigInt, _>(id).execute(conn)?;
    lease_lock(conn, id)?;
    Ok(sql_query(format!("{OWNED} WHERE n.id = $1")).bind::<BigInt, _>(id).get_result(conn)?)
}

/// A number in the pool, for whoever looks at the pool.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct IdleNumber {
    /// The number.
    #[diesel(embed)]
    pub stored: NumberRow,
    /// Since when nobody has it: the purchase, or the last release.
    #[diesel(sql_type = Timestamptz)]
    pub idle_since: DateTime<Utc>,
}

/// What lies in these pools, oldest first: the order in which signups of each get them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_oldest(conn: &mut Connection, pools: &[PoolName], limit: i64) -> Result<Vec<IdleNumber>, DbError> {
    let names: Vec<&str> = pools.iter().map(PoolName::as_str).collect();
    Ok(sql_query(concat!(
        // Pool by pool, a stretch of its index each, however many there are.
        "SELECT n.*, coalesce((SELECT max(a.released_at) FROM past_assignments a WHERE a.number_id = n.id), n.purchased_at) AS idle_since
           FROM unnest($2) AS wanted (name)
          CROSS JOIN LATERAL (
                 (SELECT number_id FROM leases WHERE pool = wanted.name AND ",
        stock!(),
        " ORDER BY purchased_at, number_id LIMIT $1)
                 UNION ALL
                 (SELECT number_id FROM leases WHERE pool = wanted.name AND user_id IS NULL AND NOT ready ORDER BY number_id)) l
           JOIN numbers n ON n.id = l.number_id WHERE n.missing_since IS NULL
          ORDER BY n.ready DESC, n.purchased_at, n.id LIMIT $1",
    ))
    .bind::<BigInt, _>(limit)
    .bind::<Array<Text>, _>(names)
    .load(conn)?)
}
