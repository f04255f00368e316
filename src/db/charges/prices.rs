//! Prices as they were seen, one for each day and kind, and the amounts that follow from them.
//!
//! Invariant: a charge is priced by the last day before it, and only where there is none by the last that was seen at all.
//! How to get it wrong: pricing what is priced already. A price that rises would raise last year's cost.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Date, Numeric, Text};
use rust_decimal::Decimal;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::money::Amount;
use crate::domain::{CountryCode, Kind, NumberType};

#[derive(QueryableByName)]
struct KindRow {
    #[diesel(sql_type = Text)]
    country: CountryCode,
    #[diesel(sql_type = Text)]
    number_type: NumberType,
}

/// A price as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPrice {
    /// Of what.
    pub kind: Kind,
    /// On which day.
    pub day: NaiveDate,
    /// A month of it.
    pub monthly: Amount,
}

/// Of these kinds, and of those of numbers that are owned or of charges without an amount, those whose price of today nobody saw.
///
/// # Errors
/// When PostgreSQL fails.
pub fn kinds_without_price(conn: &mut Connection, configured: &[Kind]) -> Result<Vec<Kind>, DbError> {
    let rows: Vec<KindRow> = sql_query(
        "SELECT k.country, k.number_type
           FROM (SELECT * FROM unnest($1::text[], $2::text[]) AS configured (country, number_type)
                 UNION SELECT n.country, n.number_type FROM numbers n WHERE n.status <> 'released'
                 UNION SELECT c.country, c.number_type FROM charges c WHERE c.amount IS NULL) AS k
          WHERE NOT EXISTS (SELECT FROM prices_seen p WHERE p.country = k.country AND p.number_type = k.number_type
                               AND p.day = (clock_timestamp() AT TIME ZONE 'UTC')::date)
          ORDER BY k.country, k.number_type",
    )
    .bind::<Array<Text>, _>(configured.iter().map(|kind| kind.country.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(configured.iter().map(|kind| kind.number_type.as_str()).collect::<Vec<_>>())
    .load(conn)?;
    Ok(rows.into_iter().map(|KindRow { country, number_type }| Kind { country, number_type }).collect())
}

/// Writes down what a number of a kind costs today.
///
/// # Errors
/// When PostgreSQL fails.
pub fn price_write(conn: &mut Connection, kind: Kind, monthly: &Amount) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO prices_seen (country, number_type, day, monthly, currency)
         VALUES ($1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, $3, $4)
         ON CONFLICT (country, number_type, day) DO UPDATE SET monthly = EXCLUDED.monthly, currency = EXCLUDED.currency",
    )
    .bind::<Text, _>(kind.country.as_str())
    .bind::<Text, _>(kind.number_type.as_str())
    .bind::<Numeric, _>(monthly.amount)
    .bind::<Text, _>(&monthly.currency)
    .execute(conn)?;
    Ok(())
}

/// The first day that a price was seen on: since then the books are kept.
///
/// # Errors
/// When PostgreSQL fails.
pub fn books_since(conn: &mut Connection) -> Result<Option<NaiveDate>, DbError> {
    #[derive(QueryableByName)]
    struct Since {
        #[diesel(sql_type = diesel::sql_types::Nullable<Date>)]
        day: Option<NaiveDate>,
    }
    Ok(sql_query("SELECT min(day) AS day FROM prices_seen").get_result::<Since>(conn)?.day)
}

/// Each kind's price as it was last seen.
///
/// # Errors
/// When PostgreSQL fails.
pub fn prices_latest(conn: &mut Connection) -> Result<Vec<KindPrice>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        country: CountryCode,
        #[diesel(sql_type = Text)]
        number_type: NumberType,
        #[diesel(sql_type = Date)]
        day: NaiveDate,
        #[diesel(sql_type = Numeric)]
        monthly: Decimal,
        #[diesel(sql_type = Text)]
        currency: String,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT DISTINCT ON (country, number_type) country, number_type, day, monthly, currency
           FROM prices_seen ORDER BY country, number_type, day DESC",
    )
    .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|Row { country, number_type, day, monthly, currency }| KindPrice {
            kind: Kind { country, number_type },
            day,
            monthly: Amount { amount: monthly, currency },
        })
        .collect())
}

/// Prices at most `limit` charges whose amount nobody knew; how many it priced.
///
/// # Errors
/// When PostgreSQL fails.
pub fn charges_price(conn: &mut Connection, limit: i64) -> Result<usize, DbError> {
    Ok(sql_query(
        // Worked out once: whoever knows nothing of the table yet would work it out anew for each charge.
        "WITH p AS MATERIALIZED (
                 SELECT u.number_id, u.charged_on, s.monthly, s.currency, s.source
                   FROM (SELECT number_id, charged_on, country, number_type FROM charges
                          WHERE amount IS NULL ORDER BY number_id, charged_on) u
                  CROSS JOIN LATERAL (
                        SELECT monthly, currency, CASE WHEN day < u.charged_on THEN 'seen' ELSE 'today' END AS source
                          FROM prices_seen
                         WHERE country = u.country AND number_type = u.number_type
                         -- The last day before the charge; where there is none, the last of all.
                         ORDER BY day < u.charged_on DESC, day DESC LIMIT 1) s
                  LIMIT $1)
         UPDATE charges c SET amount = p.monthly, currency = p.currency, price_source = p.source FROM p
          WHERE c.number_id = p.number_id AND c.charged_on = p.charged_on AND c.amount IS NULL",
    )
    .bind::<diesel::sql_types::BigInt, _>(limit)
    .execute(conn)?)
}
