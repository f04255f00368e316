//! Which numbers care is for: what rests too long, what is not ready, and what an operator's word may touch.
//!
//! How to get it wrong: caring for what is on hold or leaving. Whoever decides about it has not decided yet.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};

use super::row::NumberRow;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::{leases, numbers};
use crate::domain::{PoolName, QuarantineReason};

/// Live numbers to look after, in the order they came, from above `after`; `only` restricts them. Those that are on hold, or
/// leaving, are nobody's to touch.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for(
    conn: &mut Connection,
    only: Option<&[String]>,
    after: i64,
    limit: i64,
) -> Result<Vec<NumberRow>, DbError> {
    let mut query = cared_for().filter(numbers::id.gt(after)).order(numbers::id).limit(limit).into_boxed();
    if let Some(only) = only {
        query = query.filter(numbers::phone_number.eq_any(only));
    }
    Ok(query.load(conn)?)
}

/// The same among those with these SIDs.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for_by_sid(conn: &mut Connection, sids: &[&str]) -> Result<Vec<NumberRow>, DbError> {
    Ok(cared_for().filter(numbers::sid.eq_any(sids)).load(conn)?)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn cared_for() -> _ {
    let columns: diesel::dsl::AsSelect<NumberRow, diesel::pg::Pg> = NumberRow::as_select();
    numbers::table
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::quarantine_reason.is_null().or(numbers::quarantine_reason.eq("released")))
        .select(columns)
}

/// A live number of ours that is not to be touched.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Untouchable {
    /// E.164.
    pub phone_number: String,
    /// Why it is on hold, or that it is leaving.
    pub hold: Option<QuarantineReason>,
    /// Its pool.
    pub pool: PoolName,
}

/// Those among `only` that [`numbers_cared_for`] leaves out: on hold, leaving, or missing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_untouchable(conn: &mut Connection, only: &[String]) -> Result<Vec<Untouchable>, DbError> {
    let hold = diesel::dsl::sql::<Nullable<Text>>("nullif(quarantine_reason, 'released')");
    Ok(numbers::table
        .filter(numbers::phone_number.eq_any(only))
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_not_null().or(numbers::quarantine_reason.ne("released")))
        .select((numbers::phone_number, hold, numbers::pool))
        .load(conn)?)
}

/// Numbers whose rest is over, the earliest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_rested(conn: &mut Connection, limit: i64) -> Result<Vec<NumberRow>, DbError> {
    Ok(numbers::table
        .filter(numbers::status.eq("quarantined"))
        .filter(numbers::quarantine_reason.eq("released"))
        .filter(numbers::missing_since.is_null())
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("quarantined_until <= clock_timestamp()"))
        .order(numbers::quarantined_until)
        .limit(limit)
        .select(NumberRow::as_select())
        .load(conn)?)
}

/// Numbers in the pool that cannot be assigned because of their webhooks, and that a repair may help: first those not in
/// `last`, then those in its order; none of `resting`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_unready(
    conn: &mut Connection,
    last: &[i64],
    resting: &[i64],
    limit: i64,
) -> Result<Vec<NumberRow>, DbError> {
    Ok(numbers::table
        .inner_join(leases::table.on(leases::number_id.eq(numbers::id)))
        .filter(leases::user_id.is_null())
        .filter(leases::ready.eq(false))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::webhook_status.eq_any(["drifted", "pending"]))
        .filter(numbers::id.ne_all(resting))
        .order((
            diesel::dsl::sql::<Nullable<Integer>>("array_position(")
                .bind::<Array<BigInt>, _>(last)
                .sql(", numbers.id) NULLS FIRST"),
            numbers::id,
        ))
        .limit(limit)
        .select(NumberRow::as_select())
        .load(conn)?)
}
