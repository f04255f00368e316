//! What custody asks of the database: numbers taken in ([`intake`], [`adoption`]), given back ([`releases`], [`outcome`]),
//! or not to be heard of ([`ignored`]).
//!
//! Invariants: what is ours is so by its SID in `numbers`, from the first commit on; a number with a user never leaves;
//! whoever changes a number's place locks its row first, so that a signup and an operator never both get it.
//! How to get it wrong: deciding on a row that was read before it was locked.

pub mod adoption;
pub mod ignored;
pub mod intake;
pub mod outcome;
pub mod releases;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::engine::connection::Connection;
use super::engine::error::DbError;
use crate::domain::{NumberSid, NumberStatus, PhoneNumber, QuarantineReason, UserId};

/// A number of ours, as far as its custody goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Ours.
    pub id: i64,
    /// Twilio's.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// Never `Missing`; see `missing`.
    pub status: NumberStatus,
    /// Why it rests, if it does.
    pub reason: Option<QuarantineReason>,
    /// Whether Twilio no longer lists it.
    pub missing: bool,
    /// Whether the next signup may get it.
    pub ready: bool,
    /// The ledger's item, which its tag names.
    pub item_id: Option<Uuid>,
    /// Whose it is.
    pub user_id: Option<UserId>,
}

#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    sid: String,
    #[diesel(sql_type = Text)]
    phone_number: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Bool)]
    missing: bool,
    #[diesel(sql_type = Bool)]
    ready: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    item_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
}

impl TryFrom<HeldRow> for Held {
    type Error = DbError;

    fn try_from(row: HeldRow) -> Result<Self, DbError> {
        let corrupt = DbError::corrupt("number");
        let user_id = row.user_id.map(|user| user.parse()).transpose();
        Ok(Self {
            id: row.id,
            sid: row.sid.parse().map_err(|_| corrupt("its SID is not one".to_owned()))?,
            phone_number: row.phone_number.parse().map_err(|_| corrupt("it is not E.164".to_owned()))?,
            status: row.status.parse().map_err(&corrupt)?,
            reason: row.reason.map(|reason| reason.parse()).transpose().map_err(&corrupt)?,
            missing: row.missing,
            ready: row.ready,
            item_id: row.item_id,
            user_id: user_id.map_err(|_| corrupt("its user_id is not one".to_owned()))?,
        })
    }
}

const HELD: &str = "
    SELECT n.id, n.sid, n.phone_number, n.status, n.quarantine_reason AS reason, n.missing_since IS NOT NULL AS missing,
           n.ready, n.purchase_item_id AS item_id, a.user_id
      FROM numbers n LEFT JOIN assignments a ON a.number_id = n.id AND a.released_at IS NULL";

/// The number of ours with this E.164: the live one, else the last that was given back.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_held(conn: &mut Connection, number: &PhoneNumber) -> Result<Option<Held>, DbError> {
    let row: Option<HeldRow> =
        // Two look-ups, because the live number and those that left have an index each.
        sql_query(format!(
            "(SELECT held.*, false AS has_left FROM ({HELD} WHERE n.phone_number = $1 AND n.status <> 'released') AS held)
             UNION ALL
             (SELECT held.*, true FROM ({HELD} WHERE n.phone_number = $1 AND n.status = 'released' ORDER BY n.id DESC LIMIT 1) AS held)
             ORDER BY has_left LIMIT 1"
        ))
            .bind::<Text, _>(number.as_str())
            .get_result(conn)
            .optional()?;
    row.map(Held::try_from).transpose()
}

/// The live numbers of ours among `numbers`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_held(conn: &mut Connection, numbers: &[String]) -> Result<Vec<Held>, DbError> {
    let rows: Vec<HeldRow> =
        sql_query(format!("{HELD} WHERE n.phone_number = ANY($1) AND n.status <> 'released' ORDER BY n.id"))
            .bind::<Array<Text>, _>(numbers)
            .load(conn)?;
    rows.into_iter().map(Held::try_from).collect()
}

/// Locks a number's row until the transaction ends, and reads it as it is then. A user who comes or goes changes the row
/// too, so the user read afterwards is the one it has.
fn number_lock(conn: &mut Connection, id: i64) -> Result<Held, DbError> {
    sql_query("SELECT 1 FROM numbers WHERE id = $1 FOR UPDATE").bind::<BigInt, _>(id).execute(conn)?;
    let row: HeldRow = sql_query(format!("{HELD} WHERE n.id = $1")).bind::<BigInt, _>(id).get_result(conn)?;
    row.try_into()
}

/// Why a number rests, as the API shows it beside the number's line.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_quarantine_reason(conn: &mut Connection, id: i64) -> Result<Option<String>, DbError> {
    use super::engine::schema::numbers;
    Ok(numbers::table.find(id).select(numbers::quarantine_reason).first(conn)?)
}
