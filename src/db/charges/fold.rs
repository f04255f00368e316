//! Old charges become sums of their months.
//!
//! Invariant: what is deleted is added in the same statement; an amount that was never known stays apart from those that were.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Date;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// Folds the charges of the oldest month that lies before this day, which is the first of a month; how many there were.
///
/// # Errors
/// When PostgreSQL fails.
pub fn charges_fold(conn: &mut Connection, before: NaiveDate) -> Result<i64, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        folded: i64,
    }
    let row: Row = sql_query(
        "WITH oldest AS (SELECT date_trunc('month', min(charged_on))::date AS month FROM charges WHERE charged_on < $1),
              gone AS (DELETE FROM charges c USING oldest o
                        WHERE c.charged_on >= o.month AND c.charged_on < o.month + interval '1 month'
                    RETURNING o.month, c.pool, c.country, c.number_type, c.what, c.amount, c.currency),
              told AS (INSERT INTO charge_months AS m (month, pool, country, number_type, currency, purchases, renewals, amount)
                       SELECT month, pool, country, number_type, coalesce(currency, ''), count(*) FILTER (WHERE what = 'purchase'),
                              count(*) FILTER (WHERE what = 'renewal'), sum(amount)
                         FROM gone GROUP BY month, pool, country, number_type, coalesce(currency, '')
                        ORDER BY month, pool, country, number_type
                       ON CONFLICT (month, pool, country, number_type, currency) DO UPDATE
                          SET purchases = m.purchases + EXCLUDED.purchases, renewals = m.renewals + EXCLUDED.renewals,
                              amount = m.amount + EXCLUDED.amount)
         SELECT count(*) AS folded FROM gone",
    )
    .bind::<Date, _>(before)
    .get_result(conn)?;
    Ok(row.folded)
}
