//! Who is on hold, and where the numbers stand now that a report told of a while ago.
//!
//! How to get it wrong: telling of a number that was taken in a moment ago: whoever adopts it may still be at it. Or asking by
//! the number alone: one that was given back and bought by somebody else is another one.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::places::ON_HOLD;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{PhoneNumber, PoolName, QuarantineReason};

/// A number that has been on hold for long.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NumberOnHold {
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: QuarantineReason,
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
}

/// Numbers that have been on hold for longer than ten minutes, the oldest first, at most `limit`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_held_long(conn: &mut Connection, limit: i64) -> Result<Vec<NumberOnHold>, DbError> {
    Ok(sql_query(format!(
        "SELECT phone_number, quarantine_reason AS reason, pool FROM numbers
          WHERE {ON_HOLD} AND coalesce(held_since, '-infinity') < clock_timestamp() - interval '10 minutes'
          ORDER BY id LIMIT $1"
    ))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// Where a number stands that a report names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandsNow {
    /// On hold, by its E.164; and whether Twilio has lost it.
    OnHold(String, QuarantineReason, bool),
    /// Somebody's, with another environment's tag on it, by its E.164.
    Tagged(String),
    /// Ours by now, by its SID.
    Ours(String),
    /// Ignored by now, by its SID.
    Ignored(String),
}

/// Those of `numbers` that are on hold now or, being somebody's, carry another environment's tag, and those of the strangers (`sids` under `foreign`, in the same order) that are
/// ours or ignored by now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_stand_now(
    conn: &mut Connection,
    numbers: &[&str],
    foreign: &[&str],
    sids: &[&str],
) -> Result<Vec<StandsNow>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Nullable<Text>)]
        hold: Option<QuarantineReason>,
        #[diesel(sql_type = Bool)]
        missing: bool,
        #[diesel(sql_type = Bool)]
        ours: bool,
        #[diesel(sql_type = Bool)]
        tagged: bool,
    }
    let rows: Vec<Row> = sql_query(format!(
        "SELECT phone_number AS name, quarantine_reason AS hold, missing_since IS NOT NULL AS missing, true AS ours,
                false AS tagged
           FROM numbers WHERE phone_number = ANY($1) AND {ON_HOLD}
         UNION ALL
         SELECT n.phone_number, NULL, false, true, true
           FROM numbers n JOIN leases l ON l.number_id = n.id AND l.user_id IS NOT NULL
          WHERE n.phone_number = ANY($1) AND n.status <> 'released' AND n.another_tag_since IS NOT NULL
            AND n.missing_since IS NULL
         UNION ALL
         SELECT sid, NULL, false, true, false FROM numbers WHERE sid = ANY($3)
         UNION ALL
         SELECT i.sid, NULL, false, false, false
           FROM unnest($2, $3) AS told (phone_number, sid)
           JOIN ignored_numbers i ON i.phone_number = told.phone_number AND i.sid = told.sid"
    ))
    .bind::<Array<Text>, _>(numbers)
    .bind::<Array<Text>, _>(foreign)
    .bind::<Array<Text>, _>(sids)
    .load(conn)?;
    let stands = |row: Row| match (row.hold, row.ours) {
        (Some(reason), _) => StandsNow::OnHold(row.name, reason, row.missing),
        (None, true) if row.tagged => StandsNow::Tagged(row.name),
        (None, true) => StandsNow::Ours(row.name),
        (None, false) => StandsNow::Ignored(row.name),
    };
    Ok(rows.into_iter().map(stands).collect())
}
