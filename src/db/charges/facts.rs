//! What explains that Twilio's count of a month is another than ours.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text};
use rust_decimal::Decimal;

use super::sums::Count;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::money::Month;
use crate::domain::{CountryCode, NumberType, PhoneNumber};

/// How many of our charges that Twilio counts lie on the first or the last day of a month.
///
/// # Errors
/// When PostgreSQL fails.
pub fn charged_uncertainly(conn: &mut Connection, month: Month) -> Result<i64, DbError> {
    let count: Count =
        sql_query("SELECT count(*) AS count FROM charges WHERE charged_on IN ($1, $2) AND number_type <> 'national'")
            .bind::<Date, _>(month.first())
            .bind::<Date, _>(month.last())
            .get_result(conn)?;
    Ok(count.count)
}

/// What a charge of a month that Twilio counts costs as a rule: the amount that most have.
///
/// # Errors
/// When PostgreSQL fails.
pub fn unit_of(conn: &mut Connection, month: Month) -> Result<Option<Decimal>, DbError> {
    #[derive(QueryableByName)]
    struct Unit {
        #[diesel(sql_type = Numeric)]
        amount: Decimal,
    }
    let unit: Option<Unit> = sql_query(
        "SELECT amount FROM charges WHERE charged_on BETWEEN $1 AND $2 AND amount IS NOT NULL AND number_type <> 'national'
          GROUP BY amount ORDER BY count(*) DESC, amount LIMIT 1",
    )
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.last())
    .get_result(conn)
    .optional()?;
    Ok(unit.map(|unit| unit.amount))
}

/// A number that the account had before it was ours.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct TakenIn {
    /// In E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// Its type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
    /// The day of its purchase.
    #[diesel(sql_type = Date)]
    pub bought_on: NaiveDate,
    /// The day from which its charges are counted elsewhere, or not at all; `None` = it goes on.
    #[diesel(sql_type = Nullable<Date>)]
    pub until: Option<NaiveDate>,
}

/// Those that Twilio may have charged in a month before they were ours, so many at most.
///
/// # Errors
/// When PostgreSQL fails.
pub fn taken_in(conn: &mut Connection, month: Month, limit: i64) -> Result<Vec<TakenIn>, DbError> {
    Ok(sql_query(
        "SELECT n.phone_number, n.country, n.number_type, c.bought_on, c.ours_from AS until
           FROM charge_clocks c JOIN numbers n ON n.id = c.number_id
          WHERE c.ours_from > c.bought_on AND c.ours_from > $1 AND c.bought_on <= $2 AND n.number_type <> 'national'
          ORDER BY n.phone_number LIMIT $3",
    )
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.last())
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
