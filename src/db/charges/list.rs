//! The charges one by one: what a sum of them adds up, and those of one number.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text, Timestamptz};
use rust_decimal::Decimal;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::slice::Slice;
use crate::domain::money::{ChargeKind, Month, PriceSource};
use crate::domain::{CountryCode, NumberType, PhoneNumber, PoolName};

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ChargeRow {
    /// The number's row.
    #[diesel(sql_type = BigInt)]
    pub number_id: i64,
    /// In E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// When.
    #[diesel(sql_type = Date)]
    pub charged_on: NaiveDate,
    /// Why.
    #[diesel(sql_type = Text)]
    pub what: ChargeKind,
    /// Its pool on that day.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Its country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// Its type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
    /// What it cost; `None` = not known.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub amount: Option<Decimal>,
    /// ISO 4217.
    #[diesel(sql_type = Nullable<Text>)]
    pub currency: Option<String>,
    /// Where that is from.
    #[diesel(sql_type = Nullable<Text>)]
    pub price_source: Option<PriceSource>,
}

/// What names a charge: its day and its number's row, `20261015-17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeKey {
    /// Its day.
    pub charged_on: NaiveDate,
    /// The number's row.
    pub number_id: i64,
}

impl fmt::Display for ChargeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.charged_on.format("%Y%m%d"), self.number_id)
    }
}

impl FromStr for ChargeKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('-').and_then(|(day, number)| {
            let charged_on = NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
            Some(Self { charged_on, number_id: number.parse().ok()? })
        });
        parts.ok_or_else(|| format!("{text:?} names no charge"))
    }
}

/// Which charges are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChargeFilter {
    /// Only those of this month.
    pub month: Option<Month>,
    /// Only those of this pool.
    pub pool: Option<PoolName>,
    /// Only those of this number.
    pub phone_number: Option<PhoneNumber>,
}

/// A page of the charges, the latest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn charges_list(
    conn: &mut Connection,
    filter: &ChargeFilter,
    slice: Slice<ChargeKey>,
    limit: i64,
) -> Result<Vec<ChargeRow>, DbError> {
    let (than, direction) = slice.reading(true);
    let outermost = ChargeKey { charged_on: filter.month.map_or(LAST_DAY, Month::last), number_id: i64::MAX };
    let key = slice.key().unwrap_or(outermost);
    let rows = sql_query(format!(
        "SELECT c.number_id, n.phone_number, c.charged_on, c.what, c.pool, c.country, c.number_type, c.amount, c.currency, c.price_source
           FROM charges c JOIN numbers n ON n.id = c.number_id
          WHERE (c.charged_on, c.number_id) {than} ($1, $2) AND ($3 IS NULL OR c.charged_on BETWEEN $3 AND $4)
            AND ($5 IS NULL OR c.pool = $5) AND ($6 IS NULL OR n.phone_number = $6)
          ORDER BY c.charged_on {direction}, c.number_id {direction} LIMIT $7"
    ))
    .bind::<Date, _>(key.charged_on)
    .bind::<BigInt, _>(key.number_id)
    .bind::<Nullable<Date>, _>(filter.month.map(Month::first))
    .bind::<Nullable<Date>, _>(filter.month.map(Month::last))
    .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
    .bind::<Nullable<Text>, _>(filter.phone_number.as_ref().map(PhoneNumber::as_str))
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    Ok(slice.in_order(rows))
}

/// Later than any charge, and a day for PostgreSQL.
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("it is a day");

/// What is known of one number's money.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberMoney {
    /// Its last charges, the latest first.
    pub charges: Vec<ChargeRow>,
    /// When it is charged next; `None` = never again, or it is missing.
    pub next_on: Option<NaiveDate>,
}

/// Reads that, with so many charges at most.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_money(conn: &mut Connection, number_id: i64, limit: i64) -> Result<NumberMoney, DbError> {
    #[derive(QueryableByName)]
    struct Clock {
        #[diesel(sql_type = Nullable<Date>)]
        next_on: Option<NaiveDate>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        left_at: Option<DateTime<Utc>>,
    }
    let charges = sql_query(
        "SELECT c.number_id, n.phone_number, c.charged_on, c.what, c.pool, c.country, c.number_type, c.amount, c.currency, c.price_source
           FROM charges c JOIN numbers n ON n.id = c.number_id
          WHERE c.number_id = $1 ORDER BY c.charged_on DESC LIMIT $2",
    )
    .bind::<BigInt, _>(number_id)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let clock: Option<Clock> = sql_query(
        "SELECT c.next_on, c.left_at FROM charge_clocks c JOIN numbers n ON n.id = c.number_id WHERE c.number_id = $1 AND n.missing_since IS NULL",
    )
        .bind::<BigInt, _>(number_id)
        .get_result(conn)
        .optional()?;
    let next_on = clock.filter(|clock| clock.left_at.is_none()).and_then(|clock| clock.next_on);
    Ok(NumberMoney { charges, next_on })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_named_by_its_day_and_number() {
        let key = ChargeKey { charged_on: "2026-10-05".parse().unwrap(), number_id: 17 };
        assert_eq!(key.to_string(), "20261005-17");
        assert_eq!("20261005-17".parse(), Ok(key));
        for odd in ["", "17", "20261305-1", "2026-10-05", "20261005-x"] {
            assert!(odd.parse::<ChargeKey>().is_err(), "{odd}");
        }
    }
}
