//! Numbers of the account that are not ours.
//!
//! How to get it wrong: forgetting one that is gone. It was charged while it was there, and explains a difference long after.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Date, Nullable, Text, Timestamptz};

use super::records::day_of;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::money::Month;
use crate::domain::{CountryCode, NumberSid, NumberType, PhoneNumber};

/// A number that Twilio's list showed, and that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignSeen {
    /// Twilio's.
    pub sid: NumberSid,
    /// In E.164.
    pub phone_number: PhoneNumber,
    /// Its country.
    pub country: CountryCode,
    /// Its type.
    pub number_type: NumberType,
    /// When it was bought.
    pub date_created: DateTime<Utc>,
}

/// Writes down what a comparison that began then judged foreign.
///
/// # Errors
/// When PostgreSQL fails.
pub fn foreign_numbers_seen(conn: &mut Connection, began: DateTime<Utc>, seen: &[ForeignSeen]) -> Result<(), DbError> {
    let mut seen: Vec<&ForeignSeen> = seen.iter().collect();
    // Everybody writes in the same order, else two instances would deadlock.
    seen.sort_by(|one, other| one.sid.as_str().cmp(other.sid.as_str()));
    seen.dedup_by(|one, other| one.sid == other.sid);
    sql_query(
        "INSERT INTO foreign_numbers AS f (sid, phone_number, country, number_type, date_created, first_seen_at, last_seen_at)
         SELECT sid, phone_number, country, number_type, date_created, $6, $6
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
                AS seen (sid, phone_number, country, number_type, date_created)
         ON CONFLICT (sid) DO UPDATE SET last_seen_at = greatest(f.last_seen_at, EXCLUDED.last_seen_at), gone_at = NULL",
    )
    .bind::<Array<Text>, _>(seen.iter().map(|number| number.sid.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(seen.iter().map(|number| number.phone_number.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(seen.iter().map(|number| number.country.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(seen.iter().map(|number| number.number_type.as_str()).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(seen.iter().map(|number| number.date_created).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(began)
    .execute(conn)?;
    Ok(())
}

/// A comparison that began then came to its end: what it did not show is gone, and what went 25 months ago is forgotten.
///
/// # Errors
/// When PostgreSQL fails.
pub fn foreign_gone(conn: &mut Connection, began: DateTime<Utc>) -> Result<(), DbError> {
    sql_query("UPDATE foreign_numbers SET gone_at = $1 WHERE gone_at IS NULL AND last_seen_at < $1")
        .bind::<Timestamptz, _>(began)
        .execute(conn)?;
    sql_query("DELETE FROM foreign_numbers WHERE gone_at < clock_timestamp() - interval '25 months'").execute(conn)?;
    Ok(())
}

/// A foreign number.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ForeignRow {
    /// In E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// Its type.
    #[diesel(sql_type = Nullable<Text>)]
    pub number_type: Option<NumberType>,
    /// When it was bought.
    #[diesel(sql_type = Timestamptz)]
    pub date_created: DateTime<Utc>,
    /// When a comparison first lacked it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub gone_at: Option<DateTime<Utc>>,
}

impl ForeignRow {
    /// The day of its purchase.
    #[must_use]
    pub fn bought_on(&self) -> NaiveDate {
        day_of(self.date_created)
    }

    /// The first day that it was not there any more.
    #[must_use]
    pub fn until(&self) -> Option<NaiveDate> {
        self.gone_at.and_then(|at| day_of(at).succ_opt())
    }
}

/// Those that were there in a month, so many at most.
///
/// # Errors
/// When PostgreSQL fails.
pub fn foreign_numbers_of(conn: &mut Connection, month: Month, limit: i64) -> Result<Vec<ForeignRow>, DbError> {
    Ok(sql_query(
        "SELECT phone_number, country, number_type, date_created, gone_at FROM foreign_numbers
          WHERE (date_created AT TIME ZONE 'UTC')::date <= $2 AND (gone_at IS NULL OR (gone_at AT TIME ZONE 'UTC')::date >= $1)
            AND number_type IS DISTINCT FROM 'national'
            -- What was taken in since explains its own time.
            AND NOT EXISTS (SELECT FROM numbers n WHERE n.sid = foreign_numbers.sid)
          ORDER BY phone_number LIMIT $3",
    )
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.last())
    .bind::<diesel::sql_types::BigInt, _>(limit)
    .load(conn)?)
}

/// Which of these we know as ours or as foreign.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sids_known(conn: &mut Connection, sids: &[String]) -> Result<Vec<String>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        sid: String,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT sid FROM numbers WHERE sid = ANY ($1) UNION SELECT sid FROM foreign_numbers WHERE sid = ANY ($1)",
    )
    .bind::<Array<Text>, _>(sids)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.sid).collect())
}
