//! How soon bought numbers could be handed out, how fast they were sold, and what the caps have left.
//!
//! How to get it wrong: measuring only those that are ready. The slowest are not.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;

/// What a pool's purchases of the last seven days say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Market {
    /// From the intent until the number was ready, in milliseconds; those that are not count at their age.
    pub leads_ms: Vec<i64>,
    /// How many were bought in a second of a busy order.
    pub per_second: Option<f64>,
}

/// When an item's number was ready first. Of one from before that was written down: when it came, if it is ready by now or somebody's.
/// What is not ready yet counts as ready now.
const READY_AT: &str = "CASE WHEN f.at IS NOT NULL THEN f.at
          WHEN i.state <> 'bought' OR (n.status = 'active' AND NOT n.ready) THEN clock_timestamp()
          ELSE i.ended_at END";

/// Reads it, pool by pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn market_read(conn: &mut Connection) -> Result<BTreeMap<PoolName, Market>, DbError> {
    #[derive(QueryableByName)]
    struct Leads {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Array<BigInt>)]
        leads: Vec<i64>,
    }
    #[derive(QueryableByName)]
    struct Rate {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Nullable<Double>)]
        per_second: Option<f64>,
    }
    let leads: Vec<Leads> = sql_query(format!(
        "SELECT i.pool, array_agg((extract(epoch FROM {READY_AT} - i.intended_at) * 1000)::bigint) AS leads
           FROM purchase_items i LEFT JOIN numbers n ON n.purchase_item_id = i.id
                LEFT JOIN first_ready f ON f.number_id = n.id
          WHERE i.spends AND i.state IN ('sent', 'unknown', 'bought')
            AND i.intended_at > statement_timestamp() - interval '7 days'
          GROUP BY i.pool"
    ))
    .load(conn)?;
    let rates: Vec<Rate> = sql_query(
        "SELECT pool, percentile_cont(0.5) WITHIN GROUP (ORDER BY rate) AS per_second
           FROM (SELECT pool, count(*) / greatest(extract(epoch FROM max(ended_at) - min(intended_at))::float8, 0.001) AS rate
                   FROM purchase_items
                  WHERE spends AND state = 'bought' AND intended_at > statement_timestamp() - interval '7 days'
                  GROUP BY pool, purchase_id HAVING count(*) >= 5) AS busy
          GROUP BY pool",
    )
    .load(conn)?;
    let mut markets: BTreeMap<PoolName, Market> =
        leads.into_iter().map(|Leads { pool, leads }| (pool, Market { leads_ms: leads, per_second: None })).collect();
    for Rate { pool, per_second } in rates {
        markets.entry(pool).or_default().per_second = per_second;
    }
    Ok(markets)
}

/// When what counts against the caps was bought in the last day, in milliseconds, pool by pool and in order.
pub type BoughtLately = BTreeMap<PoolName, Vec<i64>>;

/// Reads it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn bought_lately(conn: &mut Connection) -> Result<BoughtLately, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Array<BigInt>)]
        at: Vec<i64>,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT pool, array_agg((extract(epoch FROM intended_at) * 1000)::bigint ORDER BY intended_at) AS at
           FROM purchase_items
          WHERE spends AND (doubted OR state NOT IN ('taken', 'not_bought'))
            AND intended_at > statement_timestamp() - interval '1 day'
          GROUP BY pool",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.pool, row.at)).collect())
}
